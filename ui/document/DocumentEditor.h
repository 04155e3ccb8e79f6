#pragma once

#include "core/engine/Proposal.h"
#include "core/mask/Segmentation.h"
#include "core/store/AnnotationStore.h"

#include <memory>
#include <vector>

namespace icmoe::ui {

/// What commands may do to the document. Each exchange returns what was there before.
class DocumentEditor {
public:
    virtual ~DocumentEditor() = default;
    virtual SegmentationPatch exchangeMasks(SegmentationPatch patch) = 0;
    virtual LabelSet exchangeLabels(LabelSet labels) = 0;
    virtual std::vector<Prompt> exchangePrompts(std::vector<Prompt> prompts) = 0;
    /// Shows a proposal without asking the engine; null: none.
    virtual void showProposal(std::shared_ptr<const Proposal> proposal, int candidate) = 0;
    /// Asks the engine about the present prompts.
    virtual void askAgain() = 0;
    virtual void stepUndone(const QString& name) = 0; ///< to the store
    virtual void stepRedone(const QString& name) = 0;
    /// While the history of the store is being read, undo and redo change nothing.
    [[nodiscard]] virtual bool isRestoring() const = 0;
};

} // namespace icmoe::ui
