#pragma once

#include "core/base/Result.h"
#include "core/image/Volume.h"

#include <filesystem>
#include <vector>

namespace icmoe {

/// A decoded JPEG: grey (u8) or rgb8, row-major, channels interleaved.
struct JpegPicture {
    int width = 0;
    int height = 0;
    SampleType type = SampleType::u8;
    std::vector<std::byte> pixels; ///< empty where only the header was asked for
};

/// unknownFormat, notFound, readFailed, truncatedFile, limitExceeded, unsupportedPixels (CMYK), decodeFailed.
[[nodiscard]] Result<JpegPicture> readJpeg(const std::filesystem::path& path, bool headerOnly);

} // namespace icmoe
