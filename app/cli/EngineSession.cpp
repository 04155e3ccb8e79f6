#include "app/cli/EngineSession.h"

#include "app/EngineLibraryLoader.h"
#include "inference/weights/ModelCatalogue.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <optional>

namespace icmoe::app {

namespace {

using nlohmann::json;

constexpr std::array kKinds{VoterKind::base, VoterKind::basic, VoterKind::semantic, VoterKind::adaptive,
                            VoterKind::local};

EngineOptions engineOptions(const EngineChoice& choice, EngineOptions options)
{
    options.precision = choice.precision == "fp32"   ? Precision::fp32
                        : choice.precision == "bf16" ? Precision::bf16
                                                     : Precision::automatic;
    options.device = kComputeDevices.at(choice.device);
    options.family = choice.model;
    options.previews = false; // nobody would see them
    options.guarantees = choice.guarantees;
    options.experts = choice.experts;
    options.localExperts.assign(choice.localExperts.begin(), choice.localExperts.end());
    for (const std::string& voters : choice.without) {
        if (voters == "vote") {
            options.withVote = false;
            continue;
        }
        options.withoutKinds.push_back(*std::find_if(kKinds.begin(), kKinds.end(), [&](VoterKind kind) {
            return voters == name(kind); // the command line knows no others
        }));
    }
    if (!choice.keepEmbeddings) {
        options.cacheFolder.clear();
    }
    return options;
}

} // namespace

struct EngineSession::Private {
    std::mutex mutex;
    std::condition_variable_any answered;
    std::optional<Result<Proposal>> answer;
    std::stop_token stop;
    std::unique_ptr<SegmentationService> service; // last member: it posts to the others until it is gone
};

EngineSession::EngineSession(std::stop_token stop)
    : d(std::make_unique<Private>())
{
    d->stop = std::move(stop);
}

EngineSession::~EngineSession() = default;

Result<std::unique_ptr<EngineSession>> EngineSession::open(const CommandContext& context, const EngineChoice& choice)
{
    const auto folder = context.dataFolder();
    if (!folder) {
        return fail(folder.error());
    }
    const auto library = loadEngineLibrary();
    if (!library) {
        return fail(library.error());
    }
    const EngineOptions options = engineOptions(choice, folder->engineOptions(context.options.threads));
    std::unique_ptr<EngineSession> session(new EngineSession(context.stop));
    // The worker's thread runs what is posted: all it does is to put the answer where ask() waits for it.
    auto service = (*library)->createService(options, [](const std::function<void()>& function) { function(); });
    if (!service) {
        return fail(service.error());
    }
    session->d->service = std::move(*service);
    return session;
}

Result<Proposal> EngineSession::ask(std::shared_ptr<const SliceImage> image, std::vector<Prompt> prompts)
{
    {
        const std::lock_guard lock(d->mutex);
        d->answer.reset();
    }
    d->service->request(1, std::move(image), std::move(prompts), [p = d.get()](JobId, Result<Proposal> answer) {
        if (answer && answer->isPreview) {
            return;
        }
        const std::lock_guard lock(p->mutex);
        p->answer = std::move(answer);
        p->answered.notify_all();
    });
    std::unique_lock lock(d->mutex);
    if (!d->answered.wait(lock, d->stop, [&] { return d->answer.has_value(); })) {
        return fail(ErrorCode::cancelled, "interrupted");
    }
    return std::move(*d->answer);
}

EngineCounters EngineSession::counters() const
{
    return d->service->counters();
}

void addEngineOptions(CLI::App& command, EngineChoice& choice)
{
    std::vector<std::string> models;
    std::transform(weights::kModels.begin(), weights::kModels.end(), std::back_inserter(models),
                   [](const auto& known) { return std::string(known.name); });
    command
        .add_option("--model", choice.model, "Network that answers; icmoe self-check lists those that are installed")
        ->check(CLI::IsMember(models))
        ->capture_default_str();
    command.add_option("--precision", choice.precision, "Of the image encoder")
        ->check(CLI::IsMember({"auto", "fp32", "bf16"}))
        ->capture_default_str();
    command.add_option("--device", choice.device, "That the networks compute on; auto: a GPU where there is one")
        ->check(CLI::IsMember(kComputeDevices))
        ->capture_default_str();
    const auto isPack = [](const std::string& value) {
        std::error_code ignored;
        const bool there = value == "none" || value == "shipped" || std::filesystem::is_regular_file(value, ignored);
        return there ? std::string() : "there is no pack \"" + value + "\": give a pack's file, shipped or none";
    };
    command.add_option("--experts", choice.experts, "Expert pack: a file, shipped, or none for the base model alone")
        ->check(CLI::Validator(isPack, "PACK|none"))
        ->capture_default_str();
    command.add_option("--local-expert", choice.localExperts, "Expert of one label, which speaks where it is named")
        ->check(CLI::ExistingFile);
    std::vector<std::string> voters;
    std::transform(kKinds.begin(), kKinds.end(), std::back_inserter(voters),
                   [](VoterKind kind) { return std::string(name(kind)); });
    voters.emplace_back("vote");
    command.add_option("--without", choice.without, "Voters to leave out; vote: the mean of the voices instead")
        ->delimiter(',')
        ->check(CLI::IsMember(voters));
}

json toJson(const EngineInfo& info)
{
    return {{"engine", info.engine},
            {"weights_sha256", info.weightsSha256},
            {"experts", info.expertsRevision},
            {"precision", info.precision},
            {"device", info.device},
            {"threads", info.threads},
            {"preprocessing", info.preprocessing},
            {"range", info.range}};
}

json toJson(const Vote& vote)
{
    return {{"agreement", vote.agreement()}, {"voters", json::parse(voteToJson(vote))["voters"]}};
}

} // namespace icmoe::app
