#pragma once

#include "inference/training/PromptTraining.h"

namespace icmoe::training {

/// The usual way, as an ablation: a copy of the base whose whole mask decoder, point and corner embeddings learn what
/// the basic experts would. Returns those tensors under their names in the checkpoint; the base stays as it is. Errors
/// as in trainOnPrompts().
[[nodiscard]] Result<Trainee::Parameters> trainWholeDecoder(const NetworkWeights& base, ViewLibrary& library,
                                                            const PromptTrainingOptions& options,
                                                            const StepProgress& progress, std::stop_token stop);

/// A decoder of the base with some tensors replaced: answers prompts without any expert.
[[nodiscard]] ExpertAnswers answerOfDecoder(const NetworkWeights& base, const Trainee::Parameters& replaced,
                                            ExpertBatch batch);

} // namespace icmoe::training
