#pragma once

#include "core/base/Result.h"
#include "core/study/Scan.h"
#include "core/study/Study.h"

#include <filesystem>
#include <memory>

namespace icmoe {

/// Looks at a picture that is not DICOM: NIfTI-1/2 (.nii, .nii.gz), NRRD (.nrrd, .nhdr), PNG, JPEG. The content
/// decides, not the ending. Reads the header only and allocates no pixels.
///
/// The study has no UIDs and no patient. NIfTI and NRRD files with several volumes (time points) give one series for
/// each, told apart by `splitKey` ("volume 2") and `Instance::frame`. Where a file's axes are left-handed its slices
/// are taken in reverse, so that they run along `Geometry::normal()`; a skewed third axis is kept in the slice
/// positions. PNG and JPEG have no spacing (SpacingSource::none) and no place in the patient; their rows and columns
/// are those of the file (an EXIF rotation is not applied).
///
/// Errors: unknownFormat (no such signature: not meant to be a picture of these kinds), notFound, readFailed,
/// malformedFile, truncatedFile, limitExceeded, unsupportedPixels, geometryNotRepresentable (rows and columns that are
/// not perpendicular). `where` names file and field.
[[nodiscard]] Result<Study> describeImageFile(const std::filesystem::path& path);

/// Reads the pixels of a series that describeImageFile() found, slice after slice. NIfTI scl_slope becomes the rescale;
/// 64-bit integers become f64; RGB(A) becomes rgb8 without alpha; palettes become rgb8. Errors as above, decodeFailed,
/// and cancelled.
[[nodiscard]] Result<std::shared_ptr<const Volume>> loadImageFile(const Series& series, const LoadOptions& options);

} // namespace icmoe
