#pragma once

#include "core/dicom/InstanceHeader.h"

namespace icmoe {

class Attributes;

/// What the data set tells about each of its frames: functional groups (shared and per frame), else the data set
/// itself, RT dose offsets, ultrasound regions and the projection's own spacing included.
[[nodiscard]] std::vector<FrameHeader> readFrameHeaders(const Attributes& root, int frames, const PixelFormat& format);

} // namespace icmoe
