#include "ui/commands/EditPromptsCommand.h"

namespace icmoe::ui {

EditPromptsCommand::EditPromptsCommand(DocumentEditor& editor, const QString& text, std::vector<Prompt> before,
                                       std::optional<Prompt> about, int drag)
    : HistoryCommand(HistoryKind::prompt, text)
    , m_editor(editor)
    , m_prompts(std::move(before))
    , m_about(std::move(about))
    , m_drag(drag)
{
}

bool EditPromptsCommand::mergeWith(const QUndoCommand* newer)
{
    const auto* other = dynamic_cast<const EditPromptsCommand*>(newer);
    return other != nullptr && m_drag != 0 && other->m_drag == m_drag; // keeps the older `before`
}

void EditPromptsCommand::exchange()
{
    m_prompts = m_editor.exchangePrompts(std::move(m_prompts));
    m_editor.askAgain();
}

void EditPromptsCommand::undo()
{
    if (m_shown) {
        m_shown = false;
        exchange();
    }
}

void EditPromptsCommand::redo()
{
    if (!m_shown) {
        m_shown = true;
        exchange();
    }
}

} // namespace icmoe::ui
