#include "core/dicom/PreScan.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace icmoe {
namespace {

struct Tag {
    std::uint16_t group = 0;
    std::uint16_t element = 0;
    bool operator==(const Tag&) const = default;
};

/// Keywords of the tags that errors name; the pre-scan works without DCMTK's dictionary.
std::string_view nameOf(Tag tag)
{
    struct Named {
        Tag tag;
        std::string_view name;
    };
    static constexpr std::array<Named, 25> table{{{{0x0002, 0x0010}, "TransferSyntaxUID"},
                                                  {{0x0002, 0x0000}, "FileMetaInformationGroupLength"},
                                                  {{0x0008, 0x0016}, "SOPClassUID"},
                                                  {{0x0018, 0x1164}, "ImagerPixelSpacing"},
                                                  {{0x0020, 0x0032}, "ImagePositionPatient"},
                                                  {{0x0020, 0x0037}, "ImageOrientationPatient"},
                                                  {{0x0028, 0x0002}, "SamplesPerPixel"},
                                                  {{0x0028, 0x0004}, "PhotometricInterpretation"},
                                                  {{0x0028, 0x0006}, "PlanarConfiguration"},
                                                  {{0x0028, 0x0008}, "NumberOfFrames"},
                                                  {{0x0028, 0x0010}, "Rows"},
                                                  {{0x0028, 0x0011}, "Columns"},
                                                  {{0x0028, 0x0030}, "PixelSpacing"},
                                                  {{0x0028, 0x0100}, "BitsAllocated"},
                                                  {{0x0028, 0x0101}, "BitsStored"},
                                                  {{0x0028, 0x0102}, "HighBit"},
                                                  {{0x0028, 0x0103}, "PixelRepresentation"},
                                                  {{0x0028, 0x1053}, "RescaleSlope"},
                                                  {{0x0028, 0x1101}, "RedPaletteColorLookupTableDescriptor"},
                                                  {{0x7fe0, 0x0001}, "ExtendedOffsetTable"},
                                                  {{0x7fe0, 0x0008}, "FloatPixelData"},
                                                  {{0x7fe0, 0x0009}, "DoubleFloatPixelData"},
                                                  {{0x7fe0, 0x0010}, "PixelData"},
                                                  {{0xfffe, 0xe000}, "Item"},
                                                  {{0xfffe, 0xe00d}, "ItemDelimitationItem"}}};
    const auto found = std::find_if(table.begin(), table.end(), [&](const Named& named) { return named.tag == tag; });
    return found == table.end() ? std::string_view{} : found->name;
}

} // namespace

std::string whereTag(const std::string& file, std::uint16_t group, std::uint16_t element)
{
    std::array<char, 16> tag{};
    std::snprintf(tag.data(), tag.size(), "(%04x,%04x)", group, element);
    const auto name = nameOf({group, element});
    return file + ", " + tag.data() + (name.empty() ? "" : " " + std::string(name));
}

} // namespace icmoe
