#pragma once

#include "core/base/Result.h"
#include "core/engine/Proposal.h"
#include "core/mask/Segmentation.h"
#include "core/study/Study.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>

namespace icmoe {

enum class MaskFormat { dicomSeg, nifti, nrrd, png };

[[nodiscard]] std::optional<MaskFormat> maskFormatFromEnding(const std::filesystem::path& path);
[[nodiscard]] std::optional<MaskFormat> maskFormatFromName(std::string_view name);

enum class AlgorithmType { manual, semiautomatic, automatic };

struct ExportOptions {
    bool replace = false;  ///< overwrite an existing file
    bool resample = false; ///< allow a format that cannot hold the grid, by resampling (nearest neighbour)
    std::string seriesDescription = "Segmentation";
    std::string author; ///< content creator's name
    /// What made each label; SEG says it truthfully. Missing: manual.
    std::map<LabelId, AlgorithmType> algorithm;
    std::string algorithmName = "icmoe";
    std::string algorithmVersion = ICMOE_VERSION;
    Plane plane = Plane::acquisition; ///< PNG: the plane whose slices become pictures
    std::optional<int> slice;         ///< PNG: this slice of the plane alone
    std::stop_token stop;
    /// Called with the temporary file before it is read back. Tests damage the file here.
    std::function<void(const std::filesystem::path&)> beforeVerification;
};

/// Writes a segmentation of `source` (its grid) to a file, reads it back, compares voxel for voxel, and only then gives
/// it its name. dicomSeg of a source that is not DICOM: sourceNotDicom; a grid that NIfTI or NRRD cannot hold:
/// geometryNotRepresentable; a file that reads back differently: verificationFailed, nothing left behind.
[[nodiscard]] Status exportSegmentation(const Segmentation& segmentation, const Series& source,
                                        const Geometry& geometry, const std::filesystem::path& path, MaskFormat format,
                                        const ExportOptions& options = {});

struct ImportOptions {
    bool resample = false;                 ///< allow masks on another grid (nearest neighbour)
    std::map<int, std::string> labelNames; ///< names for values of NIfTI/NRRD/PNG masks
    Plane plane = Plane::acquisition;      ///< PNG: the plane that the picture is a slice of
    std::optional<int> slice;              ///< PNG: which slice; needed where the source has several
    std::stop_token stop;
};

struct ImportedMasks {
    Segmentation segmentation;
    std::vector<std::string> notices; ///< "fractional segment 2 was cut at one half"
};

/// Reads a mask file (SEG of any maker, NIfTI, NRRD, PNG of one slice) onto a grid, voxel-exact, also where its axes
/// are turned or flipped; another grid is geometryMismatch unless `resample`. The content decides on the format, not
/// the name. PNG: indices or grey values are label ids; a grey picture of 0 and 255 alone is label 1, with a notice.
/// Errors: unknownFormat, those of SegReader.h and LabelMap.h, invalidArgument (png for a volume without a slice),
/// unsupportedPixels (png in colours).
[[nodiscard]] Result<ImportedMasks> importMasks(const std::filesystem::path& path, const Series& source,
                                                const Geometry& geometry, const ImportOptions& options = {});

/// Writes the image itself as NIfTI, NRRD or NumPy (.npy), by the ending: rescaled values or, with `stored`, those
/// before any LUT. Values keep their stored type where the rescale changes nothing, or where NIfTI's own slope holds
/// it; else they become s16 or s32 (whole numbers) or f32 or f64. `resample` allows uneven or sheared slices in NIfTI
/// and NRRD (nearest neighbour on a regular grid; outside it the padding value or the smallest value). Read back and
/// compared voxel for voxel. Errors: invalidArgument (another ending; slices that are not loaded),
/// geometryNotRepresentable, alreadyExists, verificationFailed, errors of the disk.
[[nodiscard]] Status convertVolume(const Volume& volume, const std::filesystem::path& path, bool stored, bool replace,
                                   bool resample = false,
                                   const std::function<void(const std::filesystem::path&)>& beforeVerification = {});

} // namespace icmoe
