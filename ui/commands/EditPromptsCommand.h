#pragma once

#include "ui/commands/HistoryCommand.h"
#include "ui/document/DocumentEditor.h"

#include <optional>

namespace icmoe::ui {

/// Prompts added, moved, flipped or deleted. Moves of one drag merge into one step.
class EditPromptsCommand final : public HistoryCommand {
public:
    /// `before`: what the prompts were; the document already holds the new ones. `about`: see prompt(). `drag`: edits
    /// with the same number merge; 0 never does.
    EditPromptsCommand(DocumentEditor& editor, const QString& text, std::vector<Prompt> before,
                       std::optional<Prompt> about, int drag);

    void undo() override;
    void redo() override;
    [[nodiscard]] const Prompt* prompt() const override { return m_about ? &*m_about : nullptr; }
    [[nodiscard]] int id() const override { return m_drag == 0 ? -1 : 1; }
    bool mergeWith(const QUndoCommand* newer) override;

private:
    void exchange();

    DocumentEditor& m_editor;
    std::vector<Prompt> m_prompts; ///< what is not shown
    std::optional<Prompt> m_about;
    int m_drag;
    bool m_shown = true;
};

} // namespace icmoe::ui
