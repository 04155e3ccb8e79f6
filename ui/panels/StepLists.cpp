#include "ui/panels/StepLists.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/panels/Widgets.h"
#include "ui/style/Fonts.h"
#include "ui/style/Icons.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QVBoxLayout>

namespace icmoe::ui {

StepDelegate::StepDelegate(Kind kind, QObject* parent)
    : QStyledItemDelegate(parent)
    , m_kind(kind)
{
}

QRect StepDelegate::crossRect(const QRect& row)
{
    return {row.right() - 26, row.top(), 26, row.height()};
}

QSize StepDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const
{
    return {100, 29};
}

void StepDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const Tokens& t = tokens();
    const bool prompts = m_kind == Kind::prompts;
    const bool current = index
                             .data(prompts ? static_cast<int>(PromptListModel::selectedRole)
                                           : static_cast<int>(HistoryModel::currentRole))
                             .toBool();
    const bool dimmed = !prompts && index.data(HistoryModel::undoneRole).toBool();
    const QRect row = option.rect.adjusted(0, 0, 0, -1);
    paintRowBackground(*painter, row, current, option.state.testFlag(QStyle::State_MouseOver));
    const QString picture =
        index.data(prompts ? static_cast<int>(PromptListModel::iconRole) : static_cast<int>(HistoryModel::iconRole))
            .toString();
    paintIcon(*painter, picture, QRectF(row.left() + 8, row.center().y() - 7, 16, 16),
              current  ? t.accent
              : dimmed ? t.text3
                       : t.text2);
    const QString quiet =
        index.data(prompts ? static_cast<int>(PromptListModel::whereRole) : static_cast<int>(HistoryModel::timeRole))
            .toString();
    QRect right = row.adjusted(0, 0, prompts ? -32 : -8, 0);
    const int quietWidth = QFontMetrics(font(FontRole::hint)).horizontalAdvance(quiet) + 2;
    paintText(*painter, right, quiet, font(FontRole::hint), t.text3, Qt::AlignRight | Qt::AlignVCenter);
    if (prompts) {
        const QRect cross = crossRect(row);
        paintIcon(*painter, QStringLiteral("close"), QRectF(cross.center().x() - 7, cross.center().y() - 6, 14, 14),
                  t.text3);
    }
    right.setLeft(row.left() + 33);
    right.setRight(right.right() - quietWidth - 8);
    paintText(*painter, right, index.data().toString(), font(current ? FontRole::heading : FontRole::body),
              dimmed ? t.text3 : t.text);
}

bool StepDelegate::editorEvent(QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem& option,
                               const QModelIndex& index)
{
    if (m_kind == Kind::prompts && event->type() == QEvent::MouseButtonRelease &&
        crossRect(option.rect).contains(static_cast<QMouseEvent*>(event)->position().toPoint())) {
        Q_EMIT crossClicked(index.row());
        return true;
    }
    return QStyledItemDelegate::editorEvent(event, model, option, index);
}

PromptsPanel::PromptsPanel(AnnotationDocument& document, QWidget* parent)
    : QWidget(parent)
    , m_document(document)
    , m_model(document)
    , m_list(new RowList(tr("Prompts"), this))
{
    auto* delegate = new StepDelegate(StepDelegate::Kind::prompts, m_list);
    m_list->setItemDelegate(delegate);
    m_list->setModel(&m_model);
    m_list->setMaximumRows(6);
    m_list->installEventFilter(this);
    auto* hint = makeLabel(tr("No prompts on this label yet"), "hint", this);
    hint->setContentsMargins(8, 2, 8, 4);
    m_hint = hint;

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(6, 0, 6, 8);
    column->setSpacing(0);
    column->addWidget(m_list);
    column->addWidget(m_hint);
    const auto showHint = [this] {
        m_hint->setVisible(m_model.rowCount() == 0);
        m_list->setVisible(m_model.rowCount() > 0);
    };
    connect(&m_model, &QAbstractItemModel::modelReset, this, showHint);
    showHint();

    connect(m_list, &QListView::clicked, this, [this](const QModelIndex& index) {
        if (const PromptId id = m_model.promptAt(index.row()); id != 0) {
            m_document.selectPrompt(id);
            const Prompt& prompt = m_document.prompts()[static_cast<std::size_t>(index.row())];
            m_document.setSlice(prompt.plane, m_document.grid(prompt.plane).shownSlice(prompt.slice));
        }
    });
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& index) {
        if (const PromptId id = m_model.promptAt(index.row()); id != 0 && m_list->hasFocus()) {
            m_document.selectPrompt(id);
        }
    });
    connect(delegate, &StepDelegate::crossClicked, this,
            [this](int row) { m_document.removePrompt(m_model.promptAt(row)); });
}

bool PromptsPanel::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_list && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        const PromptId id = m_model.promptAt(m_list->currentIndex().row());
        if ((key == Qt::Key_Delete || key == Qt::Key_Backspace) && id != 0) {
            m_document.removePrompt(id);
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

HistoryPanel::HistoryPanel(AnnotationDocument& document, QWidget* parent)
    : QWidget(parent)
    , m_model(document)
    , m_list(new RowList(tr("History"), this))
{
    m_list->setItemDelegate(new StepDelegate(StepDelegate::Kind::history, m_list));
    m_list->setModel(&m_model);
    m_list->setStretching(true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(6, 0, 6, 8);
    column->addWidget(m_list);
    connect(m_list, &QListView::clicked, this, [this](const QModelIndex& index) { m_model.goTo(index.row()); });
    connect(m_list, &QListView::activated, this, [this](const QModelIndex& index) { m_model.goTo(index.row()); });
    const auto toCurrent = [this] {
        if (m_model.currentRow() < m_model.rowCount()) {
            m_list->scrollTo(m_model.index(m_model.currentRow()));
        }
    };
    connect(&m_model, &QAbstractItemModel::modelReset, this, toCurrent);
    connect(&m_model, &QAbstractItemModel::dataChanged, this, toCurrent);
}

} // namespace icmoe::ui
