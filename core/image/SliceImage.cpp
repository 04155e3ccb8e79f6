#include "core/image/SliceImage.h"

#include "core/base/Sha256.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace icmoe {
namespace {

constexpr std::array<CtPreset, 4> kCtPresets{CtPreset{"abdomen", {400, 40}}, CtPreset{"lung", {1500, -600}},
                                             CtPreset{"bone", {1800, 400}}, CtPreset{"brain", {80, 40}}};

/// numpy's linear percentile of values that may be reordered.
double percentile(std::vector<double>& values, double q)
{
    const double position = q / 100.0 * static_cast<double>(values.size() - 1);
    const auto lower = static_cast<std::size_t>(position);
    const auto nth = values.begin() + static_cast<std::ptrdiff_t>(lower);
    std::nth_element(values.begin(), nth, values.end());
    const double low = *nth;
    const double high = lower + 1 < values.size() ? *std::min_element(nth + 1, values.end()) : low;
    return low + (high - low) * (position - static_cast<double>(lower));
}

ValueRange percentileRange(const Volume& volume)
{
    std::vector<double> positive;
    double least = std::numeric_limits<double>::max();
    double most = std::numeric_limits<double>::lowest();
    const Size3 size = volume.size();
    const std::size_t voxels = static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) *
                               static_cast<std::size_t>(size.depth);
    // every voxel up to a few million, then every n-th: the percentiles do not move
    const std::size_t stride = std::max<std::size_t>(1, voxels / 4'000'000) | 1U;
    std::size_t next = 0;
    std::size_t index = 0;
    for (int k = 0; k < size.depth; ++k) {
        const std::size_t inSlice = static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height);
        if (!volume.isLoaded(k)) {
            index += inSlice;
            next = std::max(next, index);
            continue;
        }
        for (; next < index + inSlice; next += stride) {
            const auto at = next - index;
            const double value = volume.value({static_cast<int>(at % static_cast<std::size_t>(size.width)),
                                               static_cast<int>(at / static_cast<std::size_t>(size.width)), k});
            if (std::isfinite(value)) {
                least = std::min(least, value);
                most = std::max(most, value);
                if (value > 0) {
                    positive.push_back(value);
                }
            }
        }
        index += inSlice;
    }
    ValueRange range{0, 1, true, false, "percentile 0.5–99.5"};
    if (positive.empty()) {
        range.from = least < most ? least : 0;
        range.to = least < most ? most : 1;
        range.zerosStayZero = false;
        range.name = "minimum–maximum";
        return range;
    }
    range.from = percentile(positive, 0.5);
    range.to = percentile(positive, 99.5);
    return range;
}

std::uint8_t toByte(double value, const ValueRange& range)
{
    if (range.identity) {
        return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
    }
    if (range.zerosStayZero && value == 0) {
        return 0;
    }
    const double unit = (std::clamp(value, range.from, range.to) - range.from) / std::max(range.to - range.from, 1e-8);
    return static_cast<std::uint8_t>(unit * 255.0);
}

std::string keyOf(const SliceImage& image)
{
    Sha256 hash;
    hash.update("slice 1 " + std::to_string(image.width) + " " + std::to_string(image.height) + " " +
                std::to_string(image.channels) + " " + std::to_string(image.spacingX) + " " +
                std::to_string(image.spacingY) + " " + image.range.name + "\n");
    hash.update(std::as_bytes(std::span(image.pixels)));
    return hash.hex();
}

} // namespace

std::span<const CtPreset> ctPresets()
{
    return kCtPresets;
}

ValueRange engineRange(const Volume& volume, std::string_view ctPreset)
{
    const bool flat = volume.size().depth == 1;
    if (volume.isColour() || (flat && volume.type() == SampleType::u8 && volume.rescale(0) == Rescale{})) {
        return {0, 255, false, true, "uint8"};
    }
    if (volume.description().modality == "CT") {
        const auto* preset =
            std::find_if(kCtPresets.begin(), kCtPresets.end(), [&](const CtPreset& p) { return p.name == ctPreset; });
        const auto& chosen = preset == kCtPresets.end() ? kCtPresets.front() : *preset;
        const WindowLevel w = chosen.window;
        return {w.level - w.width / 2, w.level + w.width / 2, false, false, "CT " + std::string(chosen.name)};
    }
    return percentileRange(volume);
}

Result<std::shared_ptr<const SliceImage>> cutSlice(const Volume& volume, Plane plane, int n, const ValueRange& range)
{
    const SlicePlane cut(volume.geometry(), plane);
    if (n < 0 || n >= cut.count()) {
        return fail(ErrorCode::outOfRange,
                    "slice " + std::to_string(n) + " was asked for, there are 0 to " + std::to_string(cut.count() - 1),
                    std::string(name(plane)) + " plane", "Choose a slice in this range");
    }
    if (cut.axisN() == 2 && !volume.isLoaded(n)) {
        return fail(ErrorCode::outOfRange, "slice " + std::to_string(n) + " is not loaded yet", {},
                    "Wait until it is there");
    }
    auto image = std::make_shared<SliceImage>();
    image->width = cut.width();
    image->height = cut.height();
    image->channels = volume.isColour() ? 3 : 1;
    image->spacingX = cut.spacingX();
    image->spacingY = cut.spacingY();
    image->plane = plane;
    image->slice = n;
    image->range = range;
    image->pixels.reserve(static_cast<std::size_t>(image->width) * static_cast<std::size_t>(image->height) *
                          static_cast<std::size_t>(image->channels));
    const bool inverted = volume.description().inverted;
    for (int y = 0; y < image->height; ++y) {
        for (int x = 0; x < image->width; ++x) {
            const Index3 at = cut.voxel(x, y, n);
            if (volume.isColour()) {
                const auto colour = volume.colour(at);
                image->pixels.insert(image->pixels.end(), colour.begin(), colour.end());
            } else {
                const std::uint8_t byte = toByte(volume.value(at), range);
                image->pixels.push_back(inverted ? static_cast<std::uint8_t>(255 - byte) : byte);
            }
        }
    }
    image->key = keyOf(*image);
    return std::shared_ptr<const SliceImage>(std::move(image));
}

} // namespace icmoe
