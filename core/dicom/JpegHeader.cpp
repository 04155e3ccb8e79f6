#include "core/dicom/JpegHeader.h"

#include <cstring>

namespace icmoe {
namespace {

int at(std::span<const std::byte> bytes, std::size_t i)
{
    return std::to_integer<int>(bytes[i]);
}

bool isFrameHeader(int marker)
{
    const bool isJpegLs = marker == 0xf7;
    const bool isSof = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    return isJpegLs || isSof;
}

} // namespace

std::optional<JpegHeader> readJpegHeader(std::span<const std::byte> codestream)
{
    JpegHeader header;
    std::size_t here = 2; // behind SOI
    while (here + 4 <= codestream.size()) {
        if (at(codestream, here) != 0xff) {
            return std::nullopt;
        }
        const int marker = at(codestream, here + 1);
        if (marker == 0xff) { // fill byte
            ++here;
            continue;
        }
        const auto length = static_cast<std::size_t>(at(codestream, here + 2)) * 256 +
                            static_cast<std::size_t>(at(codestream, here + 3));
        if (length < 2 || here + 2 + length > codestream.size()) {
            return std::nullopt;
        }
        const auto body = codestream.subspan(here + 4, length - 2);
        if (isFrameHeader(marker) && body.size() >= 6) {
            header.precision = at(body, 0);
            header.rows = at(body, 1) * 256 + at(body, 2);
            header.columns = at(body, 3) * 256 + at(body, 4);
            header.components = at(body, 5);
            return header;
        }
        if (marker == 0xe0 && body.size() >= 5 && std::memcmp(body.data(), "JFIF", 4) == 0) {
            header.hasJfif = true;
        } else if (marker == 0xee && body.size() >= 12 && std::memcmp(body.data(), "Adobe", 5) == 0) {
            header.adobeTransform = at(body, 11);
        } else if (marker == 0xda || marker == 0xd9) {
            return std::nullopt;
        }
        here += 2 + length;
    }
    return std::nullopt;
}

} // namespace icmoe
