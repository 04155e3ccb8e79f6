#pragma once

#include "core/base/Result.h"
#include "core/engine/Proposal.h"
#include "core/mask/Segmentation.h"
#include "core/study/Study.h"

#include <filesystem>
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
    std::stop_token stop;
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
    std::stop_token stop;
};

struct ImportedMasks {
    Segmentation segmentation;
    std::vector<std::string> notices; ///< "fractional segment 2 was cut at one half"
};

/// Reads a mask file (SEG of any maker, NIfTI, NRRD, PNG of one slice) onto a grid, voxel-exact; another grid is
/// geometryMismatch unless `resample`.
[[nodiscard]] Result<ImportedMasks> importMasks(const std::filesystem::path& path, const Series& source,
                                                const Geometry& geometry, const ImportOptions& options = {});

/// Writes the image itself as NIfTI, NRRD or NumPy (.npy), rescaled values or, with `stored`, those before any LUT.
[[nodiscard]] Status convertVolume(const Volume& volume, const std::filesystem::path& path, bool stored, bool replace,
                                   bool resample = false);

} // namespace icmoe
