#pragma once

#include "app/cli/Command.h"
#include "core/engine/Segmenter.h"

#include <memory>
#include <string>

namespace icmoe::app {

/// The engine for a command: asks and waits. Ctrl-C ends the waiting.
class EngineSession {
public:
    /// Loads the engine library; the engine itself starts on its own thread. `precision`: "auto", "fp32", "bf16".
    /// `keepEmbeddings`: use the disk cache. `guarantees`: false for the base's raw answers (EngineOptions). `model`:
    /// which network answers.
    /// engineUnavailable, errors of the data folder.
    [[nodiscard]] static Result<std::unique_ptr<EngineSession>> open(const CommandContext& context,
                                                                     const std::string& precision, bool keepEmbeddings,
                                                                     bool guarantees = true,
                                                                     const std::string& model = "litemedsam");
    ~EngineSession();

    /// The engine's answer, or its error; cancelled after an interrupt. One thread at a time.
    [[nodiscard]] Result<Proposal> ask(std::shared_ptr<const SliceImage> image, std::vector<Prompt> prompts);
    [[nodiscard]] EngineCounters counters() const;

private:
    explicit EngineSession(std::stop_token stop);
    struct Private;
    std::unique_ptr<Private> d;
};

/// Adds `--precision` to a command.
void addPrecisionOption(CLI::App& command, std::string& precision);
/// Adds `--model`, the network that answers; another name than those of weights/ModelCatalogue.h is wrong usage.
void addModelOption(CLI::App& command, std::string& model);
/// Adds `--experts`; only "none" exists yet, anything else is wrong usage that says so.
void addExpertsOption(CLI::App& command, std::string& experts);

/// {"engine", "weights_sha256", "experts", "precision", "device", "threads", "preprocessing", "range"}
[[nodiscard]] nlohmann::json toJson(const EngineInfo& info);

} // namespace icmoe::app
