#pragma once

#include "inference/training/TrainingPicture.h"

#include <cstdint>

namespace icmoe::training {

/// The picture as another scanner, another patient position, another hand might have given it: flipped, turned, zoomed,
/// shifted, with another gamma and contrast, blurred, noisy. Its labels move with it. The same seed gives the same
/// bits.
[[nodiscard]] TrainingPicture augmented(const TrainingPicture& picture, std::uint64_t seed);

/// In-place Gaussian blur of a height × width plane of `channels` interleaved values.
void blur(std::vector<float>& values, int width, int height, int channels, double sigma);

} // namespace icmoe::training
