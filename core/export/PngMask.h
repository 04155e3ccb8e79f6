#pragma once

#include "core/export/Export.h"

namespace icmoe {

/// Files to write for a PNG export: one slice each.
struct PngPlan {
    int slice = 0; ///< of options.plane
    std::filesystem::path path;
};
/// Which slices become which files; see exportSegmentation(). invalidArgument, outOfRange.
[[nodiscard]] Result<std::vector<PngPlan>> planPngFiles(const Geometry& geometry, const std::filesystem::path& path,
                                                        const ExportOptions& options);

/// The bytes of an indexed PNG of one slice. invalidArgument where labels overlap, limitExceeded for ids above 255.
[[nodiscard]] Result<std::vector<std::byte>> pngOfSlice(const Segmentation& segmentation, const SlicePlane& plane,
                                                        int slice);

/// Does the PNG hold exactly this slice? verificationFailed where not.
[[nodiscard]] Status verifyPng(const std::filesystem::path& path, const Segmentation& segmentation,
                               const SlicePlane& plane, int slice);

[[nodiscard]] Result<ImportedMasks> readPngMask(const std::filesystem::path& path, const Geometry& geometry,
                                                const ImportOptions& options);

} // namespace icmoe
