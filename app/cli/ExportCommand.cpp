#include "app/cli/AnnotationSession.h"
#include "app/cli/PictureFiles.h"

#include <nlohmann/json.hpp>

namespace icmoe::app {

namespace {

using nlohmann::json;

struct ExportCommandOptions {
    std::filesystem::path database;
    std::string series;
    std::filesystem::path source;
    std::string format;
    std::string plane = "acquisition";
    int slice = -1;
    std::filesystem::path output;
    bool resample = false;
    bool force = false;
};

Result<MaskFormat> chosenFormat(const ExportCommandOptions& options)
{
    const auto format =
        options.format.empty() ? maskFormatFromEnding(options.output) : maskFormatFromName(options.format);
    if (!format) {
        return fail(ErrorCode::unknownFormat, "neither the output's ending nor --format tells a format",
                    options.output.string(), "Use .dcm, .nii.gz, .nrrd or .png, or --format seg, nifti, nrrd or png");
    }
    return *format;
}

/// The only series, where no id is given.
Result<StoredSeries> onlyStored(const AnnotationStore& store)
{
    const auto all = store.series();
    if (!all) {
        return fail(all.error());
    }
    if (all->size() != 1) {
        return fail(ErrorCode::invalidArgument, "the database has " + std::to_string(all->size()) + " series",
                    store.file().string(), "Choose one with --series; icmoe verify lists them");
    }
    return all->front();
}

/// "UID" or "UID/part".
Result<StoredSeries> findStored(const AnnotationStore& store, const std::string& id)
{
    if (id.empty()) {
        return onlyStored(store);
    }
    const auto slash = id.find('/');
    const std::string part = slash == std::string::npos ? std::string() : id.substr(slash + 1);
    const auto found = store.findSeries(id.substr(0, slash), part);
    if (!found) {
        return fail(found.error());
    }
    if (!*found) {
        return fail(ErrorCode::notFound, "the database has no series " + id, store.file().string(),
                    "icmoe verify lists what it holds");
    }
    return **found;
}

/// "UID" or "UID/part", as openSeries() takes it.
std::string idOf(const SeriesIdentity& identity)
{
    return identity.splitKey.empty() ? identity.seriesUid : identity.seriesUid + "/" + identity.splitKey;
}

/// The picture that the annotations belong to; one without a UID is known by its pixels.
Result<OpenedSeries> openSource(const ExportCommandOptions& options, const StoredSeries& stored,
                                const CommandContext& context)
{
    auto opened = openSeries(options.source, idOf(stored.identity), context);
    if (!opened && opened.error().code == ErrorCode::notFound && stored.identity.seriesUid.starts_with("2.25.")) {
        opened = openSeries(options.source, {}, context);
    }
    if (!opened) {
        return opened;
    }
    const SeriesIdentity identity = identityOf(*opened);
    const std::string& known = stored.identity.pixelHash;
    if (identity.size != stored.identity.size || (!known.empty() && known != identity.pixelHash)) {
        return fail(ErrorCode::geometryMismatch, "the annotations were made on another picture",
                    options.source.string(), "Give the picture that was annotated as --source");
    }
    return opened;
}

Status exportSeries(const ExportCommandOptions& options, const CommandContext& context)
{
    const auto format = chosenFormat(options);
    if (!format) {
        return fail(format.error());
    }
    if (auto free = checkOutput(options.output, options.force); !free) {
        return free;
    }
    AnnotationStore::Options reading;
    reading.readOnly = true;
    const auto store = AnnotationStore::open(options.database, reading);
    if (!store) {
        return fail(store.error());
    }
    const auto stored = findStored(**store, options.series);
    if (!stored) {
        return fail(stored.error());
    }
    const auto segmentation = (*store)->load(stored->key);
    const auto algorithms = algorithmsOf(**store, stored->key);
    if (!segmentation || !algorithms) {
        return fail(segmentation ? algorithms.error() : segmentation.error());
    }
    const auto source = openSource(options, *stored, context);
    if (!source) {
        return fail(source.error());
    }
    ExportOptions exporting;
    exporting.replace = options.force;
    exporting.resample = options.resample;
    exporting.algorithm = *algorithms;
    exporting.plane = *planeFromName(options.plane);
    if (options.slice >= 0) {
        exporting.slice = options.slice;
    }
    exporting.stop = context.stop;
    if (auto written = exportSegmentation(*segmentation, source->series, source->volume->geometry(), options.output,
                                          *format, exporting);
        !written) {
        return written;
    }
    json report{{"output", options.output.string()}, {"series", idOf(stored->identity)}, {"labels", json::array()}};
    for (const Label& label : segmentation->labels().labels()) {
        report["labels"].push_back({{"name", label.name}, {"voxels", segmentation->mask(label.id).voxelCount()}});
    }
    context.console.result(report, "Masks: " + options.output.string() + " (read back and compared)");
    return {};
}

} // namespace

void addExportCommand(CommandTable& table)
{
    auto options = std::make_shared<ExportCommandOptions>();
    CLI::App& command = table.add("export", "Masks of a database as SEG, NIfTI, NRRD or PNG",
                                  [options](const CommandContext& context) { return exportSeries(*options, context); });
    command.add_option("--db", options->database, "Database")->required()->type_name("FILE");
    command.add_option("--series", options->series, "SeriesInstanceUID, or UID/part; not needed where there is one")
        ->type_name("UID");
    command
        .add_option("--source", options->source,
                    "The picture that was annotated: its grid and references are not in the database")
        ->required()
        ->type_name("PATH");
    command.add_option("--format", options->format, "seg, nifti, nrrd or png, where the ending does not tell");
    command.add_option("-o,--output", options->output, "File to write")->required()->type_name("OUT");
    addSliceOptions(command, options->plane, options->slice);
    command.add_flag("--resample", options->resample, "Even out slices that the format cannot hold");
    command.add_flag("--force", options->force, "Replace an existing file");
}

} // namespace icmoe::app
