#pragma once

#include "core/base/Result.h"
#include "core/dicom/InstanceHeader.h"

#include <cstddef>
#include <span>

namespace icmoe {

/// Decodes one JPEG 2000 codestream (or JP2 file) by OpenJPEG into interleaved samples of storedSampleType(format).
/// The codestream's own size must be rows × columns × samples before anything is allocated. decodeFailed; `where` is
/// empty.
[[nodiscard]] Status decodeJpeg2000(std::span<const std::byte> codestream, const PixelFormat& format,
                                    std::span<std::byte> out);

} // namespace icmoe
