#pragma once

#include "inference/icmoe/Voting.h"

namespace icmoe {

/// A vote with all that the program shows of it.
struct VoteCount {
    Outcome outcome;
    at::Tensor disagreement; ///< [256, 256]
};

/// The same as softmax over the drawn-out votes, tally() and disagreement(), to 1e-6, in one pass over the pixels: by
/// the CUDA kernel where there is a device, by its twin elsewhere. For answers; training differentiates the operators.
/// `logits` [V, 256, 256], `votes` [V, 128, 128].
[[nodiscard]] VoteCount countVotes(const at::Tensor& logits, const at::Tensor& votes, double threshold, int usedHeight,
                                   int usedWidth);
/// The same by LibTorch's operators alone.
[[nodiscard]] VoteCount countVotesWithOperators(const at::Tensor& logits, const at::Tensor& votes, double threshold,
                                                int usedHeight, int usedWidth);

} // namespace icmoe
