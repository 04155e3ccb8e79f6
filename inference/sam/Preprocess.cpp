#include "inference/sam/Preprocess.h"

#include <algorithm>
#include <cmath>

namespace icmoe {
namespace {

/// Beyond this a picture of very flat pixels is not enlarged further before it is shrunk to 256.
constexpr double kLargestSquareSide = 8192;
/// Spacings that differ by less are rounding of the file.
constexpr double kEqualSpacing = 1e-3;

int rounded(double side)
{
    return std::max(1, static_cast<int>(side + 0.5));
}

BytePicture threeChannels(const SliceImage& image)
{
    BytePicture picture{image.width, image.height, 3, {}};
    if (image.channels == 3) {
        picture.pixels = image.pixels;
        return picture;
    }
    picture.pixels.resize(image.pixels.size() * 3);
    for (std::size_t n = 0; n < image.pixels.size(); ++n) {
        std::fill_n(picture.pixels.begin() + static_cast<std::ptrdiff_t>(3 * n), 3, image.pixels[n]);
    }
    return picture;
}

} // namespace

Result<BytePicture> colourPicture(const SliceImage& image)
{
    if (image.width <= 0 || image.height <= 0) {
        return fail(ErrorCode::emptyInput, "the slice has no pixels");
    }
    const auto expected = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) *
                          static_cast<std::size_t>(std::max(image.channels, 0));
    if ((image.channels != 1 && image.channels != 3) || image.pixels.size() != expected) {
        return fail(ErrorCode::invalidArgument, "a slice of one or three channels with all its pixels was expected");
    }
    return threeChannels(image);
}

NetworkGrid NetworkGrid::of(int width, int height, double spacingX, double spacingY)
{
    NetworkGrid grid{width, height, width, height, 0, 0};
    const bool known = spacingX > 0 && spacingY > 0 && std::isfinite(spacingX) && std::isfinite(spacingY);
    if (known && std::abs(spacingX / spacingY - 1) > kEqualSpacing) {
        const double finest = std::min(spacingX, spacingY);
        const double longest = std::max(width * spacingX, height * spacingY) / finest;
        const double unit = finest * std::max(1.0, longest / kLargestSquareSide);
        grid.squareWidth = rounded(width * spacingX / unit);
        grid.squareHeight = rounded(height * spacingY / unit);
    }
    const double scale = static_cast<double>(kNetworkSide) / std::max(grid.squareWidth, grid.squareHeight);
    grid.usedWidth = rounded(grid.squareWidth * scale);
    grid.usedHeight = rounded(grid.squareHeight * scale);
    return grid;
}

double NetworkGrid::scaleX() const
{
    const double scale = static_cast<double>(kNetworkSide) / std::max(squareWidth, squareHeight);
    return squareWidth == width ? scale : scale * squareWidth / width;
}

double NetworkGrid::scaleY() const
{
    const double scale = static_cast<double>(kNetworkSide) / std::max(squareWidth, squareHeight);
    return squareHeight == height ? scale : scale * squareHeight / height;
}

Result<NetworkInput> prepare(const SliceImage& image)
{
    const auto picture = colourPicture(image);
    if (!picture) {
        return fail(picture.error());
    }
    NetworkInput input;
    input.grid = NetworkGrid::of(image.width, image.height, image.spacingX, image.spacingY);
    const auto& grid = input.grid;
    input.resized =
        resizeArea(resizeArea(*picture, grid.squareWidth, grid.squareHeight), grid.usedWidth, grid.usedHeight);
    const auto [least, most] = std::minmax_element(input.resized.pixels.begin(), input.resized.pixels.end());
    const double low = *least;
    const double span = std::max(static_cast<double>(*most) - low, 1e-8);
    input.values.assign(static_cast<std::size_t>(kNetworkSide) * kNetworkSide * 3, 0.0F);
    const auto used = static_cast<std::size_t>(grid.usedWidth) * 3;
    for (std::size_t y = 0; y < static_cast<std::size_t>(grid.usedHeight); ++y) {
        for (std::size_t n = 0; n < used; ++n) {
            input.values[y * kNetworkSide * 3 + n] =
                static_cast<float>((input.resized.pixels[y * used + n] - low) / span);
        }
    }
    return input;
}

std::vector<float> resampleBilinear(const float* values, int stride, int fromWidth, int fromHeight, int toWidth,
                                    int toHeight)
{
    struct Neighbours {
        std::size_t first = 0;
        std::size_t second = 0;
        float weight = 0; ///< of the second
    };
    const auto along = [](int from, int to) {
        std::vector<Neighbours> list;
        const float scale = static_cast<float>(from) / static_cast<float>(to);
        for (int d = 0; d < to; ++d) {
            const float source = std::max((static_cast<float>(d) + 0.5F) * scale - 0.5F, 0.0F);
            const int first = std::min(static_cast<int>(source), from - 1);
            list.push_back({static_cast<std::size_t>(first), static_cast<std::size_t>(std::min(first + 1, from - 1)),
                            source - static_cast<float>(first)});
        }
        return list;
    };
    const auto columns = along(fromWidth, toWidth);
    const auto rows = along(fromHeight, toHeight);
    std::vector<float> result;
    result.reserve(columns.size() * rows.size());
    for (const auto& row : rows) {
        const float* upper = values + row.first * static_cast<std::size_t>(stride);
        const float* lower = values + row.second * static_cast<std::size_t>(stride);
        for (const auto& column : columns) {
            const float above = upper[column.first] * (1 - column.weight) + upper[column.second] * column.weight;
            const float below = lower[column.first] * (1 - column.weight) + lower[column.second] * column.weight;
            result.push_back(above * (1 - row.weight) + below * row.weight);
        }
    }
    return result;
}

std::vector<float> resampleLogits(const float* logits, const NetworkGrid& grid)
{
    return resampleBilinear(logits, kNetworkSide, grid.usedWidth, grid.usedHeight, grid.width, grid.height);
}

} // namespace icmoe
