#pragma once

#include "core/base/Result.h"
#include "core/dicom/InstanceHeader.h"
#include "core/study/Study.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace icmoe {

/// Bytes of one decoded frame: rows × columns × samplesPerPixel samples of storedSampleType().
[[nodiscard]] std::size_t storedFrameBytes(const PixelFormat& format);

/// Decodes one frame into `out` (exactly storedFrameBytes() long): the stored values before any LUT, in the machine's
/// byte order, samples of a pixel side by side, YBR not converted (4:2:2 brought to full size), 1-bit pictures as 0 and
/// 1, unused high bits cleared or filled with the sign. Any thread. Errors: outOfRange (frame), readFailed,
/// truncatedFile, unsupportedTransferSyntax, decodeFailed.
[[nodiscard]] Status decodeStoredFrame(const StoredFile& file, int frame, std::span<std::byte> out);

/// The stored values of one frame, for tests and `list --json`.
struct StoredValues {
    int rows = 0;
    int columns = 0;
    int samplesPerPixel = 1;
    SampleType type = SampleType::u8; ///< of one sample, never rgb8
    std::vector<std::byte> bytes = {};
    [[nodiscard]] double minimum() const;
    [[nodiscard]] double maximum() const;
};
/// Of a DICOM instance that scan() found (or one with `file` and `frame` alone). sourceNotDicom is unknownFormat here.
[[nodiscard]] Result<StoredValues> storedFrameValues(const Instance& instance);

/// Of all frames of one file (a picture or a SEG): what `list --json` prints. notAnImage for other objects.
struct StoredSummary {
    int rows = 0;
    int columns = 0;
    int frames = 0;
    std::string transferSyntaxUid = {};
    double minimum = 0;
    double maximum = 0;
    std::string sha256 = {}; ///< of the bytes of all frames, one after the other
};
[[nodiscard]] Result<StoredSummary> summarizeStoredValues(const std::filesystem::path& file);

} // namespace icmoe
