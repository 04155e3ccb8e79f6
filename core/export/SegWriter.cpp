#include "core/export/SegWriter.h"

#include "core/dicom/Uid.h"
#include "core/export/DisplayColour.h"
#include "core/export/SegSource.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <random>
#include <set>

namespace icmoe {
namespace {

constexpr std::size_t kLongestText = 64; // characters of an LO

std::string newUid()
{
    std::random_device device;
    std::string text;
    for (int n = 0; n < 8; ++n) {
        text += std::to_string(device()) + ".";
    }
    return uidFromText(text);
}

/// A DS value: at most 16 characters, as many digits as fit.
std::string decimal(double value)
{
    std::array<char, 40> text{};
    for (int digits = 15; digits > 0; --digits) {
        if (std::snprintf(text.data(), text.size(), "%.*g", digits, value) <= 16) {
            break;
        }
    }
    return text.data();
}

std::string decimals(std::initializer_list<double> values)
{
    std::string text;
    for (const double value : values) {
        text += (text.empty() ? "" : "\\") + decimal(value);
    }
    return text;
}

/// At most `characters` UTF-8 characters, without what separates values.
std::string limited(const std::string& text, std::size_t characters = kLongestText)
{
    std::string out;
    std::size_t count = 0;
    for (const char c : text) {
        const bool starts = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        if (starts && count++ == characters) {
            break;
        }
        out.push_back(c == '\\' ? '/' : static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
    }
    return out;
}

struct Moment {
    std::string date;
    std::string time;
};

Moment now()
{
    const std::time_t seconds = std::time(nullptr);
    std::tm local = {};
    ::localtime_r(&seconds, &local);
    std::array<char, 16> date{};
    std::array<char, 16> time{};
    std::strftime(date.data(), date.size(), "%Y%m%d", &local);
    std::strftime(time.data(), time.size(), "%H%M%S", &local);
    return {date.data(), time.data()};
}

/// An item being filled; remembers the first failure in the object's own condition.
class Item {
public:
    Item(DcmItem& item, OFCondition& condition)
        : m_item(item)
        , m_condition(condition)
    {
    }
    void text(const DcmTagKey& tag, const std::string& value) { keep(m_item.putAndInsertString(tag, value.c_str())); }
    void number(const DcmTagKey& tag, Uint16 value) { keep(m_item.putAndInsertUint16(tag, value)); }
    void numbers(const DcmTagKey& tag, const std::vector<Uint32>& values)
    {
        keep(m_item.putAndInsertUint32Array(tag, values.data(), static_cast<unsigned long>(values.size())));
    }
    void shortNumbers(const DcmTagKey& tag, const std::array<std::uint16_t, 3>& values)
    {
        keep(m_item.putAndInsertUint16Array(tag, values.data(), values.size()));
    }
    void tagKey(const DcmTagKey& tag, const DcmTagKey& value) { keep(m_item.putAndInsertTagKey(tag, value)); }
    /// A new item at the end of a sequence.
    Item append(const DcmTagKey& sequence)
    {
        DcmItem* item = nullptr;
        keep(m_item.findOrCreateSequenceItem(sequence, item, -2));
        return item != nullptr ? Item(*item, m_condition) : *this;
    }
    void code(const DcmTagKey& sequence, const Code& code)
    {
        Item item = append(sequence);
        item.text(DCM_CodeValue, limited(code.value, 16));
        item.text(DCM_CodingSchemeDesignator, limited(code.scheme, 16));
        item.text(DCM_CodeMeaning, limited(code.meaning));
    }
    void keep(const OFCondition& condition)
    {
        if (m_condition.good()) {
            m_condition = condition;
        }
    }

private:
    DcmItem& m_item;
    OFCondition& m_condition;
};

/// One frame: a label on a slice.
struct FramePlan {
    int segment = 1;
    int slice = 0;
    const SliceMask* mask = nullptr;
};

class SegObject {
public:
    SegObject(const Segmentation& segmentation, const SegSource& source, const Geometry& geometry,
              const ExportOptions& options)
        : m_segmentation(segmentation)
        , m_source(source)
        , m_geometry(geometry)
        , m_options(options)
    {
        planFrames();
    }

    Status save(const std::filesystem::path& path)
    {
        const Size3 size = m_geometry.size();
        const std::uint64_t bits = static_cast<std::uint64_t>(size.width) * static_cast<std::uint64_t>(size.height) *
                                   static_cast<std::uint64_t>(m_frames.size());
        if (size.width > 65535 || size.height > 65535 || bits / 8 > 0xfffffff0U || m_segments > 65535) {
            return fail(ErrorCode::limitExceeded, "a segmentation object cannot hold so many pixels", {},
                        "Export as NRRD, or fewer labels");
        }
        Item root(*m_file.getDataset(), m_condition);
        fillGeneral(root);
        fillReferences(root);
        fillImage(root);
        fillSegments(root);
        fillDimensions(root);
        fillSharedGroups(root);
        for (std::size_t n = 0; n < m_frames.size(); ++n) {
            if (m_options.stop.stop_requested()) {
                return fail(ErrorCode::cancelled, "the export was cancelled");
            }
            fillFrame(root, m_frames[n]);
        }
        fillPixels(root, bits);
        root.keep(
            m_file.saveFile(path.c_str(), EXS_LittleEndianExplicit, EET_ExplicitLength, EGL_recalcGL, EPD_noChange));
        if (m_condition.bad()) {
            return fail(ErrorCode::writeFailed,
                        std::string("the segmentation object could not be written: ") + m_condition.text(),
                        path.string(), "Check the free space");
        }
        return {};
    }

private:
    void planFrames()
    {
        for (const Label& label : m_segmentation.labels().labels()) {
            ++m_segments;
            for (const auto& [k, mask] : m_segmentation.mask(label.id).slices()) {
                m_frames.push_back({m_segments, k, &mask});
            }
        }
        if (m_frames.empty()) {
            m_frames.push_back({1, 0, &m_nothing});
        }
        std::set<int> slices;
        for (const FramePlan& frame : m_frames) {
            slices.insert(frame.slice);
        }
        Uint32 rank = 0;
        for (const int slice : slices) {
            m_rank[slice] = ++rank;
        }
    }

    [[nodiscard]] bool placed() const { return !m_source.frameOfReferenceUid.empty(); }

    void copy(Item& root, const DcmTagKey& tag, bool always)
    {
        const std::string value = textOf(*m_source.attributes, tag);
        if (always || !value.empty()) {
            root.text(tag, value);
        }
    }

    void fillGeneral(Item& root)
    {
        const Moment moment = now();
        root.text(DCM_SpecificCharacterSet, "ISO_IR 192");
        root.text(DCM_SOPClassUID, UID_SegmentationStorage);
        root.text(DCM_SOPInstanceUID, newUid());
        root.text(DCM_InstanceCreationDate, moment.date);
        root.text(DCM_InstanceCreationTime, moment.time);
        for (const auto& tag : {DCM_PatientName, DCM_PatientID, DCM_PatientBirthDate, DCM_PatientSex, DCM_StudyDate,
                                DCM_StudyTime, DCM_ReferringPhysicianName, DCM_StudyID, DCM_AccessionNumber}) {
            copy(root, tag, true);
        }
        for (const auto& tag : {DCM_StudyDescription, DCM_PatientAge, DCM_PatientSize, DCM_PatientWeight,
                                DCM_PatientIdentityRemoved, DCM_DeidentificationMethod, DCM_BodyPartExamined}) {
            copy(root, tag, false);
        }
        root.text(DCM_StudyInstanceUID, m_source.studyUid);
        root.text(DCM_Modality, "SEG");
        root.text(DCM_SeriesInstanceUID, newUid());
        const int sourceNumber = std::atoi(textOf(*m_source.attributes, DCM_SeriesNumber).c_str());
        root.text(DCM_SeriesNumber, std::to_string(std::clamp(sourceNumber, 0, 20'000'000) * 100 + 1));
        root.text(DCM_SeriesDescription, limited(m_options.seriesDescription));
        if (placed()) {
            root.text(DCM_FrameOfReferenceUID, m_source.frameOfReferenceUid);
            copy(root, DCM_PositionReferenceIndicator, true);
        } else {
            copy(root, DCM_PatientOrientation, true); // asked for where frames have no orientation of their own
        }
        root.text(DCM_Manufacturer, "icmoe");
        root.text(DCM_ManufacturerModelName, "icmoe");
        root.text(DCM_DeviceSerialNumber, "1");
        root.text(DCM_SoftwareVersions, limited(m_options.algorithmVersion));
        root.text(DCM_ContentDate, moment.date);
        root.text(DCM_ContentTime, moment.time);
        root.text(DCM_ContentLabel, "SEGMENTATION");
        root.text(DCM_ContentDescription, limited(m_options.seriesDescription));
        root.text(DCM_ContentCreatorName, limited(m_options.author));
        root.text(DCM_InstanceNumber, "1");
    }

    void fillReferences(Item& root)
    {
        Item series = root.append(DCM_ReferencedSeriesSequence);
        series.text(DCM_SeriesInstanceUID, m_source.seriesUid);
        std::set<std::string> seen;
        for (const FramePlan& plan : m_frames) {
            const SourceFrame& frame = m_source.frames[static_cast<std::size_t>(plan.slice)];
            if (seen.insert(frame.sopInstanceUid).second) {
                Item instance = series.append(DCM_ReferencedInstanceSequence);
                instance.text(DCM_ReferencedSOPClassUID, frame.sopClassUid);
                instance.text(DCM_ReferencedSOPInstanceUID, frame.sopInstanceUid);
            }
        }
    }

    void fillImage(Item& root)
    {
        root.text(DCM_ImageType, "DERIVED\\PRIMARY");
        const bool lossy = textOf(*m_source.attributes, DCM_LossyImageCompression) == "01";
        const std::string ratio = textOf(*m_source.attributes, DCM_LossyImageCompressionRatio);
        const std::string method = textOf(*m_source.attributes, DCM_LossyImageCompressionMethod);
        root.text(DCM_LossyImageCompression, lossy ? "01" : "00");
        if (lossy && !ratio.empty() && !method.empty()) {
            root.text(DCM_LossyImageCompressionRatio, ratio);
            root.text(DCM_LossyImageCompressionMethod, method);
        }
        root.number(DCM_SamplesPerPixel, 1);
        root.text(DCM_PhotometricInterpretation, "MONOCHROME2");
        root.text(DCM_NumberOfFrames, std::to_string(m_frames.size()));
        root.number(DCM_Rows, static_cast<Uint16>(m_geometry.size().height));
        root.number(DCM_Columns, static_cast<Uint16>(m_geometry.size().width));
        root.number(DCM_BitsAllocated, 1);
        root.number(DCM_BitsStored, 1);
        root.number(DCM_HighBit, 0);
        root.number(DCM_PixelRepresentation, 0);
        root.text(DCM_SegmentationType, "BINARY");
    }

    void fillSegments(Item& root)
    {
        Uint16 number = 0;
        for (const Label& label : m_segmentation.labels().labels()) {
            Item segment = root.append(DCM_SegmentSequence);
            segment.code(DCM_SegmentedPropertyCategoryCodeSequence, label.category);
            segment.number(DCM_SegmentNumber, ++number);
            const std::string name = limited(label.name);
            segment.text(DCM_SegmentLabel, name);
            if (const std::string whole = limited(label.name, 1024); whole != name) {
                segment.text(DCM_SegmentDescription, whole);
            }
            fillAlgorithm(segment, label.id);
            segment.code(DCM_SegmentedPropertyTypeCodeSequence, label.type);
            segment.shortNumbers(DCM_RecommendedDisplayCIELabValue, displayLab(label.colour));
        }
    }

    void fillAlgorithm(Item& segment, LabelId label)
    {
        const auto found = m_options.algorithm.find(label);
        const AlgorithmType type = found == m_options.algorithm.end() ? AlgorithmType::manual : found->second;
        segment.text(DCM_SegmentAlgorithmType, type == AlgorithmType::manual          ? "MANUAL"
                                               : type == AlgorithmType::semiautomatic ? "SEMIAUTOMATIC"
                                                                                      : "AUTOMATIC");
        if (type == AlgorithmType::manual) {
            return;
        }
        segment.text(DCM_SegmentAlgorithmName, limited(m_options.algorithmName));
        Item algorithm = segment.append(DCM_SegmentationAlgorithmIdentificationSequence);
        algorithm.code(DCM_AlgorithmFamilyCodeSequence, {"123110", "DCM", "Artificial Intelligence"});
        algorithm.text(DCM_AlgorithmVersion, limited(m_options.algorithmVersion));
        algorithm.text(DCM_AlgorithmName, limited(m_options.algorithmName));
    }

    void fillDimensions(Item& root)
    {
        const std::string uid = newUid();
        root.append(DCM_DimensionOrganizationSequence).text(DCM_DimensionOrganizationUID, uid);
        const auto dimension = [&](const DcmTagKey& index, const DcmTagKey& group, const std::string& name) {
            Item item = root.append(DCM_DimensionIndexSequence);
            item.text(DCM_DimensionOrganizationUID, uid);
            item.tagKey(DCM_DimensionIndexPointer, index);
            item.tagKey(DCM_FunctionalGroupPointer, group);
            item.text(DCM_DimensionDescriptionLabel, name);
        };
        dimension(DCM_ReferencedSegmentNumber, DCM_SegmentIdentificationSequence, "Segment Number");
        if (placed()) {
            dimension(DCM_ImagePositionPatient, DCM_PlanePositionSequence, "Image Position Patient");
        } else {
            dimension(DCM_InStackPositionNumber, DCM_FrameContentSequence, "In-Stack Position Number");
        }
    }

    void fillSharedGroups(Item& root)
    {
        Item shared = root.append(DCM_SharedFunctionalGroupsSequence);
        if (placed()) {
            const Vec3 row = m_geometry.rowDirection();
            const Vec3 column = m_geometry.columnDirection();
            shared.append(DCM_PlaneOrientationSequence)
                .text(DCM_ImageOrientationPatient, decimals({row.x, row.y, row.z, column.x, column.y, column.z}));
        }
        if (m_geometry.spacingSource() == SpacingSource::none) {
            return;
        }
        Item measures = shared.append(DCM_PixelMeasuresSequence);
        const std::string thickness = textOf(*m_source.attributes, DCM_SliceThickness);
        measures.text(DCM_SliceThickness,
                      std::atof(thickness.c_str()) > 0 ? thickness : decimal(m_geometry.spacingK()));
        if (m_geometry.size().depth > 1 && m_geometry.isRegular()) {
            measures.text(DCM_SpacingBetweenSlices, decimal(m_geometry.spacingK()));
        }
        measures.text(DCM_PixelSpacing, decimals({m_geometry.spacingJ(), m_geometry.spacingI()}));
    }

    void fillFrame(Item& root, const FramePlan& plan)
    {
        Item frame = root.append(DCM_PerFrameFunctionalGroupsSequence);
        const auto slice = static_cast<std::size_t>(plan.slice);
        const SourceFrame& source = m_source.frames[slice];
        Item derivation = frame.append(DCM_DerivationImageSequence);
        derivation.code(DCM_DerivationCodeSequence, {"113076", "DCM", "Segmentation"});
        Item image = derivation.append(DCM_SourceImageSequence);
        image.text(DCM_ReferencedSOPClassUID, source.sopClassUid);
        image.text(DCM_ReferencedSOPInstanceUID, source.sopInstanceUid);
        if (source.frameNumber > 0) {
            image.text(DCM_ReferencedFrameNumber, std::to_string(source.frameNumber));
        }
        image.text(DCM_SpatialLocationsPreserved, "YES");
        image.code(DCM_PurposeOfReferenceCodeSequence,
                   {"121322", "DCM", "Source image for image processing operation"});
        Item content = frame.append(DCM_FrameContentSequence);
        if (!placed()) {
            content.text(DCM_StackID, "1");
            content.numbers(DCM_InStackPositionNumber, {static_cast<Uint32>(plan.slice + 1)});
        }
        content.numbers(DCM_DimensionIndexValues,
                        {static_cast<Uint32>(plan.segment),
                         placed() ? m_rank.at(plan.slice) : static_cast<Uint32>(plan.slice + 1)});
        if (placed()) {
            const Vec3 position = m_geometry.positions()[slice];
            frame.append(DCM_PlanePositionSequence)
                .text(DCM_ImagePositionPatient, decimals({position.x, position.y, position.z}));
        }
        frame.append(DCM_SegmentIdentificationSequence)
            .number(DCM_ReferencedSegmentNumber, static_cast<Uint16>(plan.segment));
    }

    /// dcmseg 3.6.7 packs wrongly where rows × columns is no multiple of 8, so the bits are set here.
    void fillPixels(Item& root, std::uint64_t bits)
    {
        std::vector<std::uint8_t> packed(static_cast<std::size_t>((bits + 15) / 16 * 2));
        const std::uint64_t framePixels =
            static_cast<std::uint64_t>(m_geometry.size().width) * static_cast<std::uint64_t>(m_geometry.size().height);
        for (std::size_t n = 0; n < m_frames.size(); ++n) {
            for (const Run run : m_frames[n].mask->runs()) {
                setBits(packed, n * framePixels + run.begin, n * framePixels + run.end);
            }
        }
        root.keep(m_file.getDataset()->putAndInsertUint8Array(DCM_PixelData, packed.data(),
                                                              static_cast<unsigned long>(packed.size())));
    }

    const Segmentation& m_segmentation;
    const SegSource& m_source;
    const Geometry& m_geometry;
    const ExportOptions& m_options;
    const SliceMask m_nothing{};
    DcmFileFormat m_file;
    OFCondition m_condition = EC_Normal;
    int m_segments = 0;
    std::vector<FramePlan> m_frames;
    std::map<int, Uint32> m_rank; ///< of a slice among those that have frames, from 1
};

} // namespace

void setBits(std::vector<std::uint8_t>& packed, std::uint64_t begin, std::uint64_t end)
{
    while (begin < end && begin % 8 != 0) {
        packed[begin / 8] = static_cast<std::uint8_t>(packed[begin / 8] | (1U << (begin % 8)));
        ++begin;
    }
    for (; begin + 8 <= end; begin += 8) {
        packed[begin / 8] = 0xff;
    }
    for (; begin < end; ++begin) {
        packed[begin / 8] = static_cast<std::uint8_t>(packed[begin / 8] | (1U << (begin % 8)));
    }
}

Status writeSeg(const Segmentation& segmentation, const Series& source, const Geometry& geometry,
                const std::filesystem::path& path, const ExportOptions& options)
{
    if (segmentation.labels().labels().empty()) {
        return fail(ErrorCode::emptyInput, "there is no label to export", path.string(), "Add a label first");
    }
    if (segmentation.size() != geometry.size()) {
        return fail(ErrorCode::geometryMismatch, "the segmentation is on another grid than its source");
    }
    const auto segSource = readSegSource(source, geometry);
    if (!segSource) {
        return fail(segSource.error());
    }
    return SegObject(segmentation, *segSource, geometry, options).save(path);
}

} // namespace icmoe
