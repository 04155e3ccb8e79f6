#pragma once

#include "core/base/Result.h"
#include "core/dicom/InstanceHeader.h"

#include <cstddef>
#include <span>

namespace icmoe {

/// What the decoded samples mean: compressed colour may come out as something else than the data set says.
enum class ColourModel { grey, palette, rgb, ybr };

/// decodeStoredFrame(), and what the samples mean.
[[nodiscard]] Result<ColourModel> decodeFrame(const StoredFile& file, int frame, std::span<std::byte> out);

} // namespace icmoe
