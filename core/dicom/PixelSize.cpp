#include "core/dicom/PixelSize.h"

#include <limits>

namespace icmoe {
namespace {

constexpr std::uint16_t kImagePixel = 0x0028;

tl::unexpected<Error> refuse(const std::string& name, ErrorCode code, std::string message, std::uint16_t group,
                             std::uint16_t element)
{
    return fail(code, std::move(message), whereTag(name, group, element),
                "The file is damaged or not what it says; get it again");
}

std::string sizeWords(const PreScan& scan)
{
    return std::to_string(scan.rows) + " rows × " + std::to_string(scan.columns) + " columns × " +
           std::to_string(scan.frames) + " frames × " + std::to_string(scan.samplesPerPixel) + " samples of " +
           std::to_string(scan.bitsAllocated) + " bits";
}

/// Bytes of all frames; native frames of one bit are packed without gaps. At most 2^64 - 1.
std::uint64_t neededBytes(const PreScan& scan)
{
    constexpr auto kTooMany = std::numeric_limits<std::uint64_t>::max();
    const auto frames = static_cast<std::uint64_t>(scan.frames);
    std::uint64_t needed = 0;
    if (scan.bitsAllocated == 1 && !scan.pixels->encapsulated) {
        const auto bits = static_cast<std::uint64_t>(scan.rows) * static_cast<std::uint64_t>(scan.columns) *
                          static_cast<std::uint64_t>(scan.samplesPerPixel);
        return __builtin_mul_overflow(bits, frames, &needed) ? kTooMany : needed / 8 + (needed % 8 != 0);
    }
    return __builtin_mul_overflow(frameBytes(scan), frames, &needed) ? kTooMany : needed;
}

Status checkNative(const PreScan& scan, const std::string& name)
{
    const std::uint64_t needed = neededBytes(scan);
    if (needed <= scan.pixels->bytes.length) {
        return {};
    }
    return refuse(name, ErrorCode::truncatedFile,
                  "expected " + std::to_string(needed) + " bytes for " + sizeWords(scan) + ", found " +
                      std::to_string(scan.pixels->bytes.length),
                  0x7fe0, scan.pixels->element);
}

/// PackBits makes at most 128 bytes of two. Other codings have no such bound, but no picture worth 16 MB is that empty.
bool canHold(const PreScan& scan, std::uint64_t present, std::uint64_t needed)
{
    if (scan.transferSyntaxUid == "1.2.840.10008.1.2.5") {
        return needed / 64 <= present;
    }
    return needed <= std::uint64_t{16} << 20U || needed / 4096 <= present;
}

Status checkEncapsulated(const PreScan& scan, const std::string& name)
{
    const auto& fragments = scan.pixels->fragments;
    if (fragments.size() < static_cast<std::size_t>(scan.frames)) {
        return refuse(name, ErrorCode::truncatedFile,
                      "expected a fragment for each of " + std::to_string(scan.frames) + " frames, found " +
                          std::to_string(fragments.size()),
                      0x7fe0, 0x0010);
    }
    std::uint64_t present = 0;
    for (const auto& fragment : fragments) {
        present += fragment.length;
    }
    if (!canHold(scan, present, neededBytes(scan))) {
        return refuse(name, ErrorCode::limitExceeded,
                      "expected " + sizeWords(scan) + ", found only " + std::to_string(present) + " compressed bytes",
                      0x7fe0, 0x0010);
    }
    return {};
}

} // namespace

std::uint64_t frameBytes(const PreScan& scan)
{
    const auto pixels = static_cast<std::uint64_t>(scan.rows) * static_cast<std::uint64_t>(scan.columns);
    if (scan.pixels && scan.pixels->element != 0x0010) {
        return pixels * (scan.pixels->element == 0x0008 ? 4 : 8);
    }
    const bool isNative = scan.pixels && !scan.pixels->encapsulated;
    const bool halved = isNative && (scan.photometric == "YBR_FULL_422" || scan.photometric == "YBR_PARTIAL_422");
    const auto samples = halved ? std::uint64_t{2} : static_cast<std::uint64_t>(scan.samplesPerPixel);
    return (pixels * samples * static_cast<std::uint64_t>(scan.bitsAllocated) + 7) / 8;
}

Status checkPixelSize(const PreScan& scan, const std::string& name)
{
    if (!scan.pixels) {
        return {};
    }
    const auto missing = [&](std::uint16_t element) {
        return refuse(name, ErrorCode::missingAttribute, "pixels without their size", kImagePixel, element);
    };
    if (scan.rows == 0) {
        return missing(0x0010);
    }
    if (scan.columns == 0) {
        return missing(0x0011);
    }
    const bool isFloat = scan.pixels->element != 0x0010;
    if (scan.bitsAllocated == 0 && !isFloat) {
        return missing(0x0100);
    }
    if (scan.samplesPerPixel < 1 || scan.samplesPerPixel > 4) {
        return refuse(name, ErrorCode::unsupportedPixels,
                      "expected 1 to 4 samples a pixel, found " + std::to_string(scan.samplesPerPixel), kImagePixel,
                      0x0002);
    }
    if (scan.bitsAllocated > 64) {
        return refuse(name, ErrorCode::malformedFile,
                      "expected at most 64 bits a sample, found " + std::to_string(scan.bitsAllocated), kImagePixel,
                      0x0100);
    }
    return scan.pixels->encapsulated ? checkEncapsulated(scan, name) : checkNative(scan, name);
}

} // namespace icmoe
