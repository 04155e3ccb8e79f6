#include "ui/panels/StudiesPanel.h"

#include "ui/actions/CommandSearch.h"
#include "ui/models/StudyListModel.h"
#include "ui/panels/DropArea.h"
#include "ui/panels/HealthCard.h"
#include "ui/panels/StudyDelegate.h"
#include "ui/panels/Widgets.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QVBoxLayout>

namespace icmoe::ui {

StudiesPanel::StudiesPanel(StudyListModel& model, QWidget* parent)
    : QWidget(parent)
    , m_model(model)
    , m_search(new QLineEdit(this))
    , m_list(new RowList(tr("Studies and series"), this))
    , m_health(new HealthCard(this))
    , m_scan(new QWidget(this))
    , m_scanText(makeLabel({}, "hint", m_scan))
{
    setProperty("surface", "panel");
    setAttribute(Qt::WA_StyledBackground);
    setAccessibleName(tr("Studies"));

    auto* head = new QHBoxLayout;
    head->setContentsMargins(4, 0, 0, 0);
    head->setSpacing(2);
    head->addWidget(makeLabel(tr("Studies"), "heading", this));
    head->addStretch();
    auto* open = makeIconButton(QStringLiteral("plus"), tr("Open study"), "rowicon", this);
    auto* close = makeIconButton(QStringLiteral("chevron-left"), tr("Fold the studies panel"), "rowicon", this);
    head->addWidget(open);
    head->addWidget(close);

    m_search->setPlaceholderText(tr("Search studies"));
    m_search->setAccessibleName(tr("Search studies"));
    m_search->setClearButtonEnabled(true);

    auto* delegate = new StudyDelegate(m_list);
    m_list->setItemDelegate(delegate);
    m_list->setModel(&m_model);
    m_list->setStretching(true);

    auto* scanRow = new QHBoxLayout(m_scan);
    scanRow->setContentsMargins(4, 0, 0, 0);
    scanRow->addWidget(m_scanText, 1);
    auto* cancelScan = makeIconButton(QStringLiteral("close"), tr("Stop looking"), "rowicon", m_scan);
    scanRow->addWidget(cancelScan);
    m_scan->hide();

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(10, 7, 10, 10);
    column->setSpacing(8);
    column->addLayout(head);
    column->addWidget(m_search);
    column->addWidget(m_scan);
    column->addWidget(m_list, 1);
    column->addWidget(m_health);
    column->addWidget(new DropArea(tr("Drop DICOM files or a folder"), this));

    connect(m_search, &QLineEdit::textChanged, this, [this](const QString& search) {
        // A heading stays while one of its series does; both match on the study's title, so that a patient can be
        // found.
        QString heading;
        int headingRow = -1;
        bool any = false;
        const auto closeHeading = [&] {
            if (headingRow >= 0) {
                m_list->setRowHidden(headingRow, !any);
            }
        };
        for (int row = 0; row < m_model.rowCount(); ++row) {
            const QModelIndex index = m_model.index(row);
            if (index.data(StudyListModel::isStudyRole).toBool()) {
                closeHeading();
                heading = index.data().toString();
                headingRow = row;
                any = false;
            } else {
                const bool match = matchesWords(heading + QLatin1Char(' ') + index.data().toString(), search);
                m_list->setRowHidden(row, !match);
                any = any || match;
            }
        }
        closeHeading();
    });
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, &StudiesPanel::currentChanged);
    connect(m_list, &QListView::clicked, this, &StudiesPanel::choose);
    connect(m_list, &QListView::activated, this, &StudiesPanel::choose);
    connect(&m_model, &QAbstractItemModel::modelReset, this, &StudiesPanel::currentChanged);
    connect(delegate, &StudyDelegate::cancelClicked, this, &StudiesPanel::loadCancelled);
    connect(cancelScan, &QToolButton::clicked, this, &StudiesPanel::scanCancelled);
    connect(open, &QToolButton::clicked, this, &StudiesPanel::openRequested);
    connect(close, &QToolButton::clicked, this, &StudiesPanel::closeRequested);
}

void StudiesPanel::select(SeriesHandle handle)
{
    m_list->setCurrentIndex(m_model.indexOf(handle));
}

void StudiesPanel::setScanText(const QString& text)
{
    m_scanText->setText(text);
    m_scan->setVisible(!text.isEmpty());
}

void StudiesPanel::currentChanged()
{
    m_health->setSeries(m_model.series(m_model.handleAt(m_list->currentIndex())));
}

void StudiesPanel::choose(const QModelIndex& index)
{
    if (const SeriesHandle handle = m_model.handleAt(index); handle != 0) {
        Q_EMIT seriesChosen(handle);
    }
}

} // namespace icmoe::ui
