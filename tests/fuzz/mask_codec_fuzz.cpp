#include "core/store/MaskCodec.h"

#include <cstdint>
#include <cstdlib>

// A stored mask is refused with a type, or decodes to what encodes and decodes to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto bytes = std::as_bytes(std::span(data, size));
    if (const auto mask = icmoe::decodeMask(bytes);
        mask && icmoe::decodeMask(icmoe::encodeMask(*mask).value()) != mask) {
        std::abort();
    }
    if (const auto patch = icmoe::decodePatch(bytes);
        patch && icmoe::decodePatch(icmoe::encodePatch(*patch).value()) != patch) {
        std::abort();
    }
    constexpr std::size_t kPixels = 64;
    if (const auto map = icmoe::decodeMap(bytes, kPixels);
        map && icmoe::decodeMap(icmoe::encodeMap(*map), kPixels) != map) {
        std::abort();
    }
    return 0;
}
