#include "core/export/SegObject.h"

#include "core/dicom/Dcmtk.h"
#include "core/dicom/PreScan.h"
#include "core/export/DisplayColour.h"
#include "core/export/SegSource.h"

#include <cstring>
#include <set>

namespace icmoe {
namespace {

constexpr long kMostFrames = 1'000'000;
constexpr std::uint64_t kMostPixels = std::uint64_t{1} << 36;
// Segmentations of the Supplement 243 kind came after DCMTK 3.6.7.
const char* const kLabelMapStorage = "1.2.840.10008.5.1.4.1.1.66.7";

class SegParser {
public:
    SegParser(DcmDataset& dataset, const std::filesystem::path& path)
        : m_dataset(dataset)
        , m_path(path)
    {
    }

    Result<SegObjectFile> parse()
    {
        for (const auto step : {&SegParser::readKind, &SegParser::readSize, &SegParser::readSegments,
                                &SegParser::readFrames, &SegParser::readPixels}) {
            if (auto done = (this->*step)(); !done) {
                return fail(done.error());
            }
        }
        return std::move(m_seg);
    }

private:
    [[nodiscard]] std::string where(const DcmTagKey& tag) const
    {
        return m_path.string() + ", tag " + std::string(tag.toString().c_str());
    }

    Result<long> integer(DcmItem& item, const DcmTagKey& tag) const
    {
        const std::string text = textOf(item, tag);
        char* end = nullptr;
        const long value = std::strtol(text.c_str(), &end, 10);
        if (text.empty() || end != text.c_str() + text.size()) {
            return fail(text.empty() ? ErrorCode::missingAttribute : ErrorCode::malformedFile,
                        text.empty() ? "an attribute is missing" : "a whole number was expected", where(tag));
        }
        return value;
    }

    Status readKind()
    {
        const std::string sopClass = textOf(m_dataset, DCM_SOPClassUID);
        if (sopClass != UID_SegmentationStorage && sopClass != kLabelMapStorage) {
            return fail(ErrorCode::notAnImage, "the object is no segmentation", where(DCM_SOPClassUID),
                        "Choose a DICOM SEG file");
        }
        const std::string type = textOf(m_dataset, DCM_SegmentationType);
        if (type == "FRACTIONAL") {
            m_seg.type = SegType::fractional;
        } else if (type == "LABELMAP") {
            m_seg.type = SegType::labelMap;
        } else if (type != "BINARY") {
            return fail(type.empty() ? ErrorCode::missingAttribute : ErrorCode::unsupportedPixels,
                        "BINARY, FRACTIONAL or LABELMAP was expected, found \"" + type + "\"",
                        where(DCM_SegmentationType));
        }
        m_seg.frameOfReferenceUid = textOf(m_dataset, DCM_FrameOfReferenceUID);
        return {};
    }

    Status readSize()
    {
        const auto rows = integer(m_dataset, DCM_Rows);
        const auto columns = integer(m_dataset, DCM_Columns);
        const auto bits = integer(m_dataset, DCM_BitsAllocated);
        const auto frames = integer(m_dataset, DCM_NumberOfFrames);
        for (const auto* value : {&rows, &columns, &bits, &frames}) {
            if (!*value) {
                return fail(value->error());
            }
        }
        if (*rows < 1 || *columns < 1 || *frames < 1) {
            return fail(ErrorCode::malformedFile, "rows, columns and frames must be positive", where(DCM_Rows));
        }
        const bool known = m_seg.type == SegType::binary       ? *bits == 1
                           : m_seg.type == SegType::fractional ? *bits == 8
                                                               : *bits == 8 || *bits == 16;
        if (!known) {
            return fail(ErrorCode::unsupportedPixels,
                        std::to_string(*bits) + " bits a pixel do not fit the segmentation type",
                        where(DCM_BitsAllocated));
        }
        if (*frames > kMostFrames || static_cast<std::uint64_t>(*frames) * static_cast<std::uint64_t>(*rows) *
                                             static_cast<std::uint64_t>(*columns) >
                                         kMostPixels) {
            return fail(ErrorCode::limitExceeded, "the object has " + std::to_string(*frames) + " frames",
                        where(DCM_NumberOfFrames));
        }
        m_seg.rows = static_cast<int>(*rows);
        m_seg.columns = static_cast<int>(*columns);
        m_seg.bitsAllocated = static_cast<int>(*bits);
        m_seg.frames.resize(static_cast<std::size_t>(*frames));
        if (m_seg.type == SegType::fractional) {
            const auto maximum = integer(m_dataset, DCM_MaximumFractionalValue);
            if (!maximum) {
                return fail(maximum.error());
            }
            m_seg.maximumFractionalValue = static_cast<int>(*maximum);
        }
        return {};
    }

    static Code codeOf(DcmItem& segment, const DcmTagKey& sequence)
    {
        DcmItem* item = nullptr;
        if (segment.findAndGetSequenceItem(sequence, item, 0).bad() || item == nullptr) {
            return Label{}.type;
        }
        std::string value = textOf(*item, DCM_CodeValue);
        if (value.empty()) {
            value = textOf(*item, DCM_LongCodeValue);
        }
        return {value, textOf(*item, DCM_CodingSchemeDesignator), textOf(*item, DCM_CodeMeaning)};
    }

    static Colour colourOf(DcmItem& segment, LabelId id)
    {
        std::array<std::uint16_t, 3> lab{};
        for (unsigned long n = 0; n < 3; ++n) {
            if (segment.findAndGetUint16(DCM_RecommendedDisplayCIELabValue, lab[n], n).bad()) {
                return paletteColour(id);
            }
        }
        return displayColour(lab);
    }

    Status readSegments()
    {
        DcmSequenceOfItems* sequence = nullptr;
        if (m_dataset.findAndGetSequence(DCM_SegmentSequence, sequence).bad() || sequence == nullptr) {
            return fail(ErrorCode::missingAttribute, "the object describes no segment", where(DCM_SegmentSequence));
        }
        std::set<int> numbers;
        for (DcmObject* object = sequence->nextInContainer(nullptr); object != nullptr;
             object = sequence->nextInContainer(object)) {
            auto& item = static_cast<DcmItem&>(*object); // a sequence holds items
            const auto number = integer(item, DCM_SegmentNumber);
            if (!number) {
                return fail(number.error());
            }
            if (*number < 0 || *number > 65535 || !numbers.insert(static_cast<int>(*number)).second) {
                return fail(ErrorCode::malformedFile, "a segment number stands twice or is out of range",
                            where(DCM_SegmentNumber));
            }
            if (*number == 0) {
                continue; // the background of a label map
            }
            SegSegment segment;
            segment.number = static_cast<int>(*number);
            segment.label.id = segment.number;
            segment.label.name = textOf(item, DCM_SegmentLabel);
            const std::string description = textOf(item, DCM_SegmentDescription);
            if (!segment.label.name.empty() && description.starts_with(segment.label.name)) {
                segment.label.name = description; // longer than an LO holds
            }
            segment.label.colour = colourOf(item, segment.number);
            segment.label.category = codeOf(item, DCM_SegmentedPropertyCategoryCodeSequence);
            segment.label.type = codeOf(item, DCM_SegmentedPropertyTypeCodeSequence);
            m_seg.segments.push_back(std::move(segment));
        }
        if (m_seg.segments.empty()) {
            return fail(ErrorCode::missingAttribute, "the object describes no segment", where(DCM_SegmentSequence));
        }
        return {};
    }

    /// The functional group of a frame, its own before the shared one.
    static DcmItem* group(DcmItem* own, DcmItem* shared, const DcmTagKey& sequence)
    {
        DcmItem* item = nullptr;
        for (DcmItem* from : {own, shared}) {
            if (from != nullptr && from->findAndGetSequenceItem(sequence, item, 0).good() && item != nullptr) {
                return item;
            }
        }
        return nullptr;
    }

    static std::optional<std::vector<double>> numbers(DcmItem* item, const DcmTagKey& tag, unsigned long count)
    {
        std::vector<double> values(count);
        for (unsigned long n = 0; n < count; ++n) {
            if (item == nullptr || item->findAndGetFloat64(tag, values[n], n).bad() || !std::isfinite(values[n])) {
                return std::nullopt;
            }
        }
        return values;
    }

    Status readFrames()
    {
        DcmItem* shared = nullptr;
        m_dataset.findAndGetSequenceItem(DCM_SharedFunctionalGroupsSequence, shared, 0);
        DcmSequenceOfItems* sequence = nullptr;
        m_dataset.findAndGetSequence(DCM_PerFrameFunctionalGroupsSequence, sequence);
        const std::size_t described = sequence != nullptr ? sequence->card() : 0;
        if (described != m_seg.frames.size()) {
            return fail(ErrorCode::malformedFile,
                        "the object has " + std::to_string(m_seg.frames.size()) + " frames and describes " +
                            std::to_string(described),
                        where(DCM_PerFrameFunctionalGroupsSequence));
        }
        DcmObject* object = nullptr;
        for (SegFrame& frame : m_seg.frames) {
            object = sequence->nextInContainer(object);
            if (auto done = readFrame(frame, static_cast<DcmItem*>(object), shared); !done) {
                return done;
            }
        }
        return {};
    }

    Status readFrame(SegFrame& frame, DcmItem* own, DcmItem* shared)
    {
        if (m_seg.type != SegType::labelMap) {
            DcmItem* identification = group(own, shared, DCM_SegmentIdentificationSequence);
            if (identification == nullptr) {
                return fail(ErrorCode::missingAttribute, "a frame does not say which segment it belongs to",
                            where(DCM_SegmentIdentificationSequence));
            }
            const auto number = integer(*identification, DCM_ReferencedSegmentNumber);
            if (!number) {
                return fail(number.error());
            }
            frame.segment = static_cast<int>(*number);
        }
        if (const auto p = numbers(group(own, shared, DCM_PlanePositionSequence), DCM_ImagePositionPatient, 3)) {
            frame.position = Vec3{(*p)[0], (*p)[1], (*p)[2]};
        }
        if (const auto d = numbers(group(own, shared, DCM_PlaneOrientationSequence), DCM_ImageOrientationPatient, 6)) {
            frame.directions = {Vec3{(*d)[0], (*d)[1], (*d)[2]}, Vec3{(*d)[3], (*d)[4], (*d)[5]}};
        }
        DcmItem* measures = group(own, shared, DCM_PixelMeasuresSequence);
        if (const auto s = numbers(measures, DCM_PixelSpacing, 2)) {
            frame.spacing = {(*s)[1], (*s)[0]};
        }
        for (const auto& tag : {DCM_SliceThickness, DCM_SpacingBetweenSlices}) {
            if (const auto value = numbers(measures, tag, 1); value && value->front() > 0) {
                frame.thickness = value->front();
            }
        }
        readSources(frame, own);
        return {};
    }

    static void readSources(SegFrame& frame, DcmItem* own)
    {
        for (signed long d = 0; d < 64; ++d) {
            DcmItem* derivation = nullptr;
            if (own->findAndGetSequenceItem(DCM_DerivationImageSequence, derivation, d).bad() ||
                derivation == nullptr) {
                return;
            }
            for (signed long n = 0; n < 1024; ++n) {
                DcmItem* image = nullptr;
                if (derivation->findAndGetSequenceItem(DCM_SourceImageSequence, image, n).bad() || image == nullptr) {
                    break;
                }
                frame.sources.emplace_back(textOf(*image, DCM_ReferencedSOPInstanceUID),
                                           std::atoi(textOf(*image, DCM_ReferencedFrameNumber).c_str()));
            }
        }
    }

    Status readPixels()
    {
        if (m_dataset.chooseRepresentation(EXS_LittleEndianExplicit, nullptr).bad()) {
            const DcmXfer syntax(m_dataset.getOriginalXfer());
            return fail(ErrorCode::unsupportedTransferSyntax,
                        std::string("segmentations in ") + syntax.getXferName() + " are not supported",
                        m_path.string() + ", tag (0002,0010)", "Save the object uncompressed");
        }
        DcmElement* element = nullptr;
        if (m_dataset.findAndGetElement(DCM_PixelData, element).bad() || element == nullptr) {
            return fail(ErrorCode::missingAttribute, "the object has no pixels", where(DCM_PixelData));
        }
        const std::uint64_t bits = static_cast<std::uint64_t>(m_seg.rows) * static_cast<std::uint64_t>(m_seg.columns) *
                                   m_seg.frames.size() * static_cast<std::uint64_t>(m_seg.bitsAllocated);
        const std::uint64_t needed = (bits + 7) / 8;
        if (element->getLength() < needed) {
            return fail(ErrorCode::truncatedFile,
                        "rows × columns × frames need " + std::to_string(needed) + " bytes of pixels, " +
                            std::to_string(element->getLength()) + " are there",
                        where(DCM_PixelData), "Copy the file again");
        }
        Uint8* bytes = nullptr;
        Uint16* words = nullptr;
        if (element->getUint8Array(bytes).good() && bytes != nullptr) {
            m_seg.pixels.assign(bytes, bytes + needed);
        } else if (element->getUint16Array(words).good() && words != nullptr) {
            m_seg.pixels.resize(static_cast<std::size_t>(needed));
            std::memcpy(m_seg.pixels.data(), words, m_seg.pixels.size());
        } else {
            return fail(ErrorCode::readFailed, "the pixels cannot be read", where(DCM_PixelData));
        }
        return {};
    }

    DcmDataset& m_dataset;
    const std::filesystem::path& m_path;
    SegObjectFile m_seg;
};

} // namespace

SliceMask SegObjectFile::mask(std::size_t frame, int segment) const
{
    const std::size_t count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
    const std::size_t first = frame * count;
    std::vector<std::uint8_t> bitmap(count);
    for (std::size_t n = 0; n < count; ++n) {
        const std::size_t at = first + n;
        if (bitsAllocated == 1) {
            bitmap[n] = static_cast<std::uint8_t>((pixels[at / 8] >> (at % 8)) & 1U);
        } else if (type == SegType::fractional) {
            bitmap[n] = 2 * pixels[at] >= maximumFractionalValue ? 1 : 0;
        } else {
            const int value = bitsAllocated == 8 ? pixels[at] : pixels[2 * at] + 256 * pixels[2 * at + 1];
            bitmap[n] = value == segment ? 1 : 0;
        }
    }
    return SliceMask::fromBitmap(bitmap, columns, rows);
}

Result<SegObjectFile> readSegObject(const std::filesystem::path& path)
{
    initializeDcmtk();
    // Depth and lengths are held against the file before DCMTK's recursive parser sees it.
    if (const auto scanned = preScan(path); !scanned) {
        return fail(scanned.error());
    }
    DcmFileFormat file;
    const OFCondition loaded = file.loadFile(path.c_str());
    if (loaded.bad()) {
        return fail(ErrorCode::malformedFile, std::string("the DICOM object cannot be read: ") + loaded.text(),
                    path.string());
    }
    DcmDataset& dataset = *file.getDataset();
    const std::string characters = textOf(dataset, DCM_SpecificCharacterSet);
    if (!characters.empty() && characters != "ISO_IR 192") {
        dataset.convertToUTF8(); // where it fails, names keep their bytes
    }
    return SegParser(dataset, path).parse();
}

} // namespace icmoe
