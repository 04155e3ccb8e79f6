#pragma once

#include "core/base/Result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace icmoe {

struct ByteRange {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// Where and how the pixels lie in a file.
struct PixelDataPlace {
    std::uint16_t element = 0x0010; ///< of group 7fe0: 0010 PixelData, 0008 float, 0009 double
    bool encapsulated = false;
    bool words = false;                      ///< VR OW (implicit: always)
    ByteRange bytes;                         ///< native: in the file, or in the inflated data set
    std::vector<ByteRange> fragments;        ///< encapsulated: in the file, without the offset table
    std::vector<std::uint64_t> frameOffsets; ///< of the basic offset table: from the first fragment's item tag
};

/// What the bounded look at a DICOM file found. No value longer than a few hundred bytes was read.
struct PreScan {
    bool hasMetaHeader = false;
    std::string transferSyntaxUid; ///< of the meta header; guessed from the bytes where that is missing
    std::string metaSopClassUid;
    std::string metaSopInstanceUid;
    bool explicitVr = true;
    bool bigEndian = false;
    bool deflated = false;
    std::uint64_t dataSetOffset = 0; ///< in the file
    std::string sopClassUid;
    int rows = 0;
    int columns = 0;
    int frames = 1;
    int samplesPerPixel = 1;
    int bitsAllocated = 0;
    std::string photometric;
    std::optional<PixelDataPlace> pixels;
    std::size_t elements = 0;
    int depth = 0; ///< of nested sequences
};

/// Bytes of one native frame's samples, without packing of whole-byte samples; 1-bit frames are rounded up.
[[nodiscard]] std::uint64_t frameBytes(const PreScan& scan);

/// Could this be DICOM? Looks at the first bytes (132 and more are useful). Files without preamble are recognised.
[[nodiscard]] bool looksLikeDicom(std::span<const std::byte> start);

/// Walks a file's tags without building anything: nesting depth, element counts and lengths are held against the bytes
/// that are present, before DCMTK's recursive parser sees the file; then Rows × Columns × Frames × bits against the
/// pixel bytes. Uses less than 1 MB plus 16 bytes a fragment, whatever the file says.
///
/// unknownFormat: not DICOM. truncatedFile: fewer bytes than a length or the picture's size promises. malformedFile.
/// limitExceeded: nested deeper than 32, more than a million elements or
/// 65,536 frames, pixels that so few compressed bytes cannot hold.
/// missingAttribute: pixels without Rows, Columns or BitsAllocated. `where` names file and tag.
[[nodiscard]] Result<PreScan> preScan(const std::filesystem::path& path);
/// The same over bytes in memory; `name` stands for the file in errors.
[[nodiscard]] Result<PreScan> preScan(std::span<const std::byte> bytes, const std::string& name);

/// "FILE, (0028,0010) Rows"
[[nodiscard]] std::string whereTag(const std::string& file, std::uint16_t group, std::uint16_t element);

} // namespace icmoe
