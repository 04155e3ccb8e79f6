#include "ui/models/PromptListModel.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/models/PromptIcon.h"

namespace icmoe::ui {

PromptListModel::PromptListModel(AnnotationDocument& document, QObject* parent)
    : QAbstractListModel(parent)
    , m_document(document)
{
    connect(&document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        if (change == DocumentChange::prompts || change == DocumentChange::series) {
            update();
        }
    });
    update();
}

void PromptListModel::update()
{
    const int rows = m_document.isOpen() ? static_cast<int>(m_document.prompts().size()) : 0;
    if (rows != m_rows) {
        beginResetModel();
        m_rows = rows;
        endResetModel();
    } else if (rows > 0) {
        Q_EMIT dataChanged(index(0), index(rows - 1));
    }
}

PromptId PromptListModel::promptAt(int row) const
{
    return row >= 0 && row < m_rows ? m_document.prompts()[static_cast<std::size_t>(row)].id : 0;
}

QString PromptListModel::nameOf(std::size_t row) const
{
    return m_document.promptName(m_document.prompts()[row].id);
}

int PromptListModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : m_rows;
}

QVariant PromptListModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || static_cast<std::size_t>(index.row()) >= m_document.prompts().size()) {
        return {};
    }
    const auto row = static_cast<std::size_t>(index.row());
    const Prompt& prompt = m_document.prompts()[row];
    switch (role) {
    case Qt::DisplayRole:
        return nameOf(row);
    case Qt::AccessibleTextRole:
        return nameOf(row) + QStringLiteral(", ") + index.data(whereRole).toString();
    case promptRole:
        return QVariant::fromValue<qulonglong>(prompt.id);
    case iconRole:
        return promptIcon(prompt);
    case whereRole:
        return tr("slice %1").arg(prompt.slice + 1);
    case selectedRole:
        return m_document.selectedPrompt() == prompt.id;
    default:
        return {};
    }
}

} // namespace icmoe::ui
