#include "ui/actions/KeyTable.h"

#include "ui/actions/Actions.h"
#include "ui/actions/CommandSearch.h"

#include <QCoreApplication>
#include <QHeaderView>
#include <QLineEdit>
#include <QTableWidget>
#include <QVBoxLayout>

namespace icmoe::ui {

KeyTable::KeyTable(const Actions& actions, QWidget* parent)
    : QDialog(parent)
    , m_input(new QLineEdit(this))
    , m_table(new QTableWidget(0, 2, this))
{
    setWindowTitle(tr("Mouse and keys"));
    setAccessibleName(windowTitle());
    resize(620, 640);
    m_input->setPlaceholderText(tr("Search mouse and keys"));
    m_input->setAccessibleName(tr("Search mouse and keys"));
    m_table->setAccessibleName(tr("Mouse and keys"));
    m_table->setHorizontalHeaderLabels({tr("Input"), tr("Does")});
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(28);
    m_table->setShowGrid(false);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    for (const InputInfo& row : inputTable()) {
        addRow(QCoreApplication::translate("Actions", row.input), QCoreApplication::translate("Actions", row.does));
    }
    for (const ActionInfo& row : actionTable()) {
        const QList<QKeySequence> shortcuts = actions.action(row.id)->shortcuts();
        if (!shortcuts.isEmpty()) {
            addRow(QKeySequence::listToString(shortcuts, QKeySequence::NativeText)
                       .replace(QStringLiteral("; "), QStringLiteral(", ")),
                   actions.action(row.id)->text());
        }
    }
    m_table->setColumnWidth(0, 240);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(14, 14, 14, 14);
    column->setSpacing(10);
    column->addWidget(m_input);
    column->addWidget(m_table);
    connect(m_input, &QLineEdit::textChanged, this, &KeyTable::filter);
}

void KeyTable::addRow(const QString& keys, const QString& does)
{
    const int row = m_table->rowCount();
    m_table->insertRow(row);
    m_table->setItem(row, 0, new QTableWidgetItem(keys));
    m_table->setItem(row, 1, new QTableWidgetItem(does));
}

void KeyTable::filter(const QString& search)
{
    for (int row = 0; row < m_table->rowCount(); ++row) {
        const QString text = m_table->item(row, 0)->text() + QLatin1Char(' ') + m_table->item(row, 1)->text();
        m_table->setRowHidden(row, !matchesWords(text, search));
    }
}

} // namespace icmoe::ui
