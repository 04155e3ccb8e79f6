#include "tests/support/DicomPhantom.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <numeric>
#include <random>
#include <stdexcept>

namespace icmoe::test {
namespace {

constexpr Vec3 kCentre{12, -8, 25};

bool isMissing(const DicomPhantomOptions& options, int k)
{
    return std::find(options.missing.begin(), options.missing.end(), k) != options.missing.end();
}

/// Distance of slice k from slice 0 along the normal.
double height(const DicomPhantomOptions& options, int k)
{
    const double uneven = options.uneven && k % 2 == 1 ? -0.5 : 0.0;
    return options.spacing.z * (k + uneven);
}

std::vector<Vec3> slicePositions(const DicomPhantomOptions& options)
{
    const auto& [width, rows, depth] = options.size;
    const Vec3 row = options.orientation.row;
    const Vec3 column = options.orientation.column;
    const Vec3 normal = cross(row, column);
    const double shear = std::tan(options.tiltDegrees * std::numbers::pi / 180);
    const double middle = height(options, depth - 1) / 2;
    std::vector<Vec3> positions;
    for (int k = 0; k < depth; ++k) {
        const double h = height(options, k) - middle;
        positions.push_back(kCentre + row * (-0.5 * (width - 1) * options.spacing.x) +
                            column * (-0.5 * (rows - 1) * options.spacing.y) + normal * h + column * (h * shear));
    }
    return positions;
}

/// The whole volume, missing slices included.
std::shared_ptr<Volume> filledVolume(const DicomPhantomOptions& options, Geometry geometry)
{
    Volume::Description description{std::move(geometry)};
    const bool isCt = options.modality == "CT";
    description.type = isCt ? SampleType::s16 : SampleType::u16;
    description.rescale = {isCt ? Rescale{1, -24} : Rescale{}};
    description.unit = isCt ? "HU" : "";
    description.inverted = options.monochrome1;
    description.windows = {WindowLevel{.width = 800, .level = 300}};
    description.modality = options.modality;
    auto volume = Volume::allocate(std::move(description));
    if (!volume) {
        throw std::runtime_error(volume.error().oneLine());
    }
    const Geometry& grid = (*volume)->geometry();
    for (int k = 0; k < grid.size().depth; ++k) {
        const auto bytes = (*volume)->writableSliceBytes(k);
        std::size_t at = 0;
        for (int j = 0; j < grid.size().height; ++j) {
            for (int i = 0; i < grid.size().width; ++i, at += 2) {
                const auto value = static_cast<std::int16_t>(phantomValue(
                    grid.toPatient({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)}),
                    options.modality));
                std::memcpy(bytes.data() + at, &value, 2);
            }
        }
        (*volume)->markLoaded(k);
    }
    return *volume;
}

Geometry geometryOf(const DicomPhantomOptions& options, std::vector<Vec3> positions)
{
    Geometry::Parameters parameters;
    parameters.size = {options.size.width, options.size.height, static_cast<int>(positions.size())};
    parameters.rowDirection = options.orientation.row;
    parameters.columnDirection = options.orientation.column;
    parameters.spacingI = options.spacing.x;
    parameters.spacingJ = options.spacing.y;
    parameters.positions = std::move(positions);
    parameters.singleSliceThickness = options.spacing.z;
    auto geometry = Geometry::make(std::move(parameters));
    if (!geometry) {
        throw std::runtime_error(geometry.error().oneLine());
    }
    return *geometry;
}

/// Slices of the volume (without the missing ones) in the order of their file names.
std::vector<int> fileOrder(const DicomPhantomOptions& options, int depth)
{
    std::vector<int> order(static_cast<std::size_t>(depth));
    std::iota(order.begin(), order.end(), 0);
    int written = 0;
    for (int k = 0; k < options.size.depth; ++k) {
        if (isMissing(options, k)) {
            continue;
        }
        if (std::find(options.repeated.begin(), options.repeated.end(), k) != options.repeated.end()) {
            order.push_back(written);
        }
        ++written;
    }
    if (options.shuffledFiles) {
        std::mt19937 random(7);
        for (std::size_t i = order.size(); i > 1; --i) { // std::shuffle differs between libraries
            std::swap(order[i - 1], order[random() % i]);
        }
    }
    return order;
}

} // namespace

std::vector<Orientation> axisAlignedOrientations()
{
    const std::vector<std::pair<std::string, Vec3>> directions{{"L", {1, 0, 0}},  {"R", {-1, 0, 0}}, {"P", {0, 1, 0}},
                                                               {"A", {0, -1, 0}}, {"S", {0, 0, 1}},  {"I", {0, 0, -1}}};
    std::vector<Orientation> all;
    for (const auto& [rowName, row] : directions) {
        for (const auto& [columnName, column] : directions) {
            if (dot(row, column) == 0) {
                all.push_back({"row " + rowName + " column " + columnName, row, column});
            }
        }
    }
    return all;
}

Orientation obliqueOrientation()
{
    const auto turned = [](Vec3 v) {
        const auto turn = [](double& a, double& b, double degrees) {
            const double angle = degrees * std::numbers::pi / 180;
            const double first = a * std::cos(angle) - b * std::sin(angle);
            b = a * std::sin(angle) + b * std::cos(angle);
            a = first;
        };
        turn(v.x, v.y, 20);
        turn(v.y, v.z, 15);
        turn(v.z, v.x, 10);
        return v;
    };
    return {"oblique", turned({1, 0, 0}), turned({0, 1, 0})};
}

bool insidePhantomObject(Vec3 patient)
{
    const Vec3 p = patient - kCentre;
    const bool body = p.x * p.x / 196 + p.y * p.y / 100 + p.z * p.z / 144 <= 1;
    const bool armLeft = p.x >= 0 && p.x <= 22 && std::abs(p.y - 2) <= 4 && std::abs(p.z + 3) <= 4;
    const bool knobFront = length(p - Vec3{-5, -12, 4}) <= 6.5;
    const bool coneHead = p.z >= 8 && p.z <= 22 && std::hypot(p.x + 4, p.y - 3) <= (22 - p.z) * 0.5;
    return body || armLeft || knobFront || coneHead;
}

Mask phantomMask(const Geometry& geometry)
{
    const Size3 size = geometry.size();
    Mask mask(size);
    for (int k = 0; k < size.depth; ++k) {
        std::vector<std::uint8_t> bitmap;
        for (int j = 0; j < size.height; ++j) {
            for (int i = 0; i < size.width; ++i) {
                bitmap.push_back(insidePhantomObject(geometry.toPatient(
                                     {static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)}))
                                     ? 1
                                     : 0);
            }
        }
        mask.setSlice(k, SliceMask::fromBitmap(bitmap, size.width, size.height));
    }
    return mask;
}

int phantomValue(Vec3 patient, const std::string& modality)
{
    const Vec3 p = patient - kCentre;
    const int outside = modality == "CT" ? -900 : 40;
    const int ramp = static_cast<int>(std::lround(p.x * 0.3 + p.y * 0.5 + p.z * 0.7));
    return insidePhantomObject(patient) ? 600 + ramp : outside + (modality == "CT" ? ramp : std::clamp(ramp, -40, 60));
}

Geometry phantomGeometry(const DicomPhantomOptions& options)
{
    const auto all = slicePositions(options);
    std::vector<Vec3> kept;
    for (int k = 0; k < options.size.depth; ++k) {
        if (!isMissing(options, k)) {
            kept.push_back(all[static_cast<std::size_t>(k)]);
        }
    }
    return geometryOf(options, std::move(kept));
}

std::shared_ptr<const Volume> phantomVolume(const DicomPhantomOptions& options)
{
    return filledVolume(options, phantomGeometry(options));
}

Result<DicomPhantom> writeDicomPhantom(const std::filesystem::path& folder, const DicomPhantomOptions& options)
{
    const auto volume = phantomVolume(options);
    SeriesTexts texts = options.texts;
    texts.modality = options.modality;
    texts.uidSeed = options.seed;
    texts.frameOfReference = options.frameOfReference;
    if (texts.patientName.empty()) {
        texts.patientName = "PHANTOM^ASYMMETRIC";
        texts.patientId = "PHANTOM";
    }
    std::vector<InstancePlan> plan;
    for (const int slice : fileOrder(options, volume->size().depth)) {
        const int number = static_cast<int>(plan.size()) + 1;
        const std::string digits = std::to_string(number);
        plan.push_back({.slice = slice,
                        .instanceNumber = number,
                        .fileName = options.fileNameStart +
                                    std::string(4 - std::min<std::size_t>(digits.size(), 4), '0') + digits + ".dcm",
                        .edits = options.edits});
    }
    auto files = writeDicomSeries(*volume, texts, folder, plan);
    if (!files) {
        return fail(files.error());
    }
    return DicomPhantom{.files = std::move(*files), .volume = volume};
}

} // namespace icmoe::test
