#pragma once

#include "core/base/Result.h"
#include "core/image/Volume.h"
#include "core/label/Label.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace icmoe {

/// A decoded PNG. Row-major, channels interleaved; 16-bit samples in native byte order; alpha is dropped.
struct PngPicture {
    int width = 0;
    int height = 0;
    SampleType type = SampleType::u8; ///< u8, u16 or rgb8
    bool indexed = false;             ///< pixels are palette indices
    std::vector<Colour> palette;      ///< of an indexed picture
    std::map<std::string, std::string> texts;
    std::vector<std::byte> pixels; ///< empty where only the header was asked for
};

enum class PngReading {
    headerOnly,
    colours, ///< palettes become rgb8, 1/2/4-bit grey is scaled to 8 bits, 16-bit RGB to 8
    indices, ///< palette indices and grey values as they are stored (masks)
};

/// unknownFormat, notFound, readFailed, truncatedFile, malformedFile, limitExceeded, decodeFailed.
[[nodiscard]] Result<PngPicture> readPng(const std::filesystem::path& path, PngReading reading);

/// Encodes an indexed 8-bit PNG (palette of at most 256 colours) with text entries.
[[nodiscard]] Result<std::vector<std::byte>> encodeIndexedPng(const PngPicture& picture);

} // namespace icmoe
