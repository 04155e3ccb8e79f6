#pragma once

#include "core/export/Export.h"
#include "core/export/GridWriter.h"

namespace icmoe {

/// A segmentation as label numbers in layers without overlap, ready for writeNifti() or writeNrrd(). Label ids are the
/// values. Refers to `segmentation`, which must outlive it. limitExceeded for an id above 65535.
[[nodiscard]] Result<GridWriteJob> labelMapJob(const Segmentation& segmentation, const Geometry& geometry);

/// Reads a NIfTI or NRRD label map onto a grid. Values become label ids; names, colours and codes come from icmoe's
/// NIfTI extension or from 3D Slicer's Segment…_ fields. Several pictures in a file are layers (with such fields) or,
/// where they hold only 0 and 1, one label each, with a notice. Errors of describeNifti()/describeNrrd();
/// unsupportedPixels (colours, values that are no label numbers, several volumes of unknown meaning); geometryMismatch
/// unless options.resample.
[[nodiscard]] Result<ImportedMasks> readLabelMap(const std::filesystem::path& path, MaskFormat format,
                                                 const Geometry& geometry, const ImportOptions& options);

} // namespace icmoe
