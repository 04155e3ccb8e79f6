#include "app/cli/PictureFiles.h"
#include "app/cli/SeriesChoice.h"
#include "core/export/Export.h"

#include <nlohmann/json.hpp>

namespace icmoe::app {

namespace {

struct ConvertOptions {
    std::filesystem::path path;
    std::string series;
    bool stored = false;
    bool resample = false;
    bool force = false;
    std::filesystem::path output;
};

Status convert(const ConvertOptions& options, const CommandContext& context)
{
    if (auto free = checkOutput(options.output, options.force); !free) {
        return free;
    }
    const auto opened = openSeries(options.path, options.series, context);
    if (!opened) {
        return fail(opened.error());
    }
    if (auto written = convertVolume(*opened->volume, options.output, options.stored, options.force, options.resample);
        !written) {
        return written;
    }
    const Size3 size = opened->volume->size();
    context.console.result({{"output", options.output.string()},
                            {"size", {size.width, size.height, size.depth}},
                            {"stored", options.stored}},
                           "Picture: " + options.output.string());
    return {};
}

} // namespace

void addConvertCommand(CommandTable& table)
{
    auto options = std::make_shared<ConvertOptions>();
    CLI::App& command = table.add("convert", "The picture itself as NIfTI, NRRD or NumPy",
                                  [options](const CommandContext& context) { return convert(*options, context); });
    command.add_option("PATH", options->path, "Folder or file")->required();
    command.add_option("--series", options->series, "Number in icmoe list, or UID")->type_name("SERIES");
    command.add_flag("--stored", options->stored, "Values before any look-up table");
    command.add_flag("--resample", options->resample, "Even out slices that the format cannot hold");
    command.add_option("-o,--output", options->output, ".nii.gz, .nii, .nrrd or .npy")->required()->type_name("FILE");
    command.add_flag("--force", options->force, "Replace an existing file");
}

} // namespace icmoe::app
