#pragma once

#include "app/cli/Command.h"
#include "core/engine/Segmenter.h"
#include "inference/Engine.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace icmoe::app {

/// Which engine a command wants, as it was written.
struct EngineChoice {
    std::string model = "litemedsam";      ///< a name of weights/ModelCatalogue.h
    std::string precision = "auto";        ///< "auto", "fp32", "bf16"
    std::string device = "auto";           ///< "auto", "cpu", "cuda"
    std::string experts = "shipped";       ///< "shipped", "none", or a pack's file
    std::vector<std::string> localExperts; ///< files
    std::vector<std::string> without;      ///< kinds of voters to leave out, and "vote"
    bool keepEmbeddings = true;            ///< use the disk cache
    bool guarantees = true;                ///< false for the base's raw answers (EngineOptions)
};
/// What `--device` may be.
inline const std::map<std::string, ComputeDevice> kComputeDevices = {
    {"auto", ComputeDevice::automatic}, {"cpu", ComputeDevice::processor}, {"cuda", ComputeDevice::cuda}};
/// Adds `--model`, `--precision`, `--device`, `--experts`, `--local-expert` and `--without`; a pack that is not there
/// is wrong usage.
void addEngineOptions(CLI::App& command, EngineChoice& choice);

/// The engine for a command: asks and waits. Ctrl-C ends the waiting.
class EngineSession {
public:
    /// Loads the engine library; the engine itself starts on its own thread. engineUnavailable, errors of the data
    /// folder.
    [[nodiscard]] static Result<std::unique_ptr<EngineSession>> open(const CommandContext& context,
                                                                     const EngineChoice& choice);
    ~EngineSession();

    /// The engine's answer, or its error; cancelled after an interrupt. One thread at a time.
    [[nodiscard]] Result<Proposal> ask(std::shared_ptr<const SliceImage> image, std::vector<Prompt> prompts);
    [[nodiscard]] EngineCounters counters() const;

private:
    explicit EngineSession(std::stop_token stop);
    struct Private;
    std::unique_ptr<Private> d;
};

/// {"engine", "weights_sha256", "experts", "precision", "device", "threads", "preprocessing", "range"}
[[nodiscard]] nlohmann::json toJson(const EngineInfo& info);
/// {"agreement", "voters": [{"kind", "name", "weight", "predicted_iou", "dropped"}]}
[[nodiscard]] nlohmann::json toJson(const Vote& vote);

} // namespace icmoe::app
