#include "ui/document/VoteIndex.h"

#include "ui/commands/StepCommand.h"

#include <QUndoStack>

#include <algorithm>

namespace icmoe::ui {

void VoteIndex::rebuild(const QUndoStack& stack)
{
    m_accepted.clear();
    for (int i = 0; i < stack.index(); ++i) {
        const auto* command = dynamic_cast<const StepCommand*>(stack.command(i));
        if (command != nullptr && command->step()->kind == StepKind::accept) {
            const auto& step = command->step();
            m_accepted[{step->plane, step->slice}][step->label] = step; // a later one counts, with a vote or without
        }
    }
}

std::vector<const Vote*> VoteIndex::on(Plane plane, int slice) const
{
    std::vector<const Vote*> votes;
    const auto found = m_accepted.find({plane, slice});
    if (found != m_accepted.end()) {
        for (const auto& [label, step] : found->second) {
            if (step->vote) {
                votes.push_back(&*step->vote);
            }
        }
    }
    return votes;
}

std::map<int, double> VoteIndex::disagreements(Plane plane) const
{
    std::map<int, double> result;
    for (const auto& [place, labels] : m_accepted) {
        if (place.first != plane) {
            continue;
        }
        for (const auto& [label, step] : labels) {
            if (step->vote) {
                double& worst = result[place.second];
                worst = std::max(worst, step->vote->boundaryDisagreement);
            }
        }
    }
    return result;
}

} // namespace icmoe::ui
