#include "app/cli/Command.h"

#include "inference/weights/WeightsFile.h"

#include <nlohmann/json.hpp>

namespace icmoe::app {

namespace {

struct WeightsOptions {
    std::filesystem::path file;
    std::string family = "litemedsam";
};

/// What a person should know of an import that no hash vouches for.
std::string toText(const weights::ImportedWeights& imported)
{
    const std::string place = "Weights are at " + imported.path.string();
    if (imported.isPinned) {
        return place;
    }
    return place + "\n  model " + std::string(imported.model->name) + " (" + std::string(imported.model->title) +
           ")\n  SHA-256 " + imported.sha256 +
           ", stored beside: a changed bit is refused from now on\n  SHA-256 of the "
           "given file " +
           imported.sourceSha256 +
           "\nThe given file is not known to this program by its hash; its structure is that of the model. Compare the "
           "second hash with what the publisher says.";
}

Status importCheckpoint(const WeightsOptions& options, const CommandContext& context)
{
    const auto folder = context.dataFolder();
    if (!folder) {
        return fail(folder.error());
    }
    const auto imported = weights::importModel(options.file, options.family, folder->weights());
    if (!imported) {
        return fail(imported.error());
    }
    context.console.result({{"family", options.family},
                            {"model", std::string(imported->model->name)},
                            {"file", imported->path.string()},
                            {"sha256", imported->sha256},
                            {"source_sha256", imported->sourceSha256},
                            {"known_by_hash", imported->isPinned}},
                           toText(*imported));
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
    command.add_option("--family", options->family, "What the file is: litemedsam, sam or medsam (never guessed)")
        ->capture_default_str();
}

} // namespace icmoe::app
