#pragma once

#include "core/base/Result.h"
#include "core/image/Volume.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace icmoe {

/// What a written series says about itself. UTF-8 texts, DICOM dates (YYYYMMDD) and times (HHMMSS).
struct SeriesTexts {
    std::string uidSeed = {};    ///< study, series, frame of reference and instance UIDs are made from it
    std::string modality = "MR"; ///< "MR" or "CT"
    std::string patientName = {};
    std::string patientId = {};
    std::string birthDate = {};
    std::string sex = {}; ///< "M", "F", "O" or empty
    std::string studyId = "1";
    std::string studyDate = "20000101";
    std::string studyTime = "120000";
    std::string studyDescription = {};
    std::string seriesDescription = {};
    std::string protocolName = {};
    std::string bodyPart = {};
    std::string manufacturer = "icmoe";
    std::string imageType = "ORIGINAL\\PRIMARY\\AXIAL";
    int seriesNumber = 1;
    bool frameOfReference = true; ///< false leaves the UID out, as anonymisers do
};

/// An attribute set (or, without a value, removed) after everything else. Values as text, several joined by "\\".
struct AttributeEdit {
    unsigned short group = 0;
    unsigned short element = 0;
    std::optional<std::string> value = {};
};

/// One file to write.
struct InstancePlan {
    int slice = 0; ///< k of the volume
    int instanceNumber = 1;
    std::string fileName = {};
    std::vector<AttributeEdit> edits = {};
};

/// Writes slices of a volume (u8, s16 or u16; placed in the patient) as CT or MR Image Storage, explicit little endian,
/// one file a slice, each whole or not at all. u8 is stored in 16 bits, as both object kinds ask for. The folder is
/// made if it is missing. Without a plan: every slice in order as "0001.dcm", …
/// unsupportedPixels, invalidArgument (modality, slice), alreadyExists, writeFailed, diskFull, permissionDenied.
[[nodiscard]] Result<std::vector<std::filesystem::path>> writeDicomSeries(const Volume& volume,
                                                                          const SeriesTexts& texts,
                                                                          const std::filesystem::path& folder,
                                                                          const std::vector<InstancePlan>& plan = {});

} // namespace icmoe
