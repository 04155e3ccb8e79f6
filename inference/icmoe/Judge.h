#pragma once

#include "inference/icmoe/MaskFeatures.h"
#include "inference/icmoe/Voting.h"

namespace icmoe {

/// Beside the mask's own features: its family, its selector's score, which prompts there are, how familiar the
/// structure and how strange the picture is.
inline constexpr std::int64_t kVoiceFeatures = kMaskFeatures + static_cast<std::int64_t>(VoterFamily::count) + 8;

/// What the judge sees of each voice, [V, kVoiceFeatures]. grey: [256, 256] in 0..1; `usedWidth` × `usedHeight`:
/// without the padding.
[[nodiscard]] at::Tensor voiceFeatures(const Ballot& ballot, const at::Tensor& grey, int usedWidth, int usedHeight);

} // namespace icmoe
