#pragma once

#include "StoreFixture.h"

#include <random>

namespace icmoe::test {

/// One thing that a user does to a series.
struct StoreOperation {
    enum class Kind { append, undo, redo };
    Kind kind = Kind::append;
    StepRecord step; ///< for append
};

/// What a store must hold after some operations: the slow and simple way.
class StoreModel {
public:
    /// The state that a store has.
    [[nodiscard]] static StoreModel of(const AnnotationStore& store, SeriesKey series);

    /// What comes next; the same for the same state and random numbers. `name` is unique.
    [[nodiscard]] StoreOperation next(std::mt19937& random, const std::string& name) const;
    void apply(const StoreOperation& operation);
    /// Empty where the store holds exactly this; else what differs.
    [[nodiscard]] std::string difference(const AnnotationStore& store, SeriesKey series) const;
    [[nodiscard]] std::size_t doneSteps() const { return m_done; }

private:
    std::vector<StepRecord> m_steps; // done ones, then undone ones
    std::size_t m_done = 0;
    Segmentation m_now{kSize};
};

/// Does it.
[[nodiscard]] Status perform(AnnotationStore& store, SeriesKey series, const StoreOperation& operation);

} // namespace icmoe::test
