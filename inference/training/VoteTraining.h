#pragma once

#include "core/evaluation/Protocol.h"
#include "inference/icmoe/Council.h"
#include "inference/training/BasicTraining.h"

#include <array>

namespace icmoe::training {

struct VoteOptions {
    int questions = 2000; ///< simulated ones for the selector
    int selectorSteps = 3000;
    int cases = 500;  ///< simulated sessions for judge and vote
    int steps = 1500; ///< of the voting network
    int batch = 4;
    std::uint64_t seed = 1;
    double labelConsistency = 0.1; ///< its share of the loss
    double guard = 1;              ///< the share of what the vote makes worse than the base alone
    double temperature = 0.5;      ///< of the target vote
    bool judge = true;             ///< scores all voices for the vote; else the selector's scores are all it knows
    int judgeSteps = 2000;
    CouncilOptions voices; ///< who is heard
    std::map<std::string, double> setWeights;
    std::vector<std::size_t> views; ///< for the selector, which hears no expert; empty: all
    std::filesystem::path sessions; ///< where sessions are kept; empty: nowhere
};

/// Experts, and pictures that none of them has seen: of known data sets, or of data sets that were left out of their
/// training. The vote learns on all pools in turn, so that it also learns when to stay with the base.
struct VotePool {
    std::string name; ///< "kept", "fold 1"
    const Council* council = nullptr;
    std::vector<std::size_t> views;
    bool isOfKnownSets = false; ///< the experts have learned on other pictures of the same data sets
};

/// Trains the selector on hypotheses around simulated clicks: it learns their Dice. Errors of the library; cancelled.
[[nodiscard]] Result<NamedTensors> trainSelector(const Council& council, ViewLibrary& library,
                                                 const VoteOptions& options, const StepProgress& progress,
                                                 std::stop_token stop);

/// The loss of one vote, at the network's size: of the answer, and of the weights themselves. `truth`: [256, 256].
[[nodiscard]] at::Tensor voteLoss(const Ballot& ballot, const at::Tensor& weights, const NetworkGrid& grid,
                                  const at::Tensor& truth, const VoteOptions& options);

/// How well voices and their combinations did on sessions that the vote was not trained on.
struct VoteTable {
    int cases = 0;
    double best = 0;     ///< mean Dice of the oracle that picks the best voice of each case
    double base = 0;     ///< of the base: its first mask, or the first hypothesis
    double mean = 0;     ///< of the mean of the voices
    double vote = 0;     ///< of the vote
    double quickest = 0; ///< of the voice with the highest predicted IoU
    double scored = 0;   ///< of the voice with the highest score
    std::map<std::string, std::pair<double, int>> voices; ///< by name: mean Dice where it spoke, and how often
    evaluation::Reliability reliability;                  ///< of the estimate of quality
};

/// Parameters of the voting network that are found by search: no gradient moves them.
inline constexpr std::array kSearched{"threshold", "cut", "familiar"};

/// Phase 4 (engine.md 2.4): the judge and the voting network on ballots of simulated sessions, experts frozen, then
/// what is searched. The vote learns with scores of judges that have not seen the same picture, and none of a data set
/// that the experts do not know. `tables` are of the tenth of the sessions that took no part.
struct TrainedVote {
    NamedTensors judge; ///< empty where none was wanted
    NamedTensors parameters;
    NamedTensors quality;                    ///< QualityEstimate
    std::map<std::string, VoteTable> tables; ///< by pool
};
/// Plays the `worker`th of `workers` shares of the sessions for trainVote() into options.sessions. Errors as of
/// trainVote().
Status playSessions(const std::vector<VotePool>& pools, ViewLibrary& library, const VoteOptions& options, int worker,
                    int workers, const StepProgress& progress, const std::stop_token& stop);
/// emptyInput where a pool has no picture; errors of the library; cancelled.
[[nodiscard]] Result<TrainedVote> trainVote(const std::vector<VotePool>& pools, ViewLibrary& library,
                                            const VoteOptions& options, const StepProgress& progress,
                                            std::stop_token stop);

} // namespace icmoe::training
