#pragma once

#include "inference/icmoe/Council.h"
#include "inference/training/CaseBatch.h"
#include "inference/training/TrainingLoop.h"

namespace icmoe::training {

struct BasicOptions : LoopOptions {
    int batch = 8;
    std::uint64_t seed = 1;
    double rate = 1.5e-3;
    std::map<std::string, double> setWeights;
    std::vector<std::size_t> views; ///< those that may be drawn; empty: all
};

/// Phase 1 (engine.md 2.6): the basic experts, each on prompts of its family and one correction. Goes on where
/// `options.state` stands. Returns the averaged parameters. cancelled; errors of the library and of the state's file.
[[nodiscard]] Result<ExpertParameters> trainBasicExperts(const ExpertDecoder& decoder, ViewLibrary& library,
                                                         const BasicOptions& options, const StepProgress& progress,
                                                         std::stop_token stop);

} // namespace icmoe::training
