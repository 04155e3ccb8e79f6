#pragma once

#include "inference/training/AdamW.h"
#include "inference/training/CaseBatch.h"

#include <filesystem>

namespace icmoe::training {

/// The basic experts, in the order of their places in a pack.
enum BasicExpert : std::int64_t { kClickExpert, kStrokeExpert, kBoxExpert, kBasicExperts };

struct BasicOptions {
    int steps = 1000;
    int batch = 8;
    std::uint64_t seed = 1;
    double rate = 1.5e-3;
    std::map<std::string, double> setWeights;
    std::filesystem::path state; ///< where the run is kept, so that it can go on after a kill
    double stateEverySeconds = 180;
};

struct StepReport {
    int step = 0;
    int steps = 0;
    double loss = 0;
    double firstDice = 0;     ///< mean Dice of the opening prompts, a running mean
    double correctedDice = 0; ///< after one more click
    double secondsPerStep = 0;
};
using StepProgress = std::function<void(const StepReport&)>;

/// Phase 1 (engine.md 2.6): the basic experts, each on prompts of its family and one correction. Goes on where
/// `options.state` stands. Returns the averaged parameters. cancelled; errors of the library and of the state's file.
[[nodiscard]] Result<ExpertParameters> trainBasicExperts(const ExpertDecoder& decoder, ViewLibrary& library,
                                                         const BasicOptions& options, const StepProgress& progress,
                                                         std::stop_token stop);

} // namespace icmoe::training
