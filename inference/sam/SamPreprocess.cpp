#include "inference/sam/SamPreprocess.h"

#include "inference/sam/FilterResize.h"
#include "inference/sam/Preprocess.h"

#include <algorithm>
#include <cmath>

namespace icmoe {
namespace {

/// Spacings that differ by less are rounding of the file.
constexpr double kEqualSpacing = 1e-3;
constexpr float kMean[3] = {123.675F, 116.28F, 103.53F};
constexpr float kDeviation[3] = {58.395F, 57.12F, 57.375F};

int rounded(double side)
{
    return std::clamp(static_cast<int>(side + 0.5), 1, kSamSide);
}

/// Our own values of a resized picture's bytes, in a square that is zero where the picture is not.
template<typename Value>
std::vector<float> padded(const BytePicture& picture, const Value& value)
{
    std::vector<float> values(static_cast<std::size_t>(kSamSide) * kSamSide * 3, 0.0F);
    const auto used = static_cast<std::size_t>(picture.width) * 3;
    for (std::size_t y = 0; y < static_cast<std::size_t>(picture.height); ++y) {
        for (std::size_t n = 0; n < used; ++n) {
            values[y * kSamSide * 3 + n] = value(picture.pixels[y * used + n], n % 3);
        }
    }
    return values;
}

std::vector<float> standardised(const BytePicture& picture)
{
    return padded(picture, [](std::uint8_t byte, std::size_t channel) {
        return (static_cast<float>(byte) - kMean[channel]) / kDeviation[channel];
    });
}

std::vector<float> stretched(const BytePicture& picture)
{
    const auto [least, most] = std::minmax_element(picture.pixels.begin(), picture.pixels.end());
    const double low = *least;
    const double span = std::max(static_cast<double>(*most) - low, 1e-8);
    return padded(picture,
                  [&](std::uint8_t byte, std::size_t /*channel*/) { return static_cast<float>((byte - low) / span); });
}

/// A grey picture's channels are equal, so that one of them is resized and then repeated.
BytePicture resizeCubicOf(const SliceImage& image, const SamGrid& grid)
{
    const BytePicture own{image.width, image.height, image.channels, image.pixels};
    auto resized = resizeCubic(own, grid.usedWidth, grid.usedHeight);
    if (resized.channels == 1) {
        SliceImage grey;
        grey.width = resized.width;
        grey.height = resized.height;
        grey.pixels = std::move(resized.pixels);
        resized = *colourPicture(grey);
    }
    return resized;
}

} // namespace

SamGrid SamGrid::of(SamRecipe recipe, int width, int height, double spacingX, double spacingY)
{
    if (recipe == SamRecipe::medsam) {
        return {recipe, width, height, kSamSide, kSamSide};
    }
    double across = width;
    double down = height;
    const bool known = spacingX > 0 && spacingY > 0 && std::isfinite(spacingX) && std::isfinite(spacingY);
    if (known && std::abs(spacingX / spacingY - 1) > kEqualSpacing) {
        across *= spacingX;
        down *= spacingY;
    }
    const double scale = kSamSide / std::max(across, down);
    return {recipe, width, height, rounded(across * scale), rounded(down * scale)};
}

Result<SamInput> prepareSam(const SliceImage& image, SamRecipe recipe)
{
    const auto picture = colourPicture(image);
    if (!picture) {
        return fail(picture.error());
    }
    SamInput input;
    input.grid = SamGrid::of(recipe, image.width, image.height, image.spacingX, image.spacingY);
    if (recipe == SamRecipe::medsam) {
        input.resized = resizeCubicOf(image, input.grid);
        input.values = stretched(input.resized);
    } else {
        input.resized = resizeBilinear(*picture, input.grid.usedWidth, input.grid.usedHeight);
        input.values = standardised(input.resized);
    }
    return input;
}

std::vector<float> resampleSamLogits(const float* logits, const SamGrid& grid)
{
    if (grid.recipe == SamRecipe::medsam) {
        std::vector<float> chances(static_cast<std::size_t>(kSamMaskSide) * kSamMaskSide);
        std::transform(logits, logits + chances.size(), chances.begin(),
                       [](float logit) { return 1.0F / (1.0F + std::exp(-logit)) - 0.5F; });
        return resampleBilinear(chances.data(), kSamMaskSide, kSamMaskSide, kSamMaskSide, grid.width, grid.height);
    }
    const auto large = resampleBilinear(logits, kSamMaskSide, kSamMaskSide, kSamMaskSide, kSamSide, kSamSide);
    return resampleBilinear(large.data(), kSamSide, grid.usedWidth, grid.usedHeight, grid.width, grid.height);
}

} // namespace icmoe
