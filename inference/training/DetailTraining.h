#pragma once

#include "inference/training/PromptTraining.h"

namespace icmoe::training {

/// The detail expert on prompts of all families, over the first answers of the council's basic experts, which stay as
/// they are. `begin`: what a new run begins as; empty: the first answers. Errors as in trainOnPrompts().
[[nodiscard]] Result<NamedTensors> trainDetailExpert(const Council& council, ViewLibrary& library,
                                                     const NamedTensors& begin, const PromptTrainingOptions& options,
                                                     const StepProgress& progress, std::stop_token stop);

} // namespace icmoe::training
