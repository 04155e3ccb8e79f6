#include "ui/panels/LabelsPanel.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/document/LabelName.h"
#include "ui/panels/Widgets.h"
#include "ui/style/Fonts.h"
#include "ui/style/Icons.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <QSlider>
#include <QVBoxLayout>

namespace icmoe::ui {

namespace {

constexpr int kRow = 31;
constexpr int kIcon = 16;

QIcon swatchIcon(LabelId id)
{
    QPixmap pixmap(36, 36);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    const Colour c = paletteColour(id);
    painter.scale(2, 2);
    paintSwatch(painter, QRectF(1, 1, 16, 16), QColor(c.red, c.green, c.blue), id);
    return QIcon(pixmap);
}

} // namespace

LabelDelegate::LabelDelegate(AnnotationDocument& document, QObject* parent)
    : QStyledItemDelegate(parent)
    , m_document(document)
{
}

QRect LabelDelegate::eyeRect(const QRect& row)
{
    return {row.right() - 52, row.top(), 26, row.height()};
}

QRect LabelDelegate::lockRect(const QRect& row)
{
    return {row.right() - 26, row.top(), 26, row.height()};
}

QSize LabelDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const
{
    return {100, kRow};
}

void LabelDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const Tokens& t = tokens();
    const bool active = index.data(LabelTableModel::activeRole).toBool();
    const bool hovered = option.state.testFlag(QStyle::State_MouseOver);
    const QRect row = option.rect.adjusted(0, 0, 0, -1);
    paintRowBackground(*painter, row, active, hovered);
    paintSwatch(*painter, QRectF(row.left() + 8, row.center().y() - 8, 18, 18),
                index.data(LabelTableModel::colourRole).value<QColor>(),
                index.data(LabelTableModel::labelRole).toInt());

    const auto centred = [](const QRect& cell) {
        return QRectF(cell.left() + (cell.width() - kIcon) / 2.0, cell.top() + (cell.height() - kIcon) / 2.0, kIcon,
                      kIcon);
    };
    const bool visible = index.data(LabelTableModel::visibleRole).toBool();
    const bool locked = index.data(LabelTableModel::lockedRole).toBool();
    paintIcon(*painter, visible ? QStringLiteral("eye") : QStringLiteral("eye-off"), centred(eyeRect(row)),
              visible ? t.text2 : t.text3);
    if (locked || hovered) {
        paintIcon(*painter, locked ? QStringLiteral("lock") : QStringLiteral("unlock"), centred(lockRect(row)),
                  locked ? t.text2 : t.text3);
    }

    const QString volume = index.data(LabelTableModel::volumeRole).toString();
    const int volumeWidth = QFontMetrics(font(FontRole::body)).horizontalAdvance(volume) + 2;
    const QRect volumeCell(eyeRect(row).left() - volumeWidth - 4, row.top(), volumeWidth, row.height());
    const bool empty = volume == LabelTableModel::tr("empty");
    paintText(*painter, volumeCell, volume, font(FontRole::body), empty ? t.text3 : t.text2,
              Qt::AlignRight | Qt::AlignVCenter);

    const QFont nameFont = font(active ? FontRole::heading : FontRole::body);
    QRect name(row.left() + 36, row.top(), volumeCell.left() - row.left() - 44, row.height());
    if (index.data(LabelTableModel::previewRole).toBool()) {
        const QString preview = LabelTableModel::tr("preview");
        const int width = QFontMetrics(font(FontRole::hint)).horizontalAdvance(preview) + 2;
        const int nameWidth =
            std::min(QFontMetrics(nameFont).horizontalAdvance(index.data().toString()) + 2, name.width() - width - 8);
        paintText(*painter, QRect(name.left() + nameWidth + 8, name.top(), width, name.height()), preview,
                  font(FontRole::hint), t.text2);
        name.setWidth(nameWidth);
    }
    paintText(*painter, name, index.data().toString(), nameFont, visible ? t.text : t.text3);
}

bool LabelDelegate::editorEvent(QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem& option,
                                const QModelIndex& index)
{
    if (event->type() == QEvent::MouseButtonPress || event->type() == QEvent::MouseButtonDblClick) {
        const auto* mouse = static_cast<QMouseEvent*>(event);
        const QPoint at = mouse->position().toPoint();
        const int label = index.data(LabelTableModel::labelRole).toInt();
        if (mouse->button() == Qt::LeftButton && eyeRect(option.rect).contains(at)) {
            m_document.setLabelVisible(label, !index.data(LabelTableModel::visibleRole).toBool());
            return true;
        }
        if (mouse->button() == Qt::LeftButton && lockRect(option.rect).contains(at)) {
            m_document.setLabelLocked(label, !index.data(LabelTableModel::lockedRole).toBool());
            return true;
        }
    }
    return QStyledItemDelegate::editorEvent(event, model, option, index);
}

QWidget* LabelDelegate::createEditor(QWidget* parent, const QStyleOptionViewItem& option,
                                     const QModelIndex& index) const
{
    QWidget* editor = QStyledItemDelegate::createEditor(parent, option, index);
    editor->setAccessibleName(
        LabelTableModel::tr("Name of label %1").arg(index.data(LabelTableModel::labelRole).toInt()));
    editor->setStyleSheet(QStringLiteral("min-height: 22px; padding: 0 4px;"));
    return editor;
}

void LabelDelegate::updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option, const QModelIndex&) const
{
    editor->setGeometry(option.rect.adjusted(30, 2, -58, -3));
}

LabelsPanel::LabelsPanel(AnnotationDocument& document, QWidget* parent)
    : QWidget(parent)
    , m_document(document)
    , m_model(document)
    , m_list(new RowList(tr("Labels"), this))
    , m_fill(new ThinSlider(tr("Fill of masks, per cent"), this))
    , m_fillText(makeLabel({}, "value", this))
{
    m_list->setModel(&m_model);
    m_list->setItemDelegate(new LabelDelegate(document, m_list));
    m_list->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
    m_list->setContextMenuPolicy(Qt::CustomContextMenu);
    m_list->setMaximumRows(10);
    m_fill->setRange(0, 100);
    m_fillText->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_fillText->setFixedWidth(44);

    auto* fillRow = new QHBoxLayout;
    fillRow->setContentsMargins(8, 4, 8, 0);
    fillRow->setSpacing(10);
    fillRow->addWidget(makeLabel(tr("Fill"), "value", this));
    fillRow->addWidget(m_fill, 1);
    fillRow->addWidget(m_fillText);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(6, 0, 6, 8);
    column->setSpacing(0);
    column->addWidget(m_list);
    column->addLayout(fillRow);

    connect(m_fill, &QSlider::valueChanged, this, [this](int percent) {
        m_fillText->setText(tr("%1 %").arg(percent));
        m_document.setFillOpacity(percent / 100.0);
    });
    m_fill->setValue(qRound(document.fillOpacity() * 100));
    m_fillText->setText(tr("%1 %").arg(m_fill->value()));
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& current) {
        if (const int label = m_model.labelAt(current.row()); current.isValid() && label != m_document.activeLabel()) {
            m_document.setActiveLabel(label);
        }
    });
    connect(m_list, &QWidget::customContextMenuRequested, this, &LabelsPanel::showMenu);
    connect(&document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        if (change == DocumentChange::labels || change == DocumentChange::series) {
            followActive();
        } else if (change == DocumentChange::display) {
            m_fill->setValue(qRound(m_document.fillOpacity() * 100));
        }
    });
    followActive();
}

void LabelsPanel::followActive()
{
    const QModelIndex active = m_document.isOpen() ? m_model.indexOfLabel(m_document.activeLabel()) : QModelIndex();
    if (active.isValid() && active != m_list->currentIndex()) {
        m_list->setCurrentIndex(active);
    }
}

void LabelsPanel::addLabel()
{
    const LabelSet& labels = m_document.segmentation().labels();
    QString name;
    for (int n = static_cast<int>(labels.labels().size()) + 1;
         name.isEmpty() || labels.findByName(name.toStdString()) != nullptr; ++n) {
        name = nextLabelName(n);
    }
    m_document.addLabel(name);
    const Label* added = m_document.segmentation().labels().findByName(name.toStdString());
    if (added == nullptr) {
        return;
    }
    m_document.setActiveLabel(added->id);
    const QModelIndex row = m_model.indexOfLabel(added->id);
    m_list->setCurrentIndex(row);
    m_list->edit(row);
}

void LabelsPanel::renameActive()
{
    const QModelIndex row = m_model.indexOfLabel(m_document.activeLabel());
    if (row.isValid()) {
        m_list->setCurrentIndex(row);
        m_list->edit(row);
    }
}

void LabelsPanel::showMenu(const QPoint& at)
{
    const QModelIndex index = m_list->indexAt(at);
    const int label = m_model.labelAt(index.row());
    if (!index.isValid() || label == 0) {
        return;
    }
    QMenu menu(this);
    menu.setAccessibleName(tr("Label %1").arg(label));
    menu.addAction(icon(QStringLiteral("pencil")), tr("Rename"), this, [this, index] { m_list->edit(index); });
    QMenu* colours = menu.addMenu(icon(QStringLiteral("palette")), tr("Colour"));
    colours->setAccessibleName(tr("Colour"));
    for (LabelId id = 1; id <= paletteSize(); ++id) {
        colours->addAction(swatchIcon(id), tr("Colour %1").arg(id), this,
                           [this, label, id] { m_document.recolourLabel(label, paletteColour(id)); });
    }
    const bool locked = index.data(LabelTableModel::lockedRole).toBool();
    menu.addAction(icon(locked ? QStringLiteral("unlock") : QStringLiteral("lock")), locked ? tr("Unlock") : tr("Lock"),
                   this, [this, label, locked] { m_document.setLabelLocked(label, !locked); });
    menu.addSeparator();
    menu.addAction(icon(QStringLiteral("trash")), tr("Remove label and its mask"), this,
                   [this, label] { m_document.removeLabel(label); });
    menu.exec(m_list->viewport()->mapToGlobal(at));
}

} // namespace icmoe::ui
