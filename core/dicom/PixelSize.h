#pragma once

#include "core/dicom/PreScan.h"

#include <string>

namespace icmoe {

/// Holds Rows × Columns × Frames × samples × bits against the pixel bytes that are present; for compressed pixels
/// against what so many bytes can hold at all. Errors as preScan() names them; unsupportedPixels beyond four samples a
/// pixel.
[[nodiscard]] Status checkPixelSize(const PreScan& scan, const std::string& name);

} // namespace icmoe
