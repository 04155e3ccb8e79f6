#include "ui/models/HistoryModel.h"

#include "ui/commands/HistoryCommand.h"
#include "ui/document/AnnotationDocument.h"
#include "ui/models/PromptIcon.h"

#include <QLocale>

namespace icmoe::ui {

namespace {

QString iconOf(const HistoryCommand& step)
{
    switch (step.kind()) {
    case HistoryKind::prompt:
        return step.prompt() != nullptr ? promptIcon(*step.prompt()) : QStringLiteral("trash");
    case HistoryKind::accept:
        return QStringLiteral("check");
    case HistoryKind::paint:
        return QStringLiteral("brush");
    case HistoryKind::erase:
        return QStringLiteral("eraser");
    case HistoryKind::import_:
        return QStringLiteral("drop");
    case HistoryKind::label:
        break;
    }
    return QStringLiteral("label");
}

const HistoryCommand* stepAt(const QUndoStack& stack, int row)
{
    return row > 0 ? static_cast<const HistoryCommand*>(stack.command(row - 1)) : nullptr;
}

} // namespace

HistoryModel::HistoryModel(AnnotationDocument& document, QObject* parent)
    : QAbstractListModel(parent)
    , m_document(document)
{
    connect(&document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        if (change == DocumentChange::series) {
            m_opened = QDateTime::currentDateTime();
            update();
        }
    });
    connect(&document.undoStack(), &QUndoStack::indexChanged, this, &HistoryModel::update);
    update();
}

void HistoryModel::update()
{
    const QUndoStack& stack = m_document.undoStack();
    const int rows = m_document.isOpen() ? stack.count() + 1 : 0;
    if (rows != m_rows) {
        beginResetModel();
        m_rows = rows;
        endResetModel();
    } else if (rows > 0) {
        Q_EMIT dataChanged(QAbstractListModel::index(0), QAbstractListModel::index(rows - 1));
    }
}

void HistoryModel::goTo(int row)
{
    // One by one: each step is stored by itself.
    while (row >= 0 && row < m_rows && currentRow() != row) {
        const int before = currentRow();
        currentRow() > row ? m_document.undo() : m_document.redo();
        if (currentRow() == before) {
            return;
        }
    }
}

int HistoryModel::currentRow() const
{
    return m_document.undoStack().index();
}

int HistoryModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : m_rows;
}

QVariant HistoryModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= m_rows) {
        return {};
    }
    const int row = index.row();
    const bool undone = row > currentRow();
    const QString text = row == 0 ? tr("Study opened") : m_document.undoStack().text(row - 1);
    switch (role) {
    case Qt::DisplayRole:
    case Qt::ToolTipRole:
        return text;
    case Qt::AccessibleTextRole:
        return undone ? tr("%1, undone").arg(text) : text;
    case iconRole:
        return row == 0 ? QStringLiteral("open") : iconOf(*stepAt(m_document.undoStack(), row));
    case timeRole: {
        if (undone) {
            return tr("undone");
        }
        const QDateTime at = row == 0 ? m_opened : stepAt(m_document.undoStack(), row)->time();
        const bool today = at.isValid() && at.date() == QDate::currentDate();
        return !at.isValid() ? QString()
               : today       ? QLocale().toString(at.time(), QStringLiteral("HH:mm"))
                             : QLocale().toString(at.date(), QLocale::ShortFormat);
    }
    case currentRole:
        return row == currentRow();
    case undoneRole:
        return undone;
    default:
        return {};
    }
}

} // namespace icmoe::ui
