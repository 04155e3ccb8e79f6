#pragma once

#include "core/store/AnnotationStore.h"

#include <map>
#include <memory>
#include <vector>

class QUndoStack;

namespace icmoe::ui {

/// The votes on what is accepted: of each label the last acceptance on a slice, as far as it is not undone. Slices are
/// stored ones.
class VoteIndex {
public:
    void rebuild(const QUndoStack& stack);

    [[nodiscard]] std::vector<const Vote*> on(Plane plane, int slice) const;
    /// How much the voters disagreed, 0..1, of the label on which they did most.
    [[nodiscard]] std::map<int, double> disagreements(Plane plane) const;

private:
    using Place = std::pair<Plane, int>;
    std::map<Place, std::map<LabelId, std::shared_ptr<const StepRecord>>> m_accepted;
};

/// Voters who disagree this much on a mask's boundary make its slice a place to go to.
inline constexpr double kDoubtful = 0.2;

} // namespace icmoe::ui
