#pragma once

#include <cstdint>
#include <vector>

namespace icmoe {

/// An 8-bit picture, height × width × channels.
struct BytePicture {
    int width = 0;
    int height = 0;
    int channels = 1;
    std::vector<std::uint8_t> pixels;
};

/// Resizes to width × height bit for bit as OpenCV's INTER_AREA does on 8-bit pictures (the recipe of litemedsam.md C):
/// area averaging where both sides shrink, otherwise its fixed-point interpolation. Sides must be positive.
[[nodiscard]] BytePicture resizeArea(const BytePicture& picture, int width, int height);

} // namespace icmoe
