#pragma once

#include "core/base/Result.h"
#include "core/image/SliceImage.h"
#include "inference/sam/AreaResize.h"

#include <vector>

namespace icmoe {

/// Stored with every answer; changes when the same picture would become other numbers.
inline constexpr int kSamPreprocessingVersion = 1;
/// The side of the square that SAM and MedSAM see.
inline constexpr int kSamSide = 1024;
/// Of their masks.
inline constexpr int kSamMaskSide = 256;

/// Whose published steps a picture goes through (engine.md section 1, second and third column).
enum class SamRecipe {
    sam,    ///< longest side 1024, bilinear; the data set's mean and deviation; padded right and below
    medsam, ///< stretched to 1024 × 1024, cubic; minimum to maximum
};

/// How a slice's own pixels and the network's picture lie on each other. SAM sees pixels that are not square in
/// millimetres as squares; MedSAM stretches every picture anyway.
struct SamGrid {
    SamRecipe recipe = SamRecipe::sam;
    int width = 0; ///< of the slice
    int height = 0;
    int usedWidth = 0; ///< columns of the network's picture that show the slice; the rest is padding
    int usedHeight = 0;

    [[nodiscard]] static SamGrid of(SamRecipe recipe, int width, int height, double spacingX = 1, double spacingY = 1);
    /// Network pixels per slice pixel.
    [[nodiscard]] double scaleX() const { return static_cast<double>(usedWidth) / width; }
    [[nodiscard]] double scaleY() const { return static_cast<double>(usedHeight) / height; }
};

/// What goes into the encoder.
struct SamInput {
    SamGrid grid;
    BytePicture resized;       ///< usedWidth × usedHeight, before normalising
    std::vector<float> values; ///< 1024 × 1024 × 3, channel last
};

/// emptyInput, invalidArgument (channels, or fewer bytes than the size needs).
[[nodiscard]] Result<SamInput> prepareSam(const SliceImage& image, SamRecipe recipe);

/// Logits of the network's masks (256 × 256) on the slice's own grid, by the family's own way back: height × width
/// values, the mask is where they are above zero. For MedSAM, which interpolates probabilities, they are p − ½.
[[nodiscard]] std::vector<float> resampleSamLogits(const float* logits, const SamGrid& grid);

} // namespace icmoe
