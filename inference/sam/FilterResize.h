#pragma once

#include "inference/sam/AreaResize.h"

namespace icmoe {

/// Resizes to width × height bit for bit as Pillow's Image.resize with its bilinear filter, which averages where the
/// picture shrinks: two passes of 22-bit fixed-point weights, rounded to bytes in between. Sides must be positive.
[[nodiscard]] BytePicture resizeBilinear(const BytePicture& picture, int width, int height);

/// Resizes to width × height as scikit-image's transform.resize does with order 3, anti_aliasing and preserve_range:
/// along a side that shrinks a Gaussian goes first, then an interpolating cubic B-spline is sampled, values are clipped
/// to the picture's own range and truncated to bytes. The reference truncates whatever rounding left of a whole number,
/// here values that lie less than 1e-6 below one count as it; so bytes can differ by one. Sides must be positive.
[[nodiscard]] BytePicture resizeCubic(const BytePicture& picture, int width, int height);

} // namespace icmoe
