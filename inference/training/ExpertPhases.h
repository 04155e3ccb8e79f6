#pragma once

#include "inference/training/PromptTraining.h"
#include "inference/training/RoutedTraining.h"
#include "inference/training/TrainingViews.h"

namespace icmoe::training {

/// The phases of a run in which experts learn (engine.md 2.6). Each does nothing where it is not asked for, and keeps
/// what it learned in the work folder.
class ExpertPhases {
public:
    ExpertPhases(const TrainingRun& run, const TrainingViews& views);

    /// What the pictures look like that the experts learn on; drawn scenes are no domain.
    Status domains() const;
    Status basic() const;
    Status detail() const;
    Status semantic() const;
    Status adaptive() const;
    Status joint() const;
    /// Only where it is named: it makes no part of a pack.
    Status decoder() const;

private:
    [[nodiscard]] PromptTrainingOptions promptOptions(const std::string& phase) const;
    [[nodiscard]] RoutedOptions routedOptions(const std::string& phase, int experts) const;
    /// The pack so far without what is trained next.
    [[nodiscard]] Result<std::shared_ptr<Pack>> packBefore(const std::string& phase) const;
    /// Experts in one file, routing in another; figures of the phase go to the observer.
    [[nodiscard]] Status keep(const std::string& phase, const RoutedResult& result) const;

    const TrainingRun& m_run;
    const TrainingViews& m_views;
    const PromptEncoder m_prompts;
    const ExpertDecoder m_decoder;
};

} // namespace icmoe::training
