#include "core/dicom/FrameHeaders.h"

#include "core/dicom/Dcmtk.h"

#include <algorithm>
#include <cmath>

namespace icmoe {
namespace {

std::optional<Vec3> vectorAt(const std::vector<double>& values, std::size_t at)
{
    if (values.size() < at + 3) {
        return std::nullopt;
    }
    return Vec3{values[at], values[at + 1], values[at + 2]};
}

/// Millimetres farther than any patient reaches are not believed: sums of them would lose the picture.
constexpr double kFarthestMm = 1e6;
constexpr double kFinestMm = 1e-6;

void readPosition(const Attributes& item, FrameHeader& frame)
{
    const auto position = vectorAt(item.numbers(DCM_ImagePositionPatient), 0);
    if (position && std::max({std::abs(position->x), std::abs(position->y), std::abs(position->z)}) < kFarthestMm) {
        frame.position = position;
    }
}

bool isBelievable(double spacing)
{
    return spacing >= kFinestMm && spacing <= kFarthestMm;
}

/// Directions that are no pair of perpendicular unit vectors are worth as little as none.
void readOrientation(const Attributes& item, FrameHeader& frame)
{
    const auto values = item.numbers(DCM_ImageOrientationPatient);
    const auto row = vectorAt(values, 0);
    const auto column = vectorAt(values, 3);
    if (!row || !column || std::abs(length(*row) - 1) > 0.01 || std::abs(length(*column) - 1) > 0.01 ||
        std::abs(dot(*row, *column)) > 0.01) {
        return;
    }
    const Vec3 r = normalized(*row);
    frame.orientation = InPlane{r, normalized(*column - r * dot(*column, r))};
}

bool useSpacing(const std::vector<double>& values, SpacingSource source, FrameHeader& frame)
{
    if (values.size() < 2 || !isBelievable(values[0]) || !isBelievable(values[1])) {
        return false;
    }
    frame.spacing = {values[0], values[1]};
    frame.spacingSource = source;
    return true;
}

void readMeasures(const Attributes& item, FrameHeader& frame)
{
    useSpacing(item.numbers(DCM_PixelSpacing), SpacingSource::pixelSpacing, frame);
    const auto thickness = item.number(DCM_SliceThickness);
    frame.thickness = thickness && isBelievable(*thickness) ? *thickness : frame.thickness;
}

/// Millimetres of the 2D tissue regions (PS3.3 C.8.5.5), where all of them agree.
bool readUltrasoundRegions(const Attributes& root, FrameHeader& frame)
{
    constexpr int kTwoDimensional = 1;
    constexpr int kCentimetres = 3;
    std::vector<std::vector<double>> found;
    for (DcmItem* const item : root.items(DCM_SequenceOfUltrasoundRegions)) {
        const Attributes region(*item);
        const bool measured = region.integer(DCM_RegionSpatialFormat, 0) == kTwoDimensional &&
                              region.integer(DCM_PhysicalUnitsXDirection, 0) == kCentimetres &&
                              region.integer(DCM_PhysicalUnitsYDirection, 0) == kCentimetres;
        if (measured) {
            found.push_back({std::abs(region.number(DCM_PhysicalDeltaY).value_or(0)) * 10,
                             std::abs(region.number(DCM_PhysicalDeltaX).value_or(0)) * 10});
        }
    }
    const bool agree = std::all_of(found.begin(), found.end(), [&](const std::vector<double>& other) {
        return std::abs(other[0] - found[0][0]) <= 0.01 * found[0][0] &&
               std::abs(other[1] - found[0][1]) <= 0.01 * found[0][1];
    });
    return !found.empty() && agree && useSpacing(found.front(), SpacingSource::ultrasoundRegion, frame);
}

void readSpacing(const Attributes& root, FrameHeader& frame)
{
    readMeasures(root, frame);
    if (frame.spacingSource != SpacingSource::none || readUltrasoundRegions(root, frame) ||
        useSpacing(root.numbers(DCM_ImagerPixelSpacing), SpacingSource::imagerPixelSpacing, frame)) {
        return;
    }
    const auto ratio = root.numbers(DCM_PixelAspectRatio);
    if (ratio.size() >= 2 && ratio[0] > 0 && ratio[1] > 0 && isBelievable(ratio[0] / ratio[1])) {
        frame.spacing = {ratio[0] / ratio[1], 1};
    }
}

void readRescale(const Attributes& item, FrameHeader& frame)
{
    const auto slope = item.number(DCM_RescaleSlope);
    const auto intercept = item.number(DCM_RescaleIntercept);
    if (slope && *slope != 0) {
        frame.rescale = {*slope, intercept.value_or(0)};
    } else if (intercept) {
        frame.rescale = {1, *intercept};
    }
    const std::string unit = item.text(DCM_RescaleType);
    if (!unit.empty() && unit != "US") { // US: unspecified
        frame.unit = unit;
    }
}

void readWindows(const Attributes& item, FrameHeader& frame)
{
    const auto centres = item.numbers(DCM_WindowCenter);
    const auto widths = item.numbers(DCM_WindowWidth);
    std::vector<WindowLevel> windows;
    for (std::size_t i = 0; i < std::min(centres.size(), widths.size()); ++i) {
        if (widths[i] >= 1 || (widths[i] > 0 && item.text(DCM_VOILUTFunction) != "LINEAR")) {
            windows.push_back({.width = widths[i], .level = centres[i]});
        }
    }
    if (windows.empty()) {
        // A VOI LUT is shown by the window that spans its input values.
        if (DcmItem* const table = item.firstItem(DCM_VOILUTSequence)) {
            const auto descriptor = Attributes(*table).numbers(DCM_LUTDescriptor);
            if (descriptor.size() == 3) {
                const double count = descriptor[0] == 0 ? 65536 : descriptor[0];
                windows.push_back({.width = count, .level = descriptor[1] + count / 2});
            }
        }
    }
    if (!windows.empty()) {
        frame.windows = std::move(windows);
    }
}

/// Keeps what is there already where the item is silent.
void read(const Attributes& item, const DcmTagKey& tag, std::string& value)
{
    if (std::string found = item.text(tag); !found.empty()) {
        value = std::move(found);
    }
}

void readRepeat(const Attributes& root, Repeat& repeat)
{
    read(root, DCM_TemporalPositionIdentifier, repeat.temporalIndex);
    read(root, DCM_TemporalPositionIndex, repeat.temporalIndex);
    read(root, DCM_EchoNumbers, repeat.echoNumber);
    read(root, DCM_EchoTime, repeat.echoTime);
    read(root, DCM_DiffusionBValue, repeat.bValue);
    if (repeat.bValue.empty() && root.text(DcmTagKey(0x0019, 0x0010)).starts_with("SIEMENS MR HEADER")) {
        read(root, DcmTagKey(0x0019, 0x100c), repeat.bValue);
    }
    read(root, DCM_AcquisitionNumber, repeat.acquisition);
    const std::string date = root.text(DCM_AcquisitionDate);
    const std::string time = root.text(DCM_AcquisitionTime);
    repeat.acquisitionTime = time.empty() ? "" : date + time;
    read(root, DCM_AcquisitionDateTime, repeat.acquisitionTime);
    read(root, DCM_TriggerTime, repeat.triggerTime);
    read(root, DCM_ContentTime, repeat.contentTime);
}

FrameHeader wholeFile(const Attributes& root)
{
    FrameHeader frame;
    readPosition(root, frame);
    readOrientation(root, frame);
    readSpacing(root, frame);
    readRescale(root, frame);
    readWindows(root, frame);
    read(root, DCM_ImageType, frame.imageType);
    readRepeat(root, frame.repeat);
    return frame;
}

/// One item of the shared or per-frame functional groups (PS3.3 C.7.6.16).
void readGroups(const Attributes& groups, FrameHeader& frame)
{
    const auto with = [&](const DcmTagKey& macro, auto&& use) {
        if (DcmItem* const item = groups.firstItem(macro)) {
            use(Attributes(*item));
        }
    };
    with(DCM_PlanePositionSequence, [&](const Attributes& item) { readPosition(item, frame); });
    with(DCM_PlaneOrientationSequence, [&](const Attributes& item) { readOrientation(item, frame); });
    with(DCM_PixelMeasuresSequence, [&](const Attributes& item) { readMeasures(item, frame); });
    with(DCM_PixelValueTransformationSequence, [&](const Attributes& item) { readRescale(item, frame); });
    with(DCM_FrameVOILUTSequence, [&](const Attributes& item) { readWindows(item, frame); });
    for (const auto& tag : {DCM_MRImageFrameTypeSequence, DCM_CTImageFrameTypeSequence, DCM_PETFrameTypeSequence,
                            DCM_XAXRFFrameCharacteristicsSequence}) {
        with(tag, [&](const Attributes& item) { read(item, DCM_FrameType, frame.imageType); });
    }
    with(DCM_MREchoSequence, [&](const Attributes& item) { read(item, DCM_EffectiveEchoTime, frame.repeat.echoTime); });
    with(DCM_MRDiffusionSequence,
         [&](const Attributes& item) { read(item, DCM_DiffusionBValue, frame.repeat.bValue); });
    with(DCM_FrameContentSequence, [&](const Attributes& item) {
        read(item, DCM_TemporalPositionIndex, frame.repeat.temporalIndex);
        read(item, DCM_FrameAcquisitionNumber, frame.repeat.acquisition);
        read(item, DCM_FrameAcquisitionDateTime, frame.repeat.acquisitionTime);
    });
}

/// Planes of an RT dose lie on the normal at offsets from the first (PS3.3 C.8.8.3).
void placeDosePlanes(const Attributes& root, std::vector<FrameHeader>& frames)
{
    const auto offsets = root.numbers(DCM_GridFrameOffsetVector);
    if (offsets.size() != frames.size() || !frames.front().position || !frames.front().orientation) {
        return;
    }
    const Vec3 origin = *frames.front().position;
    const Vec3 normal = cross(frames.front().orientation->row, frames.front().orientation->column);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        frames[i].position = origin + normal * (offsets[i] - (offsets[0] == 0 ? 0 : offsets[0]));
    }
    const double gap = offsets.size() > 1 ? std::abs(offsets[1] - offsets[0]) : 0;
    for (auto& frame : frames) {
        frame.rescale.slope = root.number(DCM_DoseGridScaling).value_or(1);
        frame.thickness = gap > 0 ? gap : frame.thickness;
    }
}

} // namespace

std::vector<FrameHeader> readFrameHeaders(const Attributes& root, int frames, const PixelFormat& format)
{
    FrameHeader common = wholeFile(root);
    if (isColour(format)) {
        common.rescale = {};
        common.windows.clear();
    }
    const bool hasGroups =
        root.has(DCM_SharedFunctionalGroupsSequence) || root.has(DCM_PerFrameFunctionalGroupsSequence);
    if (hasGroups) {
        common.repeat.contentTime.clear(); // one for the whole file
        if (DcmItem* const shared = root.firstItem(DCM_SharedFunctionalGroupsSequence)) {
            readGroups(Attributes(*shared), common);
        }
    } else if (frames > 1) {
        common.position.reset(); // of the first frame at best
    }
    std::vector<FrameHeader> all(static_cast<std::size_t>(frames), common);
    const auto perFrame = root.items(DCM_PerFrameFunctionalGroupsSequence);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].frame = static_cast<int>(i);
        if (i < perFrame.size()) {
            readGroups(Attributes(*perFrame[i]), all[i]);
        }
    }
    if (!hasGroups && frames > 1 && root.has(DCM_GridFrameOffsetVector)) {
        readPosition(root, all.front());
        placeDosePlanes(root, all);
    }
    return all;
}

} // namespace icmoe
