#pragma once

#include "inference/cuda/VoteKernel.h"

namespace icmoe::cuda {

/// The kernel's CPU twin: the same numbers (to 1e-6) from arrays in the host's memory, for any number of voices.
int voteOnProcessor(const IcmoeVoteInput* input, const IcmoeVoteOutput* output, void* stream) noexcept;

} // namespace icmoe::cuda
