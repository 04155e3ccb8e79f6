#include "core/formats/ImageFile.h"

#include "core/formats/FileStart.h"
#include "core/formats/GridFile.h"
#include "core/formats/Jpeg.h"
#include "core/formats/Png.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace icmoe {
namespace {

/// Which of the formats the first bytes are of.
Result<SourceFormat> sniff(const std::filesystem::path& path)
{
    const auto start = FileStart::read(path);
    if (!start) {
        return fail(start.error());
    }
    if (start->isNifti()) {
        return SourceFormat::nifti;
    }
    if (!start->wasCompressed()) {
        if (start->isNrrd()) {
            return SourceFormat::nrrd;
        }
        if (start->isPng()) {
            return SourceFormat::png;
        }
        if (start->isJpeg()) {
            return SourceFormat::jpeg;
        }
    }
    return fail(ErrorCode::unknownFormat, "this is no NIfTI, NRRD, PNG or JPEG file", path.string());
}

Result<GridFile> describeGrid(SourceFormat format, const std::filesystem::path& path)
{
    return format == SourceFormat::nifti ? describeNifti(path) : describeNrrd(path);
}

Instance instanceOf(const std::filesystem::path& path, int frame, int frames, Size3 size)
{
    Instance instance;
    instance.file = path;
    instance.frame = frame;
    instance.framesInFile = frames;
    instance.columns = size.width;
    instance.rows = size.height;
    return instance;
}

HealthReport healthOf(const Geometry& geometry)
{
    HealthReport report;
    if (!geometry.placedInPatient()) {
        report.checks.push_back({HealthKind::noPosition, HealthLevel::warning, "Place in the patient unknown",
                                 "the file has no orientation"});
    }
    if (geometry.tiltDegrees() > 0.5) {
        report.checks.push_back({HealthKind::gantryTilt, HealthLevel::warning, "Slices sheared",
                                 std::to_string(geometry.tiltDegrees()).substr(0, 4) + "°"});
    }
    return report;
}

Result<Study> describeGridStudy(SourceFormat format, const std::filesystem::path& path)
{
    const auto grid = describeGrid(format, path);
    if (!grid) {
        return fail(grid.error());
    }
    Study study;
    const int pictures = grid->pictureCount();
    for (int picture = 0; picture < pictures; ++picture) {
        Series series;
        series.format = format;
        series.modality = "OT";
        series.description = path.filename().string();
        series.number = picture + 1;
        series.splitKey = pictures > 1 ? "volume " + std::to_string(picture + 1) : "";
        series.instances.push_back(instanceOf(path, picture, pictures, grid->geometry.size()));
        series.geometry = grid->geometry;
        series.health = healthOf(grid->geometry);
        study.series.push_back(std::move(series));
    }
    return study;
}

Result<Geometry> photographGeometry(int width, int height)
{
    Geometry::Parameters parameters;
    parameters.size = {width, height, 1};
    parameters.positions = {Vec3{}};
    parameters.spacingSource = SpacingSource::none;
    parameters.placedInPatient = false;
    return Geometry::make(std::move(parameters));
}

Result<Study> describePhotograph(SourceFormat format, const std::filesystem::path& path)
{
    int width = 0;
    int height = 0;
    if (format == SourceFormat::png) {
        const auto picture = readPng(path, PngReading::headerOnly);
        if (!picture) {
            return fail(picture.error());
        }
        width = picture->width;
        height = picture->height;
    } else {
        const auto picture = readJpeg(path, true);
        if (!picture) {
            return fail(picture.error());
        }
        width = picture->width;
        height = picture->height;
    }
    const auto geometry = photographGeometry(width, height);
    if (!geometry) {
        return fail(geometry.error());
    }
    Series series;
    series.format = format;
    series.modality = "OT";
    series.description = path.filename().string();
    series.number = 1;
    series.instances.push_back(instanceOf(path, 0, 1, geometry->size()));
    series.geometry = *geometry;
    series.health.checks.push_back(
        {HealthKind::noSpacing, HealthLevel::note, "Pixel spacing unknown", "measured in px"});
    if (format == SourceFormat::jpeg) {
        series.health.checks.push_back({HealthKind::lossy, HealthLevel::note, "Lossy compression", "JPEG"});
    }
    Study study;
    study.series.push_back(std::move(series));
    return study;
}

Result<std::shared_ptr<Volume>> allocate(const Geometry& geometry, SampleType type, Rescale rescale)
{
    Volume::Description description;
    description.geometry = geometry;
    description.type = type;
    description.rescale = {rescale};
    description.modality = "OT";
    return Volume::allocate(std::move(description));
}

void announce(const std::shared_ptr<Volume>& volume, const LoadOptions& options)
{
    if (options.allocated) {
        options.allocated(volume);
    }
}

void publish(Volume& volume, int k, const LoadOptions& options)
{
    volume.markLoaded(k);
    if (options.progress) {
        options.progress(
            {static_cast<std::size_t>(volume.loadedCount()), static_cast<std::size_t>(volume.size().depth)});
    }
}

Result<std::shared_ptr<const Volume>> loadGrid(const Series& series, const LoadOptions& options)
{
    const Instance& instance = series.instances.front();
    const auto grid = describeGrid(series.format, instance.file);
    if (!grid) {
        return fail(grid.error());
    }
    auto volume = allocate(grid->geometry, grid->sampleType(), grid->colour ? Rescale{} : grid->rescale);
    if (!volume) {
        return fail(volume.error());
    }
    announce(*volume, options);
    const auto read = readPicture(*grid, instance.frame, options.stop, [&](int k, std::span<const std::byte> bytes) {
        const auto target = (*volume)->writableSliceBytes(k);
        std::memcpy(target.data(), bytes.data(), std::min(target.size(), bytes.size()));
        publish(**volume, k, options);
    });
    if (!read) {
        return fail(read.error());
    }
    return std::shared_ptr<const Volume>(std::move(*volume));
}

struct Photograph {
    int width = 0;
    int height = 0;
    SampleType type = SampleType::u8;
    std::vector<std::byte> pixels;
};

Result<Photograph> readPhotograph(SourceFormat format, const std::filesystem::path& path)
{
    if (format == SourceFormat::png) {
        auto picture = readPng(path, PngReading::colours);
        if (!picture) {
            return fail(picture.error());
        }
        return Photograph{picture->width, picture->height, picture->type, std::move(picture->pixels)};
    }
    auto picture = readJpeg(path, false);
    if (!picture) {
        return fail(picture.error());
    }
    return Photograph{picture->width, picture->height, picture->type, std::move(picture->pixels)};
}

Result<std::shared_ptr<const Volume>> loadPhotograph(const Series& series, const LoadOptions& options)
{
    const auto picture = readPhotograph(series.format, series.instances.front().file);
    if (!picture) {
        return fail(picture.error());
    }
    const auto geometry = photographGeometry(picture->width, picture->height);
    if (!geometry) {
        return fail(geometry.error());
    }
    auto volume = allocate(*geometry, picture->type, {});
    if (!volume) {
        return fail(volume.error());
    }
    announce(*volume, options);
    const auto target = (*volume)->writableSliceBytes(0);
    std::memcpy(target.data(), picture->pixels.data(), std::min(target.size(), picture->pixels.size()));
    publish(**volume, 0, options);
    return std::shared_ptr<const Volume>(std::move(*volume));
}

} // namespace

Result<Study> describeImageFile(const std::filesystem::path& path)
try {
    const auto format = sniff(path);
    if (!format) {
        return fail(format.error());
    }
    const bool isGrid = *format == SourceFormat::nifti || *format == SourceFormat::nrrd;
    return isGrid ? describeGridStudy(*format, path) : describePhotograph(*format, path);
} catch (const std::bad_alloc&) {
    return fail(ErrorCode::limitExceeded, "not enough memory to look at the file", path.string());
}

Result<std::shared_ptr<const Volume>> loadImageFile(const Series& series, const LoadOptions& options)
try {
    if (series.instances.size() != 1 || series.format == SourceFormat::dicom) {
        return fail(ErrorCode::invalidArgument, "a series of one picture file was expected", series.description);
    }
    if (options.stop.stop_requested()) {
        return fail(ErrorCode::cancelled, "loading was cancelled");
    }
    const bool isGrid = series.format == SourceFormat::nifti || series.format == SourceFormat::nrrd;
    return isGrid ? loadGrid(series, options) : loadPhotograph(series, options);
} catch (const std::bad_alloc&) {
    return fail(ErrorCode::limitExceeded, "not enough memory for the picture", series.description,
                "Close other programs, or use a smaller picture");
}

} // namespace icmoe
