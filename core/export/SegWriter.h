#pragma once

#include "core/export/Export.h"

namespace icmoe {

/// Writes a DICOM Segmentation (PS3.3 A.51, BINARY, explicit little endian) by DCMTK's dcmdata to `path`, which is a
/// temporary name: nothing is renamed here. `path` must exist already, so that its permissions are kept.
///
/// * One segment a label, numbered 1, 2, … in the order of the labels; names beyond 64 characters stand in full in
///   SegmentDescription. Labels may overlap.
/// * A frame for each slice on which a label has voxels. A label without voxels is a segment without frames; where no
///   label has any, the first segment gets one empty frame, because an object must have pixels.
/// * Frames refer to their source instance (and frame, where the source is multi-frame), and have position, orientation
///   and spacing where the source is placed in the patient.
/// * A source without Frame of Reference UID that is placed in the patient: the object gets a UID made from the
/// source's
///   instance UIDs (the same each time). A source without position (ultrasound, secondary capture): the object has no
///   frame of reference and no positions, and frames are found by their references alone.
/// * A source without study or series UID gets one made from its instance UIDs.
///
/// emptyInput (no label), limitExceeded (rows or columns above 65535, more pixels than an object holds),
/// sourceNotDicom, missingAttribute, geometryMismatch (the segmentation is on another grid), writeFailed.
[[nodiscard]] Status writeSeg(const Segmentation& segmentation, const Series& source, const Geometry& geometry,
                              const std::filesystem::path& path, const ExportOptions& options);

/// Sets the bits of a run of pixels in a bit-packed stream (PS3.5 8.1.1: least significant bit first, frames back to
/// back).
void setBits(std::vector<std::uint8_t>& packed, std::uint64_t begin, std::uint64_t end);

} // namespace icmoe
