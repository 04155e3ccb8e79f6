#include "core/dicom/Codings.h"
#include "core/dicom/Dcmtk.h"
#include "core/dicom/FrameHeaders.h"
#include "core/dicom/InstanceHeader.h"

#include <algorithm>
#include <cmath>

namespace icmoe {
namespace {

const DcmTagKey kStopBefore(0x7fe0, 0x0001); // pixels stay in the file

bool isSegmentation(const std::string& sopClassUid)
{
    return sopClassUid == UID_SegmentationStorage || sopClassUid == "1.2.840.10008.5.1.4.1.1.66.7"; // label map
}

/// What a file without pixels is, for people.
std::string kindOfObject(const std::string& sopClassUid)
{
    const char* const name = dcmFindNameOfUID(sopClassUid.c_str());
    return name != nullptr ? name : "object without pixels";
}

Result<PixelFormat> readFormat(const Attributes& root, const PreScan& scan, const std::string& name)
{
    PixelFormat format;
    format.rows = scan.rows;
    format.columns = scan.columns;
    format.samplesPerPixel = scan.samplesPerPixel;
    format.isFloat = scan.pixels->element != 0x0010;
    format.bitsAllocated = scan.pixels->element == 0x0008   ? 32
                           : scan.pixels->element == 0x0009 ? 64
                                                            : scan.bitsAllocated;
    format.bitsStored = root.integer(DCM_BitsStored, format.bitsAllocated);
    format.highBit = root.integer(DCM_HighBit, format.bitsStored - 1);
    format.isSigned = root.integer(DCM_PixelRepresentation, 0) == 1;
    format.planarConfiguration = root.integer(DCM_PlanarConfiguration, 0);
    format.photometric = scan.photometric.empty() ? "MONOCHROME2" : scan.photometric;
    if (format.isFloat) {
        format.bitsStored = format.bitsAllocated;
        format.highBit = format.bitsAllocated - 1;
    }
    const auto refuse = [&](const std::string& message, std::uint16_t element) {
        return fail(ErrorCode::unsupportedPixels, message, whereTag(name, 0x0028, element),
                    "Convert the picture to a common form first");
    };
    const auto& bits = format.bitsAllocated;
    if (bits != 1 && bits != 8 && bits != 16 && bits != 32 && !format.isFloat) {
        return refuse("expected 1, 8, 16 or 32 bits a sample, found " + std::to_string(bits), 0x0100);
    }
    if (format.bitsStored < 1 || format.bitsStored > bits) {
        return refuse("expected at most " + std::to_string(bits) + " stored bits, found " +
                          std::to_string(format.bitsStored),
                      0x0101);
    }
    if (format.highBit < format.bitsStored - 1 || format.highBit >= bits) {
        return refuse("a high bit of " + std::to_string(format.highBit) + " does not fit", 0x0102);
    }
    static constexpr std::array known{"MONOCHROME1",  "MONOCHROME2",     "PALETTE COLOR", "RGB",    "YBR_FULL",
                                      "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_ICT",       "YBR_RCT"};
    if (std::find(known.begin(), known.end(), format.photometric) == known.end()) {
        return refuse("the photometric interpretation \"" + format.photometric + "\" is not known", 0x0004);
    }
    const bool isThree = format.photometric[0] == 'R' || format.photometric[0] == 'Y';
    if (format.samplesPerPixel != (isThree ? 3 : 1) || (isThree && (bits < 8 || format.isFloat))) {
        return refuse(format.photometric + " does not go with " + std::to_string(format.samplesPerPixel) +
                          " samples of " + std::to_string(bits) + " bits",
                      0x0002);
    }
    return format;
}

/// The 16-bit words of an element, without its padding.
std::vector<std::uint16_t> wordsOf(const Attributes& item, const DcmTagKey& tag)
{
    DcmElement* element = nullptr;
    Uint16* words = nullptr;
    if (item.item().findAndGetElement(tag, element).bad() || element == nullptr ||
        element->getUint16Array(words).bad() || words == nullptr) {
        return {};
    }
    return {words, words + element->getLength() / 2};
}

/// Segments (PS3.3 C.7.9.2): 0 discrete values, 1 linear up to a value, 2 earlier segments again. At most `count`
/// entries.
std::vector<std::uint16_t> expandSegments(const std::vector<std::uint16_t>& words, std::size_t count)
{
    std::vector<std::uint16_t> entries;
    /// Expands the segment at `at`, gives the place behind it; nothing at a damaged one.
    const auto expand = [&](std::size_t at) -> std::optional<std::size_t> {
        if (at + 2 >= words.size()) {
            return std::nullopt;
        }
        const std::size_t length = words[at + 1];
        if (words[at] == 0) {
            const std::size_t available =
                std::min({length, words.size() - at - 2, count - std::min(count, entries.size())});
            entries.insert(entries.end(), words.begin() + static_cast<std::ptrdiff_t>(at + 2),
                           words.begin() + static_cast<std::ptrdiff_t>(at + 2 + available));
            return at + 2 + length;
        }
        if (words[at] != 1 || entries.empty()) {
            return std::nullopt;
        }
        const double from = entries.back();
        const double step = (words[at + 2] - from) / static_cast<double>(std::max<std::size_t>(length, 1));
        for (std::size_t i = 1; i <= length && entries.size() < count; ++i) {
            entries.push_back(static_cast<std::uint16_t>(std::lround(from + step * static_cast<double>(i))));
        }
        return at + 3;
    };
    std::optional<std::size_t> at = 0;
    while (at && *at < words.size() && entries.size() < count) {
        if (words[*at] == 2 && *at + 3 < words.size()) {
            std::optional<std::size_t> again =
                (words[*at + 2] + (std::size_t{words[*at + 3]} << 16U)) / 2; // the offset is in bytes
            for (std::size_t i = 0; again && i < words[*at + 1] && entries.size() < count; ++i) {
                again = expand(*again);
            }
            at = *at + 4;
        } else {
            at = expand(*at);
        }
    }
    return entries;
}

/// One LUT: descriptor (entries, first value, bits) and data in 16-bit words, packed bytes or segments.
LookupTable readTable(const Attributes& item, const DcmTagKey& descriptorTag, const DcmTagKey& dataTag,
                      const DcmTagKey& segmentsTag, bool firstIsSigned)
{
    const auto descriptor = item.numbers(descriptorTag);
    if (descriptor.size() < 3) {
        return {};
    }
    const auto count =
        descriptor[0] == 0 ? std::size_t{65536} : static_cast<std::size_t>(std::clamp(descriptor[0], 0.0, 65536.0));
    LookupTable table;
    table.first = static_cast<int>(std::clamp(descriptor[1], -65536.0, 65535.0));
    if (firstIsSigned && table.first > 32767) {
        table.first -= 65536;
    }
    table.bits = static_cast<int>(std::clamp(descriptor[2], 1.0, 16.0));
    const auto words = wordsOf(item, dataTag);
    if (words.empty()) {
        table.entries = expandSegments(wordsOf(item, segmentsTag), count);
    } else if (words.size() < count && words.size() * 2 >= count) { // 8-bit entries, two a word
        for (std::size_t i = 0; i < count; ++i) {
            table.entries.push_back(static_cast<std::uint16_t>(i % 2 == 0 ? words[i / 2] & 0xffU : words[i / 2] >> 8U));
        }
        table.bits = 8;
    } else {
        table.entries.assign(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(std::min(count, words.size())));
    }
    return table;
}

void readTables(const Attributes& root, StoredFile& stored)
{
    const bool isSigned = stored.format.isSigned;
    if (stored.format.photometric == "PALETTE COLOR") {
        stored.palette = {
            readTable(root, DCM_RedPaletteColorLookupTableDescriptor, DCM_RedPaletteColorLookupTableData,
                      DCM_SegmentedRedPaletteColorLookupTableData, isSigned),
            readTable(root, DCM_GreenPaletteColorLookupTableDescriptor, DCM_GreenPaletteColorLookupTableData,
                      DCM_SegmentedGreenPaletteColorLookupTableData, isSigned),
            readTable(root, DCM_BluePaletteColorLookupTableDescriptor, DCM_BluePaletteColorLookupTableData,
                      DCM_SegmentedBluePaletteColorLookupTableData, isSigned)};
    }
    if (DcmItem* const item = root.firstItem(DCM_ModalityLUTSequence)) {
        stored.modalityLut = readTable(Attributes(*item), DCM_LUTDescriptor, DCM_LUTData, DcmTagKey(0, 0), isSigned);
    }
}

void readTexts(const Attributes& root, InstanceHeader& header)
{
    TextDecoder decode(root);
    header.sopClassUid = root.text(DCM_SOPClassUID);
    header.sopInstanceUid = root.text(DCM_SOPInstanceUID);
    header.frameOfReferenceUid = root.text(DCM_FrameOfReferenceUID);
    header.modality = root.text(DCM_Modality);
    header.instanceNumber = root.integer(DCM_InstanceNumber, 0);
    header.burntIn = root.text(DCM_BurnedInAnnotation) == "YES";
    header.studyUid = root.text(DCM_StudyInstanceUID);
    header.patientName = decode(root.text(DCM_PatientName));
    header.patientId = decode(root.text(DCM_PatientID));
    header.patientSex = root.text(DCM_PatientSex);
    header.birthDate = root.text(DCM_PatientBirthDate);
    header.accession = decode(root.text(DCM_AccessionNumber));
    header.studyDate = root.text(DCM_StudyDate);
    header.studyDescription = decode(root.text(DCM_StudyDescription));
    header.seriesUid = root.text(DCM_SeriesInstanceUID);
    header.seriesDescription = decode(root.text(DCM_SeriesDescription));
    header.bodyPart = root.text(DCM_BodyPartExamined);
    header.protocol = decode(root.text(DCM_ProtocolName));
    header.sequenceName = decode(root.text(DCM_SequenceName));
    header.seriesNumber = root.integer(DCM_SeriesNumber, 0);
}

/// Files referred to by a DICOMDIR, in its order.
std::vector<std::string> readDirectory(const Attributes& root)
{
    std::vector<std::string> files;
    for (DcmItem* const record : root.items(DCM_DirectoryRecordSequence)) {
        const std::string file = Attributes(*record).text(DCM_ReferencedFileID);
        if (!file.empty()) {
            files.push_back(file);
        }
    }
    return files;
}

Status readPixelDescription(const Attributes& root, const PreScan& scan, StoredFile& stored, const std::string& name)
{
    if (codingOf(scan.transferSyntaxUid) == Coding::unsupported) {
        const char* const known = dcmFindNameOfUID(scan.transferSyntaxUid.c_str());
        return fail(ErrorCode::unsupportedTransferSyntax,
                    "the transfer syntax " + scan.transferSyntaxUid +
                        (known != nullptr ? std::string(" (") + known + ")" : "") + " cannot be decoded",
                    whereTag(name, 0x0002, 0x0010), "Convert the file, for example with dcmdjpeg");
    }
    auto format = readFormat(root, scan, name);
    if (!format) {
        return fail(format.error());
    }
    stored.format = *format;
    readTables(root, stored);
    if (format->photometric == "PALETTE COLOR" &&
        std::any_of(stored.palette.begin(), stored.palette.end(),
                    [](const LookupTable& table) { return table.entries.empty(); })) {
        return fail(ErrorCode::missingAttribute, "a palette picture without its palette",
                    whereTag(name, 0x0028, 0x1101), "Get the file again");
    }
    if (const auto padding = root.number(DCM_PixelPaddingValue)) {
        stored.paddingValue = stored.format.isSigned && *padding > 32767 ? *padding - 65536 : *padding;
    }
    stored.lossy = root.text(DCM_LossyImageCompression) == "01" || isLossy(scan.transferSyntaxUid);
    return {};
}

Result<InstanceHeader> headerOf(DcmFileFormat& file, PreScan scan, const std::filesystem::path& path)
{
    const std::string name = path.string();
    const Attributes root(*file.getDataset());
    InstanceHeader header;
    readTexts(root, header);
    if (header.sopClassUid.empty()) {
        header.sopClassUid = scan.metaSopClassUid;
    }
    if (header.sopInstanceUid.empty()) {
        header.sopInstanceUid = scan.metaSopInstanceUid;
    }
    auto stored = std::make_shared<StoredFile>();
    stored->file = path;
    if (header.sopClassUid == UID_MediaStorageDirectoryStorage || root.has(DCM_DirectoryRecordSequence)) {
        header.kind = ObjectKind::directory;
        header.referencedFiles = readDirectory(root);
    } else if (!scan.pixels) {
        return fail(ErrorCode::notAnImage, "not a picture: " + kindOfObject(header.sopClassUid),
                    whereTag(name, 0x7fe0, 0x0010), "Open the pictures that it belongs to");
    } else {
        if (auto described = readPixelDescription(root, scan, *stored, name); !described) {
            return fail(described.error());
        }
        header.kind = isSegmentation(header.sopClassUid) ? ObjectKind::segmentation : ObjectKind::image;
        header.frames = readFrameHeaders(root, scan.frames, stored->format);
    }
    stored->scan = std::move(scan);
    header.stored = std::move(stored);
    return header;
}

tl::unexpected<Error> unreadable(const OFCondition& condition, const std::string& name)
{
    return fail(ErrorCode::malformedFile, std::string("the data set cannot be read: ") + condition.text(),
                whereTag(name, 0x0008, 0x0005), "The file is damaged; get it again");
}

/// DCMTK reads an unknown syntax as explicit little endian.
E_TransferSyntax readingSyntax(const PreScan& scan)
{
    return DcmXfer(scan.transferSyntaxUid.c_str()).getXfer() == EXS_Unknown || !scan.hasMetaHeader
               ? EXS_Unknown
               : DcmXfer(scan.transferSyntaxUid.c_str()).getXfer();
}

} // namespace

std::uint16_t LookupTable::at(long value) const
{
    const long last = static_cast<long>(entries.size()) - 1;
    return entries[static_cast<std::size_t>(std::clamp(value - first, 0L, last))];
}

SampleType storedSampleType(const PixelFormat& format)
{
    if (format.isFloat) {
        return format.bitsAllocated == 32 ? SampleType::f32 : SampleType::f64;
    }
    if (format.bitsAllocated <= 8) {
        return format.isSigned ? SampleType::s8 : SampleType::u8;
    }
    if (format.bitsAllocated <= 16) {
        return format.isSigned ? SampleType::s16 : SampleType::u16;
    }
    return format.isSigned ? SampleType::s32 : SampleType::u32;
}

bool isColour(const PixelFormat& format)
{
    return format.samplesPerPixel == 3 || format.photometric == "PALETTE COLOR";
}

Result<InstanceHeader> readHeader(const std::filesystem::path& path)
{
    auto scan = preScan(path);
    if (!scan) {
        return fail(scan.error());
    }
    initializeDcmtk();
    DcmFileFormat file;
    const OFCondition read =
        file.loadFileUntilTag(path.c_str(), readingSyntax(*scan), EGL_noChange, 4096, ERM_autoDetect, kStopBefore);
    if (read.bad()) {
        return unreadable(read, path.string());
    }
    return headerOf(file, std::move(*scan), path);
}

} // namespace icmoe
