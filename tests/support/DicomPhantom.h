#pragma once

#include "core/base/Result.h"
#include "core/dicom/SeriesWriter.h"
#include "core/image/Volume.h"
#include "core/mask/Mask.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace icmoe::test {

/// A pair of direction cosines.
struct Orientation {
    std::string name = {}; ///< "row L column P": letters of the directions in which columns and rows count up
    Vec3 row{1, 0, 0};
    Vec3 column{0, 1, 0};
};

/// All 24 axis-aligned orientations: 6 row × 4 column directions.
[[nodiscard]] std::vector<Orientation> axisAlignedOrientations();
/// One that is aligned with nothing (Euler turns of 20°, 15° and 10°).
[[nodiscard]] Orientation obliqueOrientation();

/// How the phantom is cut and written. Defaults: a regular transverse CT of 32 × 28 × 20 voxels of 2 × 2.5 × 3 mm, file
/// names in shuffled order.
struct DicomPhantomOptions {
    std::string modality = "CT"; ///< "CT" (s16, HU) or "MR" (u16)
    Size3 size{32, 28, 20};
    Vec3 spacing{2.0, 2.5, 3.0}; ///< along i, j and k, mm
    Orientation orientation{};
    double tiltDegrees = 0;         ///< gantry tilt: slices sheared along the column direction
    bool uneven = false;            ///< gaps alternate between 0.5 and 1.5 spacings
    std::vector<int> missing = {};  ///< slices k that are not written
    std::vector<int> repeated = {}; ///< slices k that are written twice (new instance UID and number)
    bool shuffledFiles = true;      ///< file names and instance numbers tell nothing about the order
    bool frameOfReference = true;
    bool monochrome1 = false;
    std::string seed = "phantom";          ///< UIDs are made from it
    std::string fileNameStart = {};        ///< put before each file name, to write two series into one folder
    std::vector<AttributeEdit> edits = {}; ///< on every file
    SeriesTexts texts = {};                ///< modality, uidSeed and frameOfReference are taken from above
};

struct DicomPhantom {
    std::vector<std::filesystem::path> files = {}; ///< in the order of writing
    std::shared_ptr<const Volume> volume;          ///< what a reader must find: missing slices are not in it
};

/// The object of the phantom as a known set in patient space (LPS, mm): a body with one arm to the left, one knob to
/// the front and a cone to the head, so that no turn or mirror maps it onto itself. Centre near (12, -8, 25), within
/// ±22 mm.
[[nodiscard]] bool insidePhantomObject(Vec3 patient);
/// The voxels of a grid whose centre is inside the object.
[[nodiscard]] Mask phantomMask(const Geometry& geometry);
/// Stored value of the phantom at a place: object bright, a slow ramp along each axis around it.
[[nodiscard]] int phantomValue(Vec3 patient, const std::string& modality);

/// The grid that the options describe, with missing slices left out; centred on the object.
[[nodiscard]] Geometry phantomGeometry(const DicomPhantomOptions& options);
/// The phantom in memory only.
[[nodiscard]] std::shared_ptr<const Volume> phantomVolume(const DicomPhantomOptions& options);
/// Writes the phantom as a DICOM series into a folder (made if missing).
[[nodiscard]] Result<DicomPhantom> writeDicomPhantom(const std::filesystem::path& folder,
                                                     const DicomPhantomOptions& options = {});

} // namespace icmoe::test
