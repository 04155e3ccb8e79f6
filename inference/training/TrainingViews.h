#pragma once

#include "inference/training/TrainingRun.h"
#include "inference/training/ViewLibrary.h"

namespace icmoe::training {

/// The pictures of a run, encoded (engine.md 2.6, phase 0), and who learns on which.
class TrainingViews {
public:
    explicit TrainingViews(const TrainingRun& run)
        : m_run(run)
    {
    }
    /// Lists them, finds the projection of the encoder's taps where there is none yet, encodes what the cache lacks.
    /// emptyInput where there is none; errors of the data, of the disk; cancelled.
    Status make();

    [[nodiscard]] ViewLibrary& library() const { return *m_library; }
    [[nodiscard]] const TapProjection& taps() const { return m_taps; }
    [[nodiscard]] const std::vector<std::string>& setNames() const { return m_setNames; }
    /// As annotators call them.
    [[nodiscard]] std::vector<std::string> classNames() const;
    [[nodiscard]] std::vector<std::size_t> forExperts() const { return viewsFor(false); }
    /// Those that experts never see.
    [[nodiscard]] std::vector<std::size_t> forVote() const { return viewsFor(true); }

private:
    Status collectRecipes();
    Status findProjections();
    Status keepTaps() const;
    Status encode();
    [[nodiscard]] bool isForVote(const View& view) const;
    [[nodiscard]] std::vector<std::size_t> viewsFor(bool vote) const;

    const TrainingRun& m_run;
    std::vector<std::string> m_setNames;
    std::vector<PictureRecipe> m_recipes;
    TapProjection m_taps;
    std::unique_ptr<ViewLibrary> m_library;
};

/// A pack of what a run's work folder holds so far.
[[nodiscard]] Result<std::shared_ptr<Pack>> packSoFar(const TrainingRun& run, const TrainingViews& views);
/// The same, written to where the options say. Nothing where they do not.
[[nodiscard]] Status writePack(const TrainingRun& run, const TrainingViews& views);

} // namespace icmoe::training
