#pragma once

#include "core/base/Result.h"
#include "core/image/Geometry.h"
#include "core/image/Volume.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace icmoe {

struct StoredFrame; ///< core/dicom: how a frame lies in its file

/// One stored picture: a DICOM instance (or one frame of a multi-frame instance), or a whole NIfTI/NRRD/PNG/JPEG file.
struct Instance {
    std::filesystem::path file;
    int frame = 0; ///< 0-based within the file
    std::string sopClassUid;
    std::string sopInstanceUid;
    std::string transferSyntaxUid;
    int instanceNumber = 0;
    int columns = 0;
    int rows = 0;
    int framesInFile = 1;
    std::optional<Vec3> position; ///< ImagePositionPatient, LPS mm
    /// DICOM: what the scan found, so that loading reads no header again; without it loading does.
    std::shared_ptr<const StoredFrame> stored;
};

enum class HealthKind {
    missingSlices,
    duplicateSlices,
    unevenSlices,
    gantryTilt,
    oblique,
    mixedOrientations,
    localizer,
    notAnImage,
    unreadableFile,
    noPosition,
    noSpacing,
    noFrameOfReference,
    burntInText,
    lossy,
};
enum class HealthLevel { ok, note, warning };

/// One line of the health card: "Slices complete  181 / 181".
struct HealthCheck {
    HealthKind kind = HealthKind::missingSlices;
    HealthLevel level = HealthLevel::ok;
    std::string text;   ///< "2 slices missing", "Spacing even"
    std::string detail; ///< "181 / 181", "18.5°"
};

struct HealthReport {
    std::vector<HealthCheck> checks;
    [[nodiscard]] HealthLevel level() const; ///< the worst
    /// The words of the badge: "Sound", or the first warning's text.
    [[nodiscard]] std::string badge() const;
    [[nodiscard]] const HealthCheck* find(HealthKind kind) const;
};

enum class SourceFormat { dicom, nifti, nrrd, png, jpeg };

/// What belongs together: one grid of one kind. Patient data: never logged.
struct Series {
    SourceFormat format = SourceFormat::dicom;
    std::string uid;      ///< SeriesInstanceUID; where empty, made from the pixel hash on storing ("" until then)
    std::string splitKey; ///< tells apart the parts of a split series: "", "echo 2", "time 1"
    std::string frameOfReferenceUid;
    std::string modality;
    std::string description;
    std::string bodyPart;
    std::string sequence; ///< protocol or sequence name
    int number = 0;
    std::vector<Instance> instances;  ///< sorted by position along the normal, or file order without positions
    std::optional<Geometry> geometry; ///< known after the scan where headers tell
    HealthReport health;
    [[nodiscard]] std::string displayName() const; ///< description, else protocol, else modality and number
};

struct Study {
    std::string uid;
    std::string patientName;
    std::string patientId;
    std::string patientSex;
    std::string birthDate;
    std::string accession;
    std::string date; ///< YYYYMMDD
    std::string description;
    std::vector<Series> series;
};

/// A file that was looked at and left out, with the reason.
struct Refusal {
    std::filesystem::path file;
    Error error;
};

struct ScanResult {
    std::vector<Study> studies;
    std::vector<Refusal> refusals;                    ///< meant to be a picture, but cannot be used
    std::vector<std::filesystem::path> others;        ///< no image formats at all (text, licences): not an error
    std::vector<std::filesystem::path> segmentations; ///< DICOM SEG objects found on the way
};

} // namespace icmoe
