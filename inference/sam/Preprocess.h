#pragma once

#include "core/base/Result.h"
#include "core/image/SliceImage.h"
#include "inference/sam/AreaResize.h"

#include <vector>

namespace icmoe {

/// The side of the square that the network sees.
inline constexpr int kNetworkSide = 256;
/// Stored with every answer; changes when the same picture would become other numbers.
inline constexpr int kPreprocessingVersion = 1;

/// How a slice's own pixels and the network's 256 × 256 picture lie on each other. Pixels that are not square in
/// millimetres are made square first; the slice's own grid stays what prompts and masks are given on.
struct NetworkGrid {
    int width = 0; ///< of the slice
    int height = 0;
    int squareWidth = 0; ///< of the slice with square pixels
    int squareHeight = 0;
    int usedWidth = 0; ///< columns of the network's picture that show the slice; the rest is padding
    int usedHeight = 0;

    [[nodiscard]] static NetworkGrid of(int width, int height, double spacingX = 1, double spacingY = 1);
    [[nodiscard]] double scaleX() const; ///< network pixels per slice pixel
    [[nodiscard]] double scaleY() const;
};

/// What goes into the encoder.
struct NetworkInput {
    NetworkGrid grid;
    BytePicture resized;       ///< usedWidth × usedHeight, before normalising
    std::vector<float> values; ///< 256 × 256 × 3, channel last, 0..1, padded with zeros right and below
};

/// The slice's pixels as three channels. emptyInput, invalidArgument (channels, or fewer bytes than the size needs).
[[nodiscard]] Result<BytePicture> colourPicture(const SliceImage& image);

/// engine.md section 1, first column. emptyInput, invalidArgument (channels, or fewer bytes than the size needs).
[[nodiscard]] Result<NetworkInput> prepare(const SliceImage& image);

/// Values at pixel centres, bilinear (edges held), from a picture of fromWidth × fromHeight whose rows lie `stride`
/// apart. toHeight × toWidth values.
[[nodiscard]] std::vector<float> resampleBilinear(const float* values, int stride, int fromWidth, int fromHeight,
                                                  int toWidth, int toHeight);

/// Logits of the network's grid (256 × 256) on the slice's own grid: cropped to the used part, then bilinear between
/// pixel centres. height × width values; the mask is where they are above zero.
[[nodiscard]] std::vector<float> resampleLogits(const float* logits, const NetworkGrid& grid);

} // namespace icmoe
