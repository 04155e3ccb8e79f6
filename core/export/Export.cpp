#include "core/export/Export.h"

#include "core/base/AtomicFile.h"
#include "core/dicom/PreScan.h"
#include "core/export/GridMapping.h"
#include "core/export/LabelMap.h"
#include "core/export/PngMask.h"
#include "core/export/SegReader.h"
#include "core/export/SegWriter.h"
#include "core/formats/FileStart.h"
#include "core/formats/GridFile.h"

#include <algorithm>
#include <cctype>
#include <new>

namespace icmoe {
namespace {

std::string loweredName(const std::filesystem::path& path)
{
    std::string text = path.filename().string();
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

tl::unexpected<Error> differs(const std::filesystem::path& path, const std::string& how)
{
    return fail(ErrorCode::verificationFailed, "the file does not read back as it was written: " + how, path.string(),
                "Check the disk and export again; nothing was replaced");
}

/// Labels in their order and their masks must be equal; ids may have been renumbered.
Status compare(const Segmentation& written, const Result<ImportedMasks>& read, const std::filesystem::path& path)
{
    if (!read) {
        return differs(path, read.error().message);
    }
    const auto& expected = written.labels().labels();
    const auto& found = read->segmentation.labels().labels();
    if (expected.size() != found.size()) {
        return differs(path, std::to_string(found.size()) + " labels instead of " + std::to_string(expected.size()));
    }
    for (std::size_t n = 0; n < expected.size(); ++n) {
        if (written.mask(expected[n].id).slices() != read->segmentation.mask(found[n].id).slices()) {
            return differs(path, "other voxels in label " + std::to_string(n + 1));
        }
    }
    return {};
}

void beforeVerification(const ExportOptions& options, const AtomicFile& file)
{
    if (options.beforeVerification) {
        options.beforeVerification(file.temporaryPath());
    }
}

Status exportSeg(const Segmentation& segmentation, const Series& source, const Geometry& geometry,
                 const std::filesystem::path& path, const ExportOptions& options)
{
    auto file = AtomicFile::create(path, {.replace = options.replace});
    if (!file) {
        return fail(file.error());
    }
    if (auto written = writeSeg(segmentation, source, geometry, file->temporaryPath(), options); !written) {
        return written;
    }
    beforeVerification(options, *file);
    if (auto same = compare(segmentation, readSeg(file->temporaryPath(), source, geometry, {}), path); !same) {
        return same;
    }
    return file->commit();
}

/// A NIfTI or NRRD source with left-handed axes is loaded in reverse; its masks go out as the file has its slices.
bool sourceIsReversed(const Series& source)
{
    if (source.instances.empty() || (source.format != SourceFormat::nifti && source.format != SourceFormat::nrrd)) {
        return false;
    }
    const auto& path = source.instances.front().file;
    const auto grid = source.format == SourceFormat::nifti ? describeNifti(path) : describeNrrd(path);
    return grid && grid->reversed;
}

Status exportLabelMap(const Segmentation& segmentation, const Geometry& geometry, bool reversed,
                      const std::filesystem::path& path, MaskFormat format, const ExportOptions& options)
{
    auto job = labelMapJob(segmentation, geometry);
    if (!job) {
        return fail(job.error());
    }
    job->reversed = reversed;
    job->stop = options.stop;
    auto file = AtomicFile::create(path, {.replace = options.replace});
    if (!file) {
        return fail(file.error());
    }
    const bool gzip = loweredName(path).ends_with(".gz");
    const Status written = format == MaskFormat::nifti ? writeNifti(*job, *file, gzip) : writeNrrd(*job, *file);
    if (!written) {
        return written;
    }
    beforeVerification(options, *file);
    if (auto same = compare(segmentation, readLabelMap(file->temporaryPath(), format, geometry, {}), path); !same) {
        return same;
    }
    return file->commit();
}

Status exportGrid(const Segmentation& segmentation, const Series& source, const Geometry& geometry,
                  const std::filesystem::path& path, MaskFormat format, const ExportOptions& options)
{
    if (geometry.isRegular()) {
        return exportLabelMap(segmentation, geometry, sourceIsReversed(source), path, format, options);
    }
    if (!options.resample) {
        return fail(ErrorCode::geometryNotRepresentable,
                    "the slices are uneven or sheared, and this format holds only regular grids", path.string(),
                    "Export as DICOM SEG, or allow resampling (--resample)");
    }
    const auto regular = regularGridOver(geometry);
    if (!regular) {
        return fail(regular.error());
    }
    Segmentation resampled(regular->size());
    for (const Label& label : segmentation.labels().labels()) {
        resampled.labels().put(label);
        resampled.setMask(label.id,
                          resampleMask(segmentation.mask(label.id), geometry, *regular, halfLargestGap(geometry)));
    }
    return exportLabelMap(resampled, *regular, false, path, format, options);
}

Status exportPng(const Segmentation& segmentation, const Geometry& geometry, const std::filesystem::path& path,
                 const ExportOptions& options)
{
    const auto plans = planPngFiles(geometry, path, options);
    if (!plans) {
        return fail(plans.error());
    }
    const SlicePlane plane(geometry, options.plane);
    std::vector<AtomicFile> files;
    for (const PngPlan& plan : *plans) {
        if (options.stop.stop_requested()) {
            return fail(ErrorCode::cancelled, "the export was cancelled");
        }
        const auto bytes = pngOfSlice(segmentation, plane, plan.slice);
        if (!bytes) {
            return fail(bytes.error());
        }
        auto file = AtomicFile::create(plan.path, {.replace = options.replace});
        if (!file) {
            return fail(file.error());
        }
        if (auto written = file->write(*bytes); !written) {
            return written;
        }
        beforeVerification(options, *file);
        if (auto same = verifyPng(file->temporaryPath(), segmentation, plane, plan.slice); !same) {
            return same;
        }
        files.push_back(std::move(*file));
    }
    for (std::size_t n = 0; n < files.size(); ++n) {
        if (auto named = files[n].commit(); !named) {
            for (std::size_t before = 0; before < n && !options.replace; ++before) {
                std::error_code ignored;
                std::filesystem::remove((*plans)[before].path, ignored);
            }
            return named;
        }
    }
    return {};
}

Result<MaskFormat> formatOfContent(const std::filesystem::path& path)
{
    const auto start = FileStart::read(path);
    if (!start) {
        return fail(start.error());
    }
    if (start->isNifti()) {
        return MaskFormat::nifti;
    }
    if (start->isNrrd()) {
        return MaskFormat::nrrd;
    }
    if (start->isPng()) {
        return MaskFormat::png;
    }
    if (looksLikeDicom(start->bytes())) {
        return MaskFormat::dicomSeg;
    }
    return fail(ErrorCode::unknownFormat, "this is no DICOM SEG, NIfTI, NRRD or PNG file", path.string(),
                "Choose a mask in one of these formats");
}

} // namespace

std::optional<MaskFormat> maskFormatFromEnding(const std::filesystem::path& path)
{
    const std::string name = loweredName(path);
    const auto ends = [&](std::string_view ending) { return name.size() > ending.size() && name.ends_with(ending); };
    if (ends(".dcm")) {
        return MaskFormat::dicomSeg;
    }
    if (ends(".nii") || ends(".nii.gz")) {
        return MaskFormat::nifti;
    }
    if (ends(".nrrd")) {
        return MaskFormat::nrrd;
    }
    if (ends(".png")) {
        return MaskFormat::png;
    }
    return std::nullopt;
}

std::optional<MaskFormat> maskFormatFromName(std::string_view name)
{
    std::string text(name);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (text == "seg" || text == "dicom" || text == "dcm") {
        return MaskFormat::dicomSeg;
    }
    if (text == "nifti" || text == "nii") {
        return MaskFormat::nifti;
    }
    if (text == "nrrd") {
        return MaskFormat::nrrd;
    }
    if (text == "png") {
        return MaskFormat::png;
    }
    return std::nullopt;
}

Status exportSegmentation(const Segmentation& segmentation, const Series& source, const Geometry& geometry,
                          const std::filesystem::path& path, MaskFormat format, const ExportOptions& options)
try {
    if (segmentation.labels().labels().empty()) {
        return fail(ErrorCode::emptyInput, "there is no label to export", path.string(), "Add a label first");
    }
    if (segmentation.size() != geometry.size()) {
        return fail(ErrorCode::geometryMismatch, "the segmentation is on another grid than its source", path.string());
    }
    if (options.stop.stop_requested()) {
        return fail(ErrorCode::cancelled, "the export was cancelled");
    }
    switch (format) {
    case MaskFormat::dicomSeg:
        return exportSeg(segmentation, source, geometry, path, options);
    case MaskFormat::nifti:
    case MaskFormat::nrrd:
        return exportGrid(segmentation, source, geometry, path, format, options);
    case MaskFormat::png:
        return exportPng(segmentation, geometry, path, options);
    }
    return fail(ErrorCode::invalidArgument, "unknown format", path.string());
} catch (const std::bad_alloc&) {
    return fail(ErrorCode::limitExceeded, "not enough memory for the export", path.string(), "Close other programs");
}

Result<ImportedMasks> importMasks(const std::filesystem::path& path, const Series& source, const Geometry& geometry,
                                  const ImportOptions& options)
try {
    const auto format = formatOfContent(path);
    if (!format) {
        return fail(format.error());
    }
    if (options.stop.stop_requested()) {
        return fail(ErrorCode::cancelled, "the import was cancelled");
    }
    switch (*format) {
    case MaskFormat::dicomSeg:
        return readSeg(path, source, geometry, options);
    case MaskFormat::nifti:
    case MaskFormat::nrrd:
        return readLabelMap(path, *format, geometry, options);
    case MaskFormat::png:
        return readPngMask(path, geometry, options);
    }
    return fail(ErrorCode::unknownFormat, "unknown format", path.string());
} catch (const std::bad_alloc&) {
    return fail(ErrorCode::limitExceeded, "not enough memory for the masks", path.string(), "Close other programs");
}

} // namespace icmoe
