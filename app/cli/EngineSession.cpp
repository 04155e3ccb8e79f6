#include "app/cli/EngineSession.h"

#include "app/EngineLibraryLoader.h"
#include "inference/weights/ModelCatalogue.h"

#include <nlohmann/json.hpp>

#include <condition_variable>
#include <mutex>
#include <optional>

namespace icmoe::app {

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

Result<std::unique_ptr<EngineSession>> EngineSession::open(const CommandContext& context, const std::string& precision,
                                                           bool keepEmbeddings, bool guarantees,
                                                           const std::string& model)
{
    const auto folder = context.dataFolder();
    if (!folder) {
        return fail(folder.error());
    }
    const auto library = loadEngineLibrary();
    if (!library) {
        return fail(library.error());
    }
    EngineOptions options = folder->engineOptions(context.options.threads);
    options.precision = precision == "fp32"   ? Precision::fp32
                        : precision == "bf16" ? Precision::bf16
                                              : Precision::automatic;
    options.guarantees = guarantees;
    options.family = model;
    options.previews = false; // nobody would see them
    if (!keepEmbeddings) {
        options.cacheFolder.clear();
    }
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

void addPrecisionOption(CLI::App& command, std::string& precision)
{
    precision = "auto";
    command.add_option("--precision", precision, "Of the image encoder")
        ->check(CLI::IsMember({"auto", "fp32", "bf16"}))
        ->capture_default_str();
}

void addModelOption(CLI::App& command, std::string& model)
{
    std::vector<std::string> names;
    for (const auto& known : weights::kModels) {
        names.emplace_back(known.name);
    }
    model = names.front();
    command.add_option("--model", model, "Network that answers; icmoe self-check lists those that are installed")
        ->check(CLI::IsMember(names))
        ->capture_default_str();
}

void addExpertsOption(CLI::App& command, std::string& experts)
{
    experts = "none";
    const auto onlyNone = [](const std::string& value) {
        return value == "none" ? std::string() : "expert packs are not part of this version: give none";
    };
    command.add_option("--experts", experts, "Expert pack; \"none\" answers with the base model")
        ->check(CLI::Validator(onlyNone, "none"))
        ->capture_default_str();
}

nlohmann::json toJson(const EngineInfo& info)
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

} // namespace icmoe::app
