#include "ReferencePictures.h"

#include <cstdlib>
#include <cstring>
#include <functional>
#include <zlib.h>

namespace icmoe::test {
namespace {

SliceImage paint(int width, int height, int channels,
                 const std::function<std::int64_t(std::int64_t, std::int64_t, int)>& value)
{
    SliceImage image;
    image.width = width;
    image.height = height;
    image.channels = channels;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (int c = 0; c < channels; ++c) {
                image.pixels.push_back(static_cast<std::uint8_t>(value(x, y, c)));
            }
        }
    }
    return image;
}

std::int64_t tiles(std::int64_t x, std::int64_t y)
{
    const bool inside = x >= 60 && x < 200 && y >= 70 && y < 170;
    return inside ? 200 - (x - 130) * (x - 130) / 120 : 40 + (3 * x + 2 * y) % 64 + 90 * ((x / 32 + y / 48) % 2);
}

std::int64_t discs(std::int64_t x, std::int64_t y, int c)
{
    const auto distance = (x - 90) * (x - 90) + (y - 140) * (y - 140);
    const std::int64_t inner[] = {230, 220, 90};
    const std::int64_t outer[] = {190, 120, 110};
    const std::int64_t ground[] = {60 + x % 50, 50 + y % 70, 80};
    return distance < 20 * 20 ? inner[c] : distance < 55 * 55 ? outer[c] : ground[c];
}

std::int64_t waves(std::int64_t x, std::int64_t y, int c)
{
    const std::int64_t values[] = {(x * x + 3 * y * y) >> 9, (7 * x * y) >> 8, 3 * x + 5 * y};
    return values[c] & 255;
}

std::int64_t noisyBox(std::int64_t x, std::int64_t y)
{
    const auto noise = ((x * 2654435761 + y * 40503 + x * y * 97) >> 7) % 41;
    return 70 + noise + (std::abs(x - 256) < 120 && std::abs(y - 220) < 90 ? 75 : 0);
}

/// Axial slice 80 of Colin27's T1, front up.
std::optional<SliceImage> colin()
{
    gzFile file = ::gzopen("/usr/share/mricron/templates/ch2.nii.gz", "rb");
    if (file == nullptr) {
        return std::nullopt;
    }
    std::string header(348, '\0');
    const bool read = ::gzread(file, header.data(), 348) == 348;
    std::int16_t size[3] = {};
    float start = 0;
    std::memcpy(size, header.data() + 42, sizeof size);
    std::memcpy(&start, header.data() + 108, sizeof start);
    const long slice = static_cast<long>(size[0]) * size[1];
    std::string pixels(static_cast<std::size_t>(slice), '\0');
    const bool found = read && ::gzseek(file, static_cast<long>(start) + 80 * slice, SEEK_SET) >= 0 &&
                       ::gzread(file, pixels.data(), static_cast<unsigned>(slice)) == slice;
    ::gzclose(file);
    if (!found) {
        return std::nullopt;
    }
    return paint(size[0], size[1], 1, [&](auto x, auto y, int) {
        return static_cast<std::uint8_t>(pixels[static_cast<std::size_t>((size[1] - 1 - y) * size[0] + x)]);
    });
}

} // namespace

std::optional<SliceImage> referencePicture(const std::string& name)
{
    if (name == "tiles256") {
        return paint(256, 256, 1, [](auto x, auto y, int) { return tiles(x, y); });
    }
    if (name == "discs300x200") {
        return paint(200, 300, 3, discs);
    }
    if (name == "ellipse100x140") {
        return paint(140, 100, 1, [](auto x, auto y, int) {
            return 30 + (x * y) % 23 + 120 * (4 * (x - 80) * (x - 80) + 9 * (y - 50) * (y - 50) < 14400 ? 1 : 0);
        });
    }
    if (name == "box512") {
        return paint(512, 512, 1, [](auto x, auto y, int) { return noisyBox(x, y); });
    }
    if (name == "waves1300x1500") {
        return paint(1500, 1300, 3, waves);
    }
    if (name == "flat64") {
        return paint(64, 64, 1, [](auto, auto, int) { return 7; });
    }
    return colin();
}

SliceImage boxPicture()
{
    auto image = *referencePicture("box512");
    image.key = "box512";
    return image;
}

} // namespace icmoe::test
