#include "core/dicom/SeriesHealth.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <string_view>

namespace icmoe {
namespace {

std::string withUnit(double value, const char* unit)
{
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%.*f%s", value < 10 ? 2 : 1, value, unit);
    return text.data();
}

std::string counted(std::size_t count, const std::string& one)
{
    return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

/// Distances between neighbouring slices along the normal.
std::vector<double> gapsOf(const Geometry& geometry)
{
    std::vector<double> gaps;
    const auto& positions = geometry.positions();
    for (std::size_t k = 1; k < positions.size(); ++k) {
        gaps.push_back(dot(positions[k] - positions[k - 1], geometry.normal()));
    }
    return gaps;
}

/// Rounded positions in headers move a gap by a little.
double toleranceOf(double gap)
{
    return std::max(0.02, 0.02 * gap);
}

double medianOf(std::vector<double> values)
{
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Slices that would fill gaps of twice, three times … the usual one; 0 where the gaps are of no common measure, or so
/// many are wide that the series was made that way.
std::size_t missingSlices(const std::vector<double>& gaps, double usual)
{
    std::size_t missing = 0;
    std::size_t wide = 0;
    for (const double gap : gaps) {
        const double times = std::round(gap / usual);
        if (times < 1 || std::abs(gap - times * usual) > times * toleranceOf(usual)) {
            return 0;
        }
        missing += static_cast<std::size_t>(times) - 1;
        wide += times > 1 ? 1 : 0;
    }
    return 3 * wide <= gaps.size() ? missing : 0;
}

void checkSlices(const Geometry& geometry, HealthReport& report)
{
    const auto slices = static_cast<std::size_t>(geometry.size().depth);
    const auto gaps = gapsOf(geometry);
    const double usual = gaps.empty() ? 0 : medianOf(gaps);
    const std::size_t missing = usual > 0 ? missingSlices(gaps, usual) : 0;
    const std::string share = std::to_string(slices) + " / " + std::to_string(slices + missing);
    if (missing > 0) {
        report.checks.push_back(
            {HealthKind::missingSlices, HealthLevel::warning, counted(missing, "slice") + " missing", share});
    } else {
        report.checks.push_back({HealthKind::missingSlices, HealthLevel::ok, "Slices complete", share});
    }
    if (gaps.empty()) {
        return;
    }
    const auto [smallest, largest] = std::minmax_element(gaps.begin(), gaps.end());
    const bool even = *largest - *smallest <= toleranceOf(usual);
    if (even) {
        report.checks.push_back({HealthKind::unevenSlices, HealthLevel::ok, "Spacing even", withUnit(usual, " mm")});
    } else if (missing == 0) {
        report.checks.push_back({HealthKind::unevenSlices, HealthLevel::warning, "Slices are unevenly spaced",
                                 withUnit(*smallest, "") + " to " + withUnit(*largest, " mm")});
    }
}

void checkTilt(const Geometry& geometry, HealthReport& report)
{
    if (geometry.size().depth > 1 && geometry.tiltDegrees() > 0.5) {
        report.checks.push_back({HealthKind::gantryTilt, HealthLevel::note, "Gantry tilt, shown in true geometry",
                                 withUnit(geometry.tiltDegrees(), "°")});
    }
}

/// Degrees between a direction and the closest axis of the patient.
double obliqueness(Vec3 direction)
{
    const double most = std::max({std::abs(direction.x), std::abs(direction.y), std::abs(direction.z)});
    return std::acos(std::min(1.0, most)) * 180 / std::numbers::pi;
}

void checkDirections(const Geometry& geometry, HealthReport& report)
{
    const double angle = std::max(obliqueness(geometry.rowDirection()), obliqueness(geometry.normal()));
    if (geometry.tiltDegrees() > 0.5) {
        return; // said by itself
    }
    if (angle > 5) {
        report.checks.push_back(
            {HealthKind::oblique, HealthLevel::note, "Oblique to the patient's axes", withUnit(angle, "°")});
    } else if (geometry.placedInPatient()) {
        report.checks.push_back({HealthKind::oblique, HealthLevel::ok, "Orientation",
                                 letterOf(geometry.rowDirection()) + " " + letterOf(geometry.columnDirection()) + " " +
                                     letterOf(geometry.normal())});
    }
}

void checkPlace(const Part& part, const Geometry& geometry, HealthReport& report)
{
    const FrameHeader& header = part.pieces.front().frame->header;
    if (!geometry.placedInPatient()) {
        report.checks.push_back({HealthKind::noPosition, HealthLevel::note, "No place in the patient", "file order"});
    } else if (part.pieces.front().header->frameOfReferenceUid.empty()) {
        report.checks.push_back({HealthKind::noFrameOfReference, HealthLevel::note, "No frame of reference", ""});
    } else {
        report.checks.push_back({HealthKind::noFrameOfReference, HealthLevel::ok, "Reference frame", "given"});
    }
    if (header.spacingSource == SpacingSource::none) {
        report.checks.push_back({HealthKind::noSpacing, HealthLevel::note, "No pixel spacing", "measured in pixels"});
    } else if (header.spacingSource == SpacingSource::imagerPixelSpacing) {
        report.checks.push_back({HealthKind::noSpacing, HealthLevel::note,
                                 "Spacing at the detector, not in the patient", "ImagerPixelSpacing"});
    }
}

void checkRepeats(const Part& part, HealthReport& report)
{
    if (part.copies > 0) {
        report.checks.push_back(
            {HealthKind::duplicateSlices, HealthLevel::note, counted(part.copies, "file") + " twice, read once", ""});
    }
    if (part.repeated > 0) {
        const bool all = part.repeated == part.positions; // several whole volumes in one series
        report.checks.push_back({HealthKind::duplicateSlices, all ? HealthLevel::note : HealthLevel::warning,
                                 counted(part.repeated, "position") + " more than once",
                                 "told apart by instance number only"});
    }
}

void checkContent(const Part& part, HealthReport& report)
{
    const auto any = [&](auto&& test) { return std::any_of(part.pieces.begin(), part.pieces.end(), test); };
    if (part.mixedOrientations) {
        report.checks.push_back(
            {HealthKind::mixedOrientations, HealthLevel::note, "The series holds several orientations", "split"});
    }
    if (any([](const Piece& piece) { return piece.frame->header.imageType.find("LOCALIZER") != std::string::npos; })) {
        report.checks.push_back({HealthKind::localizer, HealthLevel::note, "Localizer", ""});
    }
    if (any([](const Piece& piece) { return piece.header->burntIn; })) {
        report.checks.push_back(
            {HealthKind::burntInText, HealthLevel::warning, "Text is burnt into the picture", "may name the patient"});
    }
    if (any([](const Piece& piece) { return piece.frame->file->lossy; })) {
        report.checks.push_back({HealthKind::lossy, HealthLevel::note, "Lossy compression", ""});
    }
}

} // namespace

HealthReport healthOf(const Part& part, const std::optional<Geometry>& geometry)
{
    HealthReport report;
    if (geometry) {
        if (geometry->placedInPatient()) {
            checkSlices(*geometry, report);
            checkTilt(*geometry, report);
            checkDirections(*geometry, report);
        }
        checkPlace(part, *geometry, report);
    } else {
        report.checks.push_back({HealthKind::noPosition, HealthLevel::warning, "The headers make no grid", ""});
    }
    checkRepeats(part, report);
    checkContent(part, report);
    return report;
}

} // namespace icmoe
