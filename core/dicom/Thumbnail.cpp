#include "core/dicom/SeriesBuilder.h"
#include "core/study/Scan.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace icmoe {
namespace {

/// The middle slice alone, where slices are separate frames.
Series middleOf(const Series& series)
{
    Series one = series;
    if (series.format == SourceFormat::dicom && series.instances.size() > 1) {
        one.instances = {series.instances[series.instances.size() / 2]};
        one.geometry.reset();
    }
    return one;
}

/// Display colours 0..255 of a pixel of slice k.
std::array<double, 3> shown(const Volume& volume, const WindowLevel& window, Index3 index)
{
    if (volume.isColour()) {
        const auto colour = volume.colour(index);
        return {static_cast<double>(colour[0]), static_cast<double>(colour[1]), static_cast<double>(colour[2])};
    }
    const double grey = window.apply(volume.value(index));
    return {volume.description().inverted ? 255 - grey : grey, 0, 0};
}

} // namespace

Result<Thumbnail> makeThumbnail(const Series& series, int side)
{
    if (side < 1) {
        return fail(ErrorCode::invalidArgument, "expected a positive size, found " + std::to_string(side));
    }
    const auto loaded = loadVolume(middleOf(series));
    if (!loaded) {
        return fail(loaded.error());
    }
    const Volume& volume = **loaded;
    const Size3 size = volume.size();
    const int k = size.depth / 2;
    // True proportions, at most as large as the picture.
    const double width = size.width * volume.geometry().spacingI();
    const double height = size.height * volume.geometry().spacingJ();
    const double scale =
        std::min(1.0, std::max(size.width, size.height) / static_cast<double>(side)) * side / std::max(width, height);
    Thumbnail thumbnail;
    thumbnail.width = std::max(1, static_cast<int>(std::lround(width * scale)));
    thumbnail.height = std::max(1, static_cast<int>(std::lround(height * scale)));
    thumbnail.channels = volume.isColour() ? 3 : 1;
    const WindowLevel window = volume.defaultWindow();
    for (int y = 0; y < thumbnail.height; ++y) {
        for (int x = 0; x < thumbnail.width; ++x) {
            const int x0 = x * size.width / thumbnail.width;
            const int y0 = y * size.height / thumbnail.height;
            const int x1 = std::max(x0 + 1, (x + 1) * size.width / thumbnail.width);
            const int y1 = std::max(y0 + 1, (y + 1) * size.height / thumbnail.height);
            std::array<double, 3> sum{};
            for (int j = y0; j < y1; ++j) {
                for (int i = x0; i < x1; ++i) {
                    const auto colour = shown(volume, window, {i, j, k});
                    std::transform(sum.begin(), sum.end(), colour.begin(), sum.begin(), std::plus<>());
                }
            }
            const double count = static_cast<double>(x1 - x0) * (y1 - y0);
            for (int c = 0; c < thumbnail.channels; ++c) {
                thumbnail.pixels.push_back(
                    static_cast<std::uint8_t>(std::lround(sum[static_cast<std::size_t>(c)] / count)));
            }
        }
    }
    return thumbnail;
}

} // namespace icmoe
