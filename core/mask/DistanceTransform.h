#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace icmoe {

/// Squared Euclidean distance of every pixel to the nearest non-zero pixel of `seeds` (height × width), with pixel
/// distances `spacingX`, `spacingY`; infinity where there is no seed. Felzenszwalb and Huttenlocher 2012, exact.
[[nodiscard]] std::vector<double> squaredDistance(std::span<const std::uint8_t> seeds, int width, int height,
                                                  double spacingX, double spacingY);

} // namespace icmoe
