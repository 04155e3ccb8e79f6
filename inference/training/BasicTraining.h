#pragma once

#include "inference/training/PromptTraining.h"

namespace icmoe::training {

struct BasicOptions : PromptTrainingOptions {
    ExpertParameters begin;   ///< what a new run begins as; none: experts that change nothing
    bool lowRankOnly = false; ///< updates of the base's layers and tokens alone, as an ablation
};

/// Phase 1 (engine.md 2.6): the basic experts, each on prompts of its family. Errors as in trainOnPrompts().
[[nodiscard]] Result<ExpertParameters> trainBasicExperts(const ExpertDecoder& decoder, ViewLibrary& library,
                                                         const BasicOptions& options, const StepProgress& progress,
                                                         std::stop_token stop);

} // namespace icmoe::training
