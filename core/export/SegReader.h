#pragma once

#include "core/export/Export.h"

namespace icmoe {

/// Puts the segments of a SEG of any maker onto the grid of `source`. Frames are placed by position and orientation
/// (turned and flipped ones voxel by voxel), or by the source instance that they refer to where they have no position
/// or another frame of reference. Segment numbers become label ids; a fractional segment is cut at one half, with a
/// notice; segments may overlap and may be empty.
///
/// Errors of readSegObject(), and geometryMismatch where a frame lies on no slice of the grid (unless
/// options.resample).
[[nodiscard]] Result<ImportedMasks> readSeg(const std::filesystem::path& path, const Series& source,
                                            const Geometry& geometry, const ImportOptions& options);

} // namespace icmoe
