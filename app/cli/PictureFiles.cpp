#include "app/cli/PictureFiles.h"

#include "core/base/AtomicFile.h"

#include <png.h>

#include <algorithm>
#include <cstring>

namespace icmoe::app {

namespace {

struct RgbPicture {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> pixels; ///< height × width × 3

    void set(int x, int y, Colour colour)
    {
        if (x >= 0 && y >= 0 && x < width && y < height) {
            std::uint8_t* p =
                &pixels[(static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) *
                        3];
            p[0] = colour.red;
            p[1] = colour.green;
            p[2] = colour.blue;
        }
    }
};

Result<std::vector<std::byte>> encode(const RgbPicture& picture)
{
    png_image header;
    std::memset(&header, 0, sizeof header);
    header.version = PNG_IMAGE_VERSION;
    header.width = static_cast<png_uint_32>(picture.width);
    header.height = static_cast<png_uint_32>(picture.height);
    header.format = PNG_FORMAT_RGB;
    png_alloc_size_t size = 0;
    std::vector<std::byte> bytes;
    if (png_image_write_to_memory(&header, nullptr, &size, 0, picture.pixels.data(), 0, nullptr) != 0) {
        bytes.resize(size);
        if (png_image_write_to_memory(&header, bytes.data(), &size, 0, picture.pixels.data(), 0, nullptr) != 0) {
            bytes.resize(size);
            return bytes;
        }
    }
    return fail(ErrorCode::writeFailed, std::string("the picture cannot be written as PNG: ") + header.message);
}

/// Each pixel becomes scale × scale pixels.
RgbPicture enlarged(const SliceImage& image, int scale)
{
    RgbPicture picture{image.width * scale, image.height * scale, {}};
    picture.pixels.resize(static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height) * 3);
    for (int y = 0; y < picture.height; ++y) {
        for (int x = 0; x < picture.width; ++x) {
            const auto at = (static_cast<std::size_t>(y / scale) * static_cast<std::size_t>(image.width) +
                             static_cast<std::size_t>(x / scale)) *
                            static_cast<std::size_t>(image.channels);
            const auto channel = [&](std::size_t c) { return image.pixels[at + (image.channels == 3 ? c : 0)]; };
            picture.set(x, y, {channel(0), channel(1), channel(2)});
        }
    }
    return picture;
}

/// Outlines run along pixel edges: corner (c − ½, r − ½) is the upper left of pixel (c, r).
void drawOutline(RgbPicture& picture, const std::vector<Point2>& outline, int scale, Colour colour)
{
    const auto place = [&](Point2 corner) {
        return std::pair(int((corner.x + 0.5) * scale), int((corner.y + 0.5) * scale));
    };
    for (std::size_t n = 0; n < outline.size(); ++n) {
        const auto [x0, y0] = place(outline[n]);
        const auto [x1, y1] = place(outline[(n + 1) % outline.size()]);
        for (int y = std::min(y0, y1); y <= std::max(y0, y1); ++y) {
            for (int x = std::min(x0, x1); x <= std::max(x0, x1); ++x) {
                picture.set(x, y, colour);
                picture.set(x - 1, y - 1, colour); // two pixels wide, or it is lost on large pictures
            }
        }
    }
}

} // namespace

Status checkOutput(const std::filesystem::path& path, bool replace)
{
    std::error_code ignored;
    if (!replace && std::filesystem::exists(path, ignored)) {
        return fail(ErrorCode::alreadyExists, "the file is there already", path.string(), "Give --force to replace it");
    }
    return {};
}

Status writeOverlayPng(const std::filesystem::path& path, const SliceImage& image, const SliceMask& mask,
                       const Label& label, bool replace)
{
    constexpr int kComfortableSide = 700;
    const int scale = std::clamp(kComfortableSide / std::max(image.width, image.height), 1, 8);
    RgbPicture picture = enlarged(image, scale);
    for (const auto& outline : outlines(mask)) {
        drawOutline(picture, outline, scale, label.colour);
    }
    const auto bytes = encode(picture);
    return bytes ? writeFileAtomically(path, *bytes, {.replace = replace, .mode = 0600}) : Status(fail(bytes.error()));
}

} // namespace icmoe::app
