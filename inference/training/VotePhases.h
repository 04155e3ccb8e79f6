#pragma once

#include "inference/training/TrainingViews.h"
#include "inference/training/VoteTraining.h"

namespace icmoe::training {

[[nodiscard]] VoteOptions voteOptions(const TrainingRun& run);

/// The phases of a run in which selector, judge and vote learn (engine.md 2.6). Each does nothing where it is not asked
/// for, and keeps what it learned in the work folder.
class VotePhases {
public:
    VotePhases(const TrainingRun& run, const TrainingViews& views)
        : m_run(run)
        , m_views(views)
    {
    }
    Status selector() const;
    /// The sessions alone where only those are asked for, else what they teach as well.
    Status vote() const;

private:
    /// Experts of a fold and the pictures of the sets that it left out.
    struct Fold {
        std::unique_ptr<Council> council;
        std::vector<std::size_t> views;
    };
    [[nodiscard]] Result<Fold> foldOf(const std::filesystem::path& file, const NamedTensors& selector) const;
    [[nodiscard]] Status learn(const std::vector<VotePool>& pools) const;

    const TrainingRun& m_run;
    const TrainingViews& m_views;
};

} // namespace icmoe::training
