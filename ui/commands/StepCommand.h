#pragma once

#include "ui/commands/HistoryCommand.h"
#include "ui/document/DocumentEditor.h"

namespace icmoe::ui {

/// A step that the store keeps: brush, eraser, import, or anything read back from the store. The patch always holds
/// what is *not* shown. Made after the change was done (or, from the store, undone).
class StepCommand : public HistoryCommand {
public:
    enum class Shown { yes, no };
    StepCommand(DocumentEditor& editor, std::shared_ptr<const StepRecord> step, Shown shown);

    void undo() override;
    void redo() override;
    [[nodiscard]] const std::shared_ptr<const StepRecord>& step() const { return m_step; }

    /// The patch between two states of the same slices, the other way round.
    [[nodiscard]] static HistoryKind kindOf(StepKind kind);

protected:
    virtual void exchange();
    [[nodiscard]] DocumentEditor& editor() { return m_editor; }
    [[nodiscard]] bool isShown() const { return m_shown; }

private:
    DocumentEditor& m_editor;
    std::shared_ptr<const StepRecord> m_step;
    SegmentationPatch m_patch;
    std::optional<LabelSet> m_labels;
    bool m_shown = true;
};

} // namespace icmoe::ui
