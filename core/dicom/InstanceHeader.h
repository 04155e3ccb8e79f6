#pragma once

#include "core/base/Result.h"
#include "core/dicom/PreScan.h"
#include "core/image/Geometry.h"
#include "core/image/Volume.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace icmoe {

/// The Image Pixel module (PS3.3 C.7.6.3).
struct PixelFormat {
    int rows = 0;
    int columns = 0;
    int samplesPerPixel = 1;
    int bitsAllocated = 8;
    int bitsStored = 8;
    int highBit = 7;
    bool isSigned = false;
    bool isFloat = false; ///< FloatPixelData or DoubleFloatPixelData
    int planarConfiguration = 0;
    std::string photometric = {};
    bool operator==(const PixelFormat&) const = default;
};

/// The type that keeps the stored values of one sample; colour is asked by isColour().
[[nodiscard]] SampleType storedSampleType(const PixelFormat& format);
/// RGB, YBR or palette: becomes rgb8 in a volume.
[[nodiscard]] bool isColour(const PixelFormat& format);

/// A table from stored values to output (Palette Color and Modality LUT, PS3.3 C.7.9 and C.11.1).
struct LookupTable {
    int first = 0;
    int bits = 16;
    std::vector<std::uint16_t> entries = {};
    /// Values beyond the ends get the first or last entry.
    [[nodiscard]] std::uint16_t at(long value) const;
};

/// Where and how one file keeps its pixels: everything that decoding needs. Immutable, shared by the file's instances.
struct StoredFile {
    std::filesystem::path file = {};
    PreScan scan = {};
    PixelFormat format = {};
    std::array<LookupTable, 3> palette = {}; ///< empty where photometric is no palette
    LookupTable modalityLut = {};            ///< empty where there is none
    std::optional<double> paddingValue = {};
    bool lossy = false;
};

struct InPlane {
    Vec3 row;
    Vec3 column;
};

/// What may tell repeats of one position apart; missing values are empty.
struct Repeat {
    std::string temporalIndex = {};
    std::string echoNumber = {};
    std::string echoTime = {};
    std::string bValue = {};
    std::string acquisition = {};
    std::string acquisitionTime = {};
    std::string triggerTime = {};
    std::string contentTime = {};
};

/// What is told for each frame.
struct FrameHeader {
    int frame = 0;
    std::optional<Vec3> position = {};
    std::optional<InPlane> orientation = {};
    std::array<double, 2> spacing{1,
                                  1}; ///< mm between rows, between columns; a bare ratio where `spacingSource` is none
    SpacingSource spacingSource = SpacingSource::none;
    double thickness = 0; ///< mm; 0: not told
    Rescale rescale = {};
    std::string unit = {}; ///< "HU", …
    std::vector<WindowLevel> windows = {};
    std::string imageType = {};
    Repeat repeat = {};
};

/// One frame and the file that it is in: what loadVolume() decodes.
struct StoredFrame {
    std::shared_ptr<const StoredFile> file;
    FrameHeader header;
};

enum class ObjectKind { image, segmentation, directory };

/// The header of one DICOM file, without pixels. Texts are UTF-8. Patient data: never logged.
struct InstanceHeader {
    ObjectKind kind = ObjectKind::image;
    std::shared_ptr<const StoredFile> stored = {};
    std::vector<FrameHeader> frames = {};
    std::string sopClassUid = {};
    std::string sopInstanceUid = {};
    std::string frameOfReferenceUid = {};
    std::string modality = {};
    int instanceNumber = 0;
    bool burntIn = false;

    std::string studyUid = {};
    std::string patientName = {};
    std::string patientId = {};
    std::string patientSex = {};
    std::string birthDate = {};
    std::string accession = {};
    std::string studyDate = {};
    std::string studyDescription = {};

    std::string seriesUid = {};
    std::string seriesDescription = {};
    std::string bodyPart = {};
    std::string protocol = {};
    std::string sequenceName = {};
    int seriesNumber = 0;

    std::vector<std::string> referencedFiles = {}; ///< of a DICOMDIR, components joined by '\'
};

/// Reads a header after the pre-scan has let the file pass. Errors of preScan(); notAnImage: a sound object without
/// pixels
/// (`message` names what it is); unsupportedTransferSyntax; unsupportedPixels; malformedFile. Never modifies the file.
[[nodiscard]] Result<InstanceHeader> readHeader(const std::filesystem::path& path);

} // namespace icmoe
