#include "app/cli/AnnotationSession.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <sstream>

namespace icmoe::app {

namespace {

using nlohmann::json;

struct ImportCommandOptions {
    std::filesystem::path masks;
    std::filesystem::path database;
    std::filesystem::path source;
    std::string series;
    std::string labels;
    std::string plane = "acquisition";
    int slice = -1;
    bool resample = false;
};

/// "1=Liver,2=Left kidney"
Result<std::map<int, std::string>> parseLabels(const std::string& text)
{
    std::map<int, std::string> names;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, ',');) {
        const auto equals = part.find('=');
        int value = 0;
        const char* begin = part.data();
        const auto [end, error] = std::from_chars(begin, begin + std::min(equals, part.size()), value);
        if (equals == std::string::npos || error != std::errc() || end != begin + equals || value <= 0 ||
            equals + 1 == part.size()) {
            return fail(ErrorCode::invalidArgument, "expected labels as 1=Liver,2=Spleen, found \"" + text + "\"");
        }
        names[value] = part.substr(equals + 1);
    }
    return names;
}

Status importFile(const ImportCommandOptions& options, const CommandContext& context)
{
    auto opened = openSeries(options.source, options.series, context);
    if (!opened) {
        return fail(opened.error());
    }
    ImportOptions importing;
    importing.resample = options.resample;
    importing.labelNames = *parseLabels(options.labels);
    importing.plane = *planeFromName(options.plane);
    if (options.slice >= 0) {
        importing.slice = options.slice;
    }
    importing.stop = context.stop;
    const auto masks = importMasks(options.masks, opened->series, opened->volume->geometry(), importing);
    if (!masks) {
        return fail(masks.error());
    }
    auto session = AnnotationSession::open(options.database, std::move(*opened));
    if (!session) {
        return fail(session.error());
    }
    const auto revision = session->import(masks->segmentation, options.masks.filename().string() + " imported");
    if (!revision) {
        return fail(revision.error());
    }
    json report{{"database", options.database.string()},
                {"series", identityOf(session->opened()).seriesUid},
                {"revision", *revision},
                {"labels", json::array()},
                {"notices", masks->notices}};
    for (const Label& label : masks->segmentation.labels().labels()) {
        report["labels"].push_back({{"name", label.name}, {"voxels", masks->segmentation.mask(label.id).voxelCount()}});
    }
    for (const std::string& notice : masks->notices) {
        context.console.notice(notice);
    }
    context.console.result(report,
                           std::to_string(report["labels"].size()) + " labels are in " + options.database.string());
    return {};
}

} // namespace

void addImportCommand(CommandTable& table)
{
    auto options = std::make_shared<ImportCommandOptions>();
    CLI::App& command = table.add("import", "Masks of a file into a database",
                                  [options](const CommandContext& context) { return importFile(*options, context); });
    command.add_option("MASKFILE", options->masks, "DICOM SEG, NIfTI, NRRD or PNG")->required();
    command.add_option("--db", options->database, "Database")->required()->type_name("FILE");
    command.add_option("--source", options->source, "The picture that the masks belong to")
        ->required()
        ->type_name("PATH");
    command.add_option("--series", options->series, "Number in icmoe list, or UID")->type_name("SERIES");
    command.add_option("--labels", options->labels, "Names of the values, as 1=Liver,2=Spleen")
        ->type_name("MAP")
        ->check(CLI::Validator(
            [](const std::string& text) {
                const auto names = parseLabels(text);
                return names ? std::string() : names.error().message;
            },
            ""));
    addSliceOptions(command, options->plane, options->slice);
    command.add_flag("--resample", options->resample, "Allow masks on another grid (nearest neighbour)");
}

} // namespace icmoe::app
