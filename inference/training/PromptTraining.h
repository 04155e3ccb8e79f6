#pragma once

#include "inference/icmoe/Council.h"
#include "inference/training/CaseBatch.h"
#include "inference/training/TrainingLoop.h"

namespace icmoe::training {

struct PromptTrainingOptions : LoopOptions {
    int batch = 8;
    std::uint64_t seed = 1;
    double rate = 1.5e-3;
    std::map<std::string, double> setWeights;
    std::vector<std::size_t> views; ///< those that may be drawn; empty: all
};

/// What learns to answer prompts: what it begins as, and how it answers with what it has become.
struct Trainee {
    using Parameters = std::map<std::string, at::Tensor>;
    Parameters parameters;
    std::function<ExpertAnswers(const Parameters&, const ExpertBatch&)> answer;
    /// The first answers that it builds on, [N, 256, 256] probabilities; none where it answers by itself.
    std::function<Result<at::Tensor>(const std::vector<TrainingCase>&)> firstPass = nullptr;
    bool hearsItself = false; ///< half of the cases build on what it answered itself to those first answers
};

/// Teaches on prompts of all families as annotators give them, and on one correction each; TrainingCase::expert is the
/// basic expert of the family. Goes on where `options.state` stands. Returns the averaged parameters. cancelled; errors
/// of the library and of the state's file.
[[nodiscard]] Result<Trainee::Parameters> trainOnPrompts(const Trainee& trainee, ViewLibrary& library,
                                                         const PromptTrainingOptions& options,
                                                         const StepProgress& progress, std::stop_token stop);

} // namespace icmoe::training
