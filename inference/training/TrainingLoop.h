#pragma once

#include "core/base/Result.h"
#include "inference/training/AdamW.h"
#include "inference/training/Workers.h"

#include <filesystem>
#include <functional>
#include <stop_token>

namespace icmoe::training {

struct LoopOptions {
    int steps = 1000;
    std::filesystem::path state; ///< where the run is kept, so that it can go on after a kill; empty: nowhere
    double stateEverySeconds = 180;
    std::shared_ptr<Workers> workers = Workers::alone();
    double restyle = 0; ///< of the features that learners see, as batchOf()
    bool bf16 = false;  ///< products of the networks in bfloat16; parameters, losses and sums stay in fp32
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

/// Runs `step` from where `options.state` stands to the last one, and keeps the optimizer's state now and then, at the
/// end, and when told to stop (cancelled). malformedFile: a state of another training; errors of `step` and of writing.
[[nodiscard]] Status runSteps(AdamW& optimizer, const LoopOptions& options, StepReport& report,
                              const std::function<Status(int)>& step, const StepProgress& progress,
                              const std::stop_token& stop);

/// Warm-up, then half a cosine down to a twentieth.
[[nodiscard]] double rateFactor(int step, int steps);
/// A running mean that starts with its first value.
void follow(double& mean, double value);

} // namespace icmoe::training
