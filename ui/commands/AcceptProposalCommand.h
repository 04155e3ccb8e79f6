#pragma once

#include "ui/commands/StepCommand.h"

namespace icmoe::ui {

/// A proposal that became part of a label. Undone, its prompts and its preview are back.
class AcceptProposalCommand final : public StepCommand {
public:
    AcceptProposalCommand(DocumentEditor& editor, std::shared_ptr<const StepRecord> step,
                          std::shared_ptr<const Proposal> proposal, int candidate);

private:
    void exchange() override;

    std::shared_ptr<const Proposal> m_proposal;
    int m_candidate;
    std::vector<Prompt> m_prompts; ///< what is not shown
};

} // namespace icmoe::ui
