#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace icmoe {

/// What a JPEG or JPEG-LS codestream says about itself before its first scan (T.81 B.2.2, T.87 C.2.2).
struct JpegHeader {
    int rows = 0;
    int columns = 0;
    int components = 0;
    int precision = 0;
    bool hasJfif = false;              ///< APP0 "JFIF": colours are YCbCr
    std::optional<int> adobeTransform; ///< APP14: 0 RGB, 1 YCbCr
};

/// Nothing where there is no frame header.
[[nodiscard]] std::optional<JpegHeader> readJpegHeader(std::span<const std::byte> codestream);

} // namespace icmoe
