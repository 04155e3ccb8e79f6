#include "ui/commands/AcceptProposalCommand.h"

namespace icmoe::ui {

AcceptProposalCommand::AcceptProposalCommand(DocumentEditor& editor, std::shared_ptr<const StepRecord> step,
                                             std::shared_ptr<const Proposal> proposal, int candidate)
    : StepCommand(editor, std::move(step), Shown::yes)
    , m_proposal(std::move(proposal))
    , m_candidate(candidate)
    , m_prompts(editor.exchangePrompts({}))
{
}

void AcceptProposalCommand::exchange()
{
    StepCommand::exchange();
    m_prompts = editor().exchangePrompts(std::move(m_prompts));
    editor().showProposal(isShown() ? nullptr : m_proposal, m_candidate);
}

} // namespace icmoe::ui
