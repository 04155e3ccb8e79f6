#pragma once

#include "core/dicom/FrameDecoder.h"
#include "core/image/Volume.h"

#include <cstddef>
#include <span>

namespace icmoe {

/// The voxel type that frames of this file get in a volume: colour becomes rgb8, a Modality LUT u16.
[[nodiscard]] SampleType volumeSampleType(const StoredFile& file);

/// Stored values of one frame to voxels of volumeSampleType(). `out` is one slice of the volume; both may be the same
/// memory where canDecodeInPlace().
void convertFrame(const StoredFile& file, ColourModel model, std::span<const std::byte> stored,
                  std::span<std::byte> out);
[[nodiscard]] bool canDecodeInPlace(const StoredFile& file);

} // namespace icmoe
