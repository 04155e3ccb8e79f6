#include "app/cli/Command.h"

#include "inference/weights/WeightsFile.h"

#include <nlohmann/json.hpp>

namespace icmoe::app {

namespace {

struct WeightsOptions {
    std::filesystem::path file;
    std::string family = "litemedsam";
};

Status importCheckpoint(const WeightsOptions& options, const CommandContext& context)
{
    const auto folder = context.dataFolder();
    if (!folder) {
        return fail(folder.error());
    }
    const auto written = weights::importWeights(options.file, options.family, folder->weights());
    if (!written) {
        return fail(written.error());
    }
    context.console.result({{"family", options.family}, {"file", written->string()}},
                           "Weights are at " + written->string());
    return {};
}

} // namespace

void addWeightsCommand(CommandTable& table)
{
    auto options = std::make_shared<WeightsOptions>();
    CLI::App& command =
        table.addBelow("weights", "Weights of the engine", "import",
                       "Take a published checkpoint into the data folder (nothing in it is executed)",
                       [options](const CommandContext& context) { return importCheckpoint(*options, context); });
    command.add_option("FILE", options->file, "Checkpoint (.pth) or weights (.safetensors)")->required();
    command.add_option("--family", options->family, "litemedsam")->capture_default_str();
}

} // namespace icmoe::app
