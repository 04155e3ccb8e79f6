#pragma once

#include "inference/icmoe/Foundation.h"
#include "inference/training/VoteTraining.h"

namespace icmoe::training {

struct JointOptions : LoopOptions {
    int batch = 4;     ///< half of it teaches the experts, half the vote
    double rate = 0.1; ///< of the rates that experts and vote learned with
    VoteOptions vote;
    std::uint64_t seed = 1;
    std::map<std::string, double> setWeights;
    std::vector<std::size_t> views;     ///< for the experts
    std::vector<std::size_t> outsiders; ///< for the vote: pictures that no expert sees
};

struct JointResult {
    ExpertParameters basic;
    NamedTensors detail; ///< empty where the pack has none
    ExpertParameters semantic;
    ExpertParameters adaptive;
    NamedTensors voter;
};

/// Phase 5 (engine.md 2.6): experts and vote together, at a tenth of the rate. The experts learn from the answer that
/// the vote makes of them, on their own pictures; the vote learns on pictures that they never see, so that it does not
/// come to trust what they know by heart. `pack` has all parts. Errors as in trainVote().
[[nodiscard]] Result<JointResult> trainJointly(const Foundation& foundation, const Pack& pack, ViewLibrary& library,
                                               const JointOptions& options, const StepProgress& progress,
                                               std::stop_token stop);

} // namespace icmoe::training
