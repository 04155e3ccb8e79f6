#include "app/EngineLibraryLoader.h"
#include "app/cli/Command.h"
#include "app/cli/EngineSession.h"

#include "inference/Engine.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>

namespace icmoe::app {

namespace {

struct TrainChoice {
    TrainOptions options;
    std::string engine = "icmoe";
    std::string device = "auto";
    double memory = 6;
    std::vector<std::string> weights;
    std::vector<std::string> steps;
    std::vector<std::string> classNames;
    std::vector<std::string> without;
    std::string meeting = "127.0.0.1:29511";
};

constexpr std::array kExperts{VoterKind::basic, VoterKind::semantic, VoterKind::adaptive};

/// "NAME=VALUE"
std::optional<std::pair<std::string, double>> namedNumber(const std::string& text)
{
    const auto at = text.find('=');
    if (at == 0 || at == std::string::npos) {
        return std::nullopt;
    }
    char* end = nullptr;
    const double value = std::strtod(text.c_str() + at + 1, &end);
    if (end == text.c_str() + at + 1 || *end != '\0' || value < 0) {
        return std::nullopt;
    }
    return std::pair(text.substr(0, at), value);
}

std::string checkNamedNumber(const std::string& text)
{
    return namedNumber(text) ? std::string() : "expected NAME=NUMBER, found \"" + text + "\"";
}

/// "HOST:PORT"
std::optional<std::pair<std::string, std::uint16_t>> meetingPlace(const std::string& text)
{
    const auto colon = text.rfind(':');
    int port = 0;
    const char* end = text.data() + text.size();
    const bool isSound = colon != std::string::npos && colon > 0 &&
                         std::from_chars(text.data() + colon + 1, end, port).ptr == end && port > 0 && port < 65536;
    return isSound ? std::optional(std::pair(text.substr(0, colon), static_cast<std::uint16_t>(port))) : std::nullopt;
}

std::string checkMeeting(const std::string& text)
{
    return meetingPlace(text) ? std::string() : "expected HOST:PORT, found \"" + text + "\"";
}

/// A bar for each phase, and with -v a line now and then.
class PhaseObserver {
public:
    explicit PhaseObserver(Console& console)
        : m_console(console)
    {
    }
    void operator()(const TrainProgress& progress)
    {
        if (progress.phase != m_phase) {
            m_console.endProgress();
            m_phase = progress.phase;
            m_bar = m_console.progress(m_phase);
            m_lastLine = {};
        }
        if (m_bar) {
            m_bar({static_cast<std::size_t>(progress.done), static_cast<std::size_t>(progress.total)});
        }
        const auto now = std::chrono::steady_clock::now();
        if (now - m_lastLine > std::chrono::seconds(30) || progress.done == progress.total) {
            m_lastLine = now;
            m_console.detail(progress.phase + " " + std::to_string(progress.done) + " of " +
                             std::to_string(progress.total) + (progress.text.empty() ? "" : ": " + progress.text));
        }
    }

private:
    Console& m_console;
    std::string m_phase;
    ProgressFunction m_bar;
    std::chrono::steady_clock::time_point m_lastLine;
};

Status train(const TrainChoice& choice, const CommandContext& context)
{
    const auto folder = context.dataFolder();
    if (!folder) {
        return fail(folder.error());
    }
    const auto library = loadEngineLibrary();
    if (!library) {
        return fail(library.error());
    }
    TrainOptions options = choice.options;
    options.weightFolders = folder->engineOptions(context.options.threads).weightFolders;
    options.threads = context.options.threads;
    options.device = kComputeDevices.at(choice.device);
    options.memoryBytes = static_cast<std::size_t>(choice.memory * (std::size_t{1} << 30));
    for (const auto& text : choice.weights) {
        const auto [set, weight] = *namedNumber(text); // checked when the command line was read
        options.setWeights[set] = weight;
    }
    for (const auto& text : choice.steps) {
        const auto [phase, steps] = *namedNumber(text);
        options.steps[phase] = static_cast<int>(steps);
    }
    for (const auto& text : choice.classNames) {
        const auto at = text.find('=');
        options.classNames.emplace(text.substr(0, at), text.substr(at + 1));
    }
    std::tie(options.meetingHost, options.meetingPort) = *meetingPlace(choice.meeting); // checked as well
    for (const auto& text : choice.without) {
        std::copy_if(kExperts.begin(), kExperts.end(), std::back_inserter(options.without),
                     [&](VoterKind kind) { return text == name(kind); });
    }
    PhaseObserver observer(context.console);
    const auto report = (*library)->trainExperts(
        options, [&](const TrainProgress& p) { observer(p); }, context.stop);
    context.console.endProgress();
    if (!report) {
        return fail(report.error());
    }
    context.console.result({{"pack", report->pack.string()},
                            {"base_sha256", report->baseSha256},
                            {"views", report->views},
                            {"classes", report->classes}},
                           report->pack.empty() ? "What was learned is in " + options.work.string()
                                                : "The pack is at " + report->pack.string());
    return {};
}

} // namespace

void addTrainCommand(CommandTable& table)
{
    auto choice = std::make_shared<TrainChoice>();
    TrainOptions& options = choice->options;
    CLI::App& command =
        table.add("train", "Train IC-MoE's experts on pictures with labels; a stopped run goes on where it was",
                  [choice](const CommandContext& context) { return train(*choice, context); });
    command.add_option("--engine", choice->engine, "What is trained")
        ->check(CLI::IsMember({"icmoe"}))
        ->capture_default_str();
    command
        .add_option("--model", options.model,
                    "What the experts build on: litemedsam, sam-vit-b, sam-vit-l, sam-vit-h, medsam-vit-b")
        ->capture_default_str();
    command.add_option("--data", options.data,
                       "Sets: folders with images and labels, or folders of such; none: drawn scenes alone");
    command.add_option("--work", options.work, "Folder for cached features and states")->required();
    command.add_option("--out", options.out, "The pack to write")->type_name("FILE");
    command.add_option("--from", options.from, "A pack whose experts the training begins as")->type_name("FILE");
    command.add_flag_callback(
        "--resume", [] {}, "Go on where an earlier run stopped (always done; for scripts that say it)");
    command.add_option("--leave-out", options.leftOut, "Sets that take no part in anything")->delimiter(',');
    command.add_option("--fold", options.folds,
                       "Packs that were trained with --leave-out, for the phase vote: it also learns on the sets that "
                       "they do not know");
    command
        .add_option(
            "--phase", options.phases,
            "Only these phases: domains, basic, detail, semantic, adaptive, selector, sessions (that the vote learns "
            "on, by several workers), vote, joint; or decoder, the "
            "whole decoder of a copy of the base, for comparison")
        ->delimiter(',');
    command.add_option("--steps", choice->steps, "Steps of a phase")
        ->type_name("PHASE=N")
        ->check(CLI::Validator(checkNamedNumber, ""));
    command.add_option("--class-name", choice->classNames, "What a label value is called in the window")
        ->type_name("SET:VALUE=NAME")
        ->check(CLI::Validator(
            [](const std::string& text) {
                const auto at = text.find('=');
                const bool isSound = at != std::string::npos && at > 0 && at + 1 < text.size() &&
                                     text.find_first_of("|\"\\") == std::string::npos;
                return isSound ? std::string() : "expected SET:VALUE=NAME, found \"" + text + "\"";
            },
            ""));
    command.add_option("--set-weight", choice->weights, "How often a set is drawn, 1 without")
        ->type_name("SET=X")
        ->check(CLI::Validator(checkNamedNumber, ""));
    const auto share = [&](const char* name, double& value, const char* text) {
        command.add_option(name, value, text)->check(CLI::NonNegativeNumber)->capture_default_str();
    };
    share("--contrast", options.contrast, "Share of the contrastive loss; 0 leaves it out");
    share("--load-balance", options.loadBalance, "Share of the adaptive experts' load balance");
    share("--label-consistency", options.labelConsistency, "Share of the vote's consistency with the labels");
    share("--guard", options.guard, "Share of what the vote makes worse than the base alone; 0 leaves it out");
    share("--restyle", options.restyle, "Gain and offset of the cached features while experts learn; 0 leaves it out");
    command.add_flag("!--no-judge", options.judge, "For comparison: the vote knows the selector's scores alone");
    command.add_flag("--low-rank-only", options.lowRankOnly,
                     "For comparison: basic experts of low-rank updates and token offsets alone");
    std::vector<std::string> experts;
    std::transform(kExperts.begin(), kExperts.end(), std::back_inserter(experts),
                   [](VoterKind kind) { return std::string(name(kind)); });
    command.add_option("--without", choice->without, "For comparison: experts that the vote is not taught to hear")
        ->delimiter(',')
        ->check(CLI::IsMember(experts));
    command.add_option("--device", choice->device, "That the networks compute on; auto: a GPU where there is one")
        ->check(CLI::IsMember(kComputeDevices))
        ->capture_default_str();
    command.add_option("--memory", choice->memory, "GiB of features that stay in the device's memory")
        ->check(CLI::Range(0.0, 1024.0))
        ->capture_default_str();
    command.add_flag("--bf16", options.bf16, "Products in bfloat16 where the device has it");
    command.add_option("--variants", options.variants, "Of each picture: as it is, and augmented")
        ->check(CLI::Range(1, 16))
        ->capture_default_str();
    command.add_option("--synthetic", options.synthetic, "Scenes of drawn objects")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command
        .add_option("--scenes-without", options.withoutScenes,
                    "For comparison: rings, polygons, trees, textures, blur, bias, speckle, noise, neighbours")
        ->delimiter(',');
    command.add_option("--vote-share", options.voteShare, "Share of the pictures that only selector and vote learn on")
        ->check(CLI::Range(0.0, 0.9))
        ->capture_default_str();
    command
        .add_option("--workers", options.workers,
                    "Processes that train the experts together; on one machine they may share --work")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command.add_option("--worker", options.worker, "Which of them this one is, from 0")
        ->check(CLI::Range(0, 63))
        ->capture_default_str();
    command.add_option("--meet", choice->meeting, "Where they meet: address and port of the worker 0")
        ->type_name("HOST:PORT")
        ->check(CLI::Validator(checkMeeting, ""))
        ->capture_default_str();
    command.add_option("--batch", options.batch, "Samples a step")->check(CLI::Range(1, 64))->capture_default_str();
    command.add_option("--seed", options.seed, "Of every random choice")->capture_default_str();
}

} // namespace icmoe::app
