#pragma once

#include "core/base/Result.h"
#include "core/image/Vec3.h"
#include "core/label/Label.h"
#include "core/mask/SliceMask.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace icmoe {

enum class SegType { binary, fractional, labelMap };

/// A segment as its maker describes it.
struct SegSegment {
    int number = 0;
    Label label; ///< id = number; name as it stands, may be empty
};

/// A frame as its functional groups describe it. A label map's frame belongs to every segment (segment 0).
struct SegFrame {
    int segment = 0;
    std::optional<Vec3> position;
    std::optional<std::pair<Vec3, Vec3>> directions;  ///< of increasing column and row index
    std::optional<std::pair<double, double>> spacing; ///< between columns and between rows, mm
    double thickness = 0;                             ///< SpacingBetweenSlices, else SliceThickness; 0 where missing
    std::vector<std::pair<std::string, int>> sources; ///< SOP instance UID, frame number from 1 (0: single-frame)
};

/// A DICOM segmentation object of any maker: what a reader needs of it, pixels still packed.
struct SegObjectFile {
    SegType type = SegType::binary;
    int rows = 0;
    int columns = 0;
    int bitsAllocated = 1;
    int maximumFractionalValue = 255;
    std::string frameOfReferenceUid;
    std::vector<SegSegment> segments;
    std::vector<SegFrame> frames;
    std::vector<std::uint8_t> pixels;

    /// The pixels of a frame that belong to a segment: set bits, values of at least one half, or values equal to the
    /// number.
    [[nodiscard]] SliceMask mask(std::size_t frame, int segment) const;
};

/// Reads a SEG: uncompressed or RLE, binary, fractional or label map. notFound, unknownFormat, malformedFile,
/// notAnImage (another kind of object), missingAttribute, unsupportedPixels, unsupportedTransferSyntax, limitExceeded,
/// truncatedFile. `where` names file and tag.
[[nodiscard]] Result<SegObjectFile> readSegObject(const std::filesystem::path& path);

} // namespace icmoe
