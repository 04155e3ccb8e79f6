#include "inference/runtime/InferenceWorker.h"

#include "inference/runtime/EmbeddingCache.h"
#include "inference/runtime/JobQueue.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace icmoe {

namespace {

double secondsSince(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// "LiteMedSAM · CPU 2 threads · fp32"
std::string describe(const EngineInfo& info)
{
    std::string device = info.device;
    std::erase(device, ',');
    return info.engine + " · " + device + " · " + info.precision;
}

/// What any thread may ask for, and who is told.
class SharedState {
public:
    explicit SharedState(Post post)
        : m_post(std::move(post))
    {
    }

    template<typename Change>
    void change(const Change& apply)
    {
        const std::lock_guard inOrder(m_tellMutex);
        {
            const std::lock_guard lock(m_mutex);
            apply(m_state);
        }
        tell();
    }
    template<typename Change>
    void count(const Change& apply)
    {
        const std::lock_guard lock(m_mutex);
        apply(m_counters);
    }
    void observe(std::function<void(EngineState)> observer)
    {
        const std::lock_guard inOrder(m_tellMutex);
        m_observer = std::make_shared<const std::function<void(EngineState)>>(std::move(observer));
        tell();
    }
    [[nodiscard]] EngineState state() const
    {
        const std::lock_guard lock(m_mutex);
        return m_state;
    }
    [[nodiscard]] EngineCounters counters() const
    {
        const std::lock_guard lock(m_mutex);
        return m_counters;
    }
    void post(std::function<void()> function) const { m_post(std::move(function)); }

private:
    void tell() const
    {
        if (m_observer && *m_observer) {
            m_post([observer = m_observer, now = state()] { (*observer)(now); });
        }
    }

    const Post m_post;
    std::mutex m_tellMutex;     ///< states are posted in the order in which they came; guards m_observer
    mutable std::mutex m_mutex; ///< guards state and counters; never held while something is posted
    EngineState m_state;
    EngineCounters m_counters;
    std::shared_ptr<const std::function<void(EngineState)>> m_observer;
};

class InferenceWorker final : public SegmentationService {
public:
    InferenceWorker(std::function<Result<std::unique_ptr<Segmenter>>()> makeSegmenter, WorkerOptions options, Post post)
        : m_makeSegmenter(std::move(makeSegmenter))
        , m_options(std::move(options))
        , m_shared(std::move(post))
        , m_queue([this](const std::string& imageKey) { return isEncoded(imageKey); })
        , m_thread([this](const std::stop_token& stop) { run(stop); })
    {
    }

    JobId request(std::uint64_t object, std::shared_ptr<const SliceImage> image, std::vector<Prompt> prompts,
                  Answer answer) override
    {
        PromptJob job;
        job.object = object;
        job.answer = std::move(answer);
        if (!image) {
            job.refusal = Error{ErrorCode::emptyInput, "there is no picture to answer on", {}, {}};
        } else if (const auto sound = checkPrompts(prompts, image->width, image->height); !sound) {
            job.refusal = sound.error();
        }
        job.image = std::move(image);
        job.prompts = canonicalOrder(std::move(prompts));
        return m_queue.submit(std::move(job));
    }
    void cancel(JobId job) override { m_queue.cancel(job); }
    void setVisible(std::shared_ptr<const SliceImage> visible,
                    std::vector<std::shared_ptr<const SliceImage>> neighbours) override
    {
        m_queue.setVisible(std::move(visible), std::move(neighbours));
    }
    [[nodiscard]] bool isEncoded(const std::string& imageKey) const override
    {
        return m_cacheReady.load(std::memory_order_acquire) && m_cache->contains(imageKey);
    }
    [[nodiscard]] EngineCounters counters() const override
    {
        EngineCounters counters = m_shared.counters();
        counters.superseded = m_queue.supersededCount();
        return counters;
    }
    [[nodiscard]] EngineState state() const override { return m_shared.state(); }
    void onStateChanged(std::function<void(EngineState)> observer) override { m_shared.observe(std::move(observer)); }

private:
    // everything below runs on m_thread
    void run(const std::stop_token& stop);
    void openCache();
    void serve(const std::stop_token& stop);
    void refuseAll(const Error& error, const std::stop_token& stop);
    void finish(const Error& error);
    void perform(Work work, const std::stop_token& stop);
    void give(PromptJob job, Result<Proposal> answer);
    void answer(AnswerPrompt work);
    [[nodiscard]] bool showPreview(const AnswerPrompt& work, const Embedding& embedding);
    void complete(Proposal& proposal, const PromptJob& job, double seconds) const;
    void prepare(const EncodeImage& work, const std::stop_token& stop);
    void encode(const EncodeImage& work, const std::stop_token& stop);
    void betweenSteps(const std::string& imageKey, int step, std::stop_source& encoding);
    void encodedOf(const SliceImage& image, std::shared_ptr<const Embedding> embedding, EncodePurpose purpose,
                   double seconds);
    void failedToEncode(const SliceImage& image, const Error& error);
    void saveOne();
    void showIdle();

    const std::function<Result<std::unique_ptr<Segmenter>>()> m_makeSegmenter;
    const WorkerOptions m_options;
    SharedState m_shared;
    std::unique_ptr<EmbeddingCache> m_cache; // set once by m_thread before m_cacheReady
    std::atomic<bool> m_cacheReady = false;
    JobQueue m_queue;
    std::unique_ptr<Segmenter> m_segmenter; // made, used and destroyed on m_thread
    struct Unsaved {
        std::string imageKey;
        std::shared_ptr<const Embedding> embedding;
    };
    std::deque<Unsaved> m_unsaved;               // for the disk, when no prompt waits
    std::pair<std::string, double> m_lastEncode; // picture and seconds
    std::jthread m_thread;                       // last member: joined before what it uses is destroyed
};

void InferenceWorker::run(const std::stop_token& stop)
{
    // On Linux a "process" priority by thread id is that thread's own, and threads started from here inherit it.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), m_options.niceness);
    auto segmenter = m_makeSegmenter();
    if (segmenter && *segmenter) {
        m_segmenter = std::move(*segmenter);
        openCache();
        serve(stop);
    } else {
        refuseAll(segmenter ? Error{ErrorCode::engineUnavailable, "there is no engine", {}, {}} : segmenter.error(),
                  stop);
    }
    finish(Error{ErrorCode::cancelled, "the engine is being closed", {}, {}});
    m_segmenter.reset();
}

void InferenceWorker::openCache()
{
    std::unique_ptr<DiskCache> disk;
    std::optional<Error> error;
    if (!m_options.cacheFolder.empty()) {
        auto opened = DiskCache::open(m_options.cacheFolder, m_options.diskCacheBytes);
        if (opened) {
            disk = std::move(*opened);
        } else {
            error = opened.error();
        }
    }
    m_cache = std::make_unique<EmbeddingCache>(m_options.memoryCacheBytes, std::move(disk));
    m_cache->setEngine(m_segmenter->info(), m_segmenter->featuresKey());
    m_cacheReady.store(true, std::memory_order_release);
    m_shared.change([&](EngineState& state) {
        state.text = describe(m_segmenter->info());
        state.activity = EngineActivity::idle;
        state.error = error;
    });
}

void InferenceWorker::serve(const std::stop_token& stop)
{
    while (!stop.stop_requested()) {
        std::optional<Work> work = m_queue.takeReady();
        if (!work && !m_unsaved.empty()) {
            saveOne(); // behind answers, before the next encoding
            continue;
        }
        if (!work) {
            work = m_queue.wait(stop);
        }
        if (work) {
            perform(std::move(*work), stop);
        }
    }
}

void InferenceWorker::refuseAll(const Error& error, const std::stop_token& stop)
{
    m_shared.change([&](EngineState& state) {
        state.activity = error.code == ErrorCode::weightsMissing ? EngineActivity::noWeights : EngineActivity::failed;
        state.error = error;
    });
    while (const auto work = m_queue.wait(stop)) {
        if (const auto* refused = std::get_if<AnswerRefused>(&*work)) {
            give(refused->job, fail(*refused->job.refusal));
        } else if (const auto* encode = std::get_if<EncodeImage>(&*work)) {
            for (PromptJob& job : m_queue.takeWaitingFor(encode->image->key)) {
                give(std::move(job), fail(error));
            }
        }
    }
}

void InferenceWorker::finish(const Error& error)
{
    for (PromptJob& job : m_queue.takeAll()) {
        Error why = job.refusal.value_or(error);
        give(std::move(job), fail(std::move(why)));
    }
}

void InferenceWorker::perform(Work work, const std::stop_token& stop)
{
    if (auto* refused = std::get_if<AnswerRefused>(&work)) {
        Error why = *refused->job.refusal;
        give(std::move(refused->job), fail(std::move(why)));
    } else if (auto* prompt = std::get_if<AnswerPrompt>(&work)) {
        answer(std::move(*prompt));
    } else if (const auto* image = std::get_if<EncodeImage>(&work)) {
        prepare(*image, stop);
    }
}

void InferenceWorker::give(PromptJob job, Result<Proposal> answer)
{
    if (!job.answer) {
        return;
    }
    // std::function wants something that can be copied
    auto value = std::make_shared<Result<Proposal>>(std::move(answer));
    m_shared.post([call = std::move(job.answer), id = job.id, value] { call(id, std::move(*value)); });
}

void InferenceWorker::answer(AnswerPrompt work)
{
    const auto embedding = m_cache->find(work.job.image->key, *m_segmenter);
    if (!embedding) { // a broken file in the disk cache
        m_queue.putBack(std::move(work.job));
        return;
    }
    const EngineState before = m_shared.state();
    m_shared.change([&](EngineState& state) { state.activity = EngineActivity::answering; });
    const auto start = std::chrono::steady_clock::now();
    Result<Proposal> proposal = fail(ErrorCode::cancelled, "a newer prompt took its place");
    if (!m_segmenter->hasPreview() || showPreview(work, *embedding)) {
        proposal = m_segmenter->predict(*work.job.image, *embedding, work.job.prompts, work.stop);
    }
    const double seconds = secondsSince(start);
    m_queue.answered();
    if (work.stop.stop_requested()) {
        proposal = fail(ErrorCode::cancelled, "the prompt was taken back");
    }
    if (proposal) {
        complete(*proposal, work.job, seconds);
        m_shared.count([&](EngineCounters& counters) {
            ++counters.answered;
            counters.cacheHits += work.job.waited ? 0 : 1;
        });
    }
    m_shared.change([&](EngineState& state) {
        state.activity = before.activity;
        state.lastDecodeSeconds = seconds;
        if (!proposal && proposal.error().code != ErrorCode::cancelled) {
            state.error = proposal.error();
        }
    });
    give(std::move(work.job), std::move(proposal));
}

void InferenceWorker::complete(Proposal& proposal, const PromptJob& job, double seconds) const
{
    proposal.decodeSeconds = seconds;
    proposal.encodeSeconds = job.waited && m_lastEncode.first == job.image->key ? m_lastEncode.second : 0;
}

/// False where a newer prompt on the same object waits: the full answer would be for nothing.
bool InferenceWorker::showPreview(const AnswerPrompt& work, const Embedding& embedding)
{
    const auto start = std::chrono::steady_clock::now();
    auto preview = m_segmenter->preview(*work.job.image, embedding, work.job.prompts, work.stop);
    if (!preview) {
        return !work.stop.stop_requested(); // the full answer says what is wrong
    }
    if (work.stop.stop_requested()) {
        return false;
    }
    complete(*preview, work.job, secondsSince(start));
    preview->isPreview = true;
    m_shared.count([](EngineCounters& counters) { ++counters.previewed; });
    PromptJob copy;
    copy.id = work.job.id;
    copy.answer = work.job.answer;
    give(std::move(copy), std::move(preview));
    return m_queue.previewed();
}

void InferenceWorker::prepare(const EncodeImage& work, const std::stop_token& stop)
{
    if (!m_cache->find(work.image->key, *m_segmenter)) {
        encode(work, stop);
        return;
    }
    m_queue.prepared(work.image->key);
    if (work.purpose != EncodePurpose::neighbour) {
        m_shared.count([](EngineCounters& counters) { ++counters.cacheHits; });
    }
}

void InferenceWorker::encode(const EncodeImage& work, const std::stop_token& stop)
{
    const SliceImage& image = *work.image;
    m_shared.change([&](EngineState& state) {
        state.activity = EngineActivity::encoding;
        state.plane = image.plane;
        state.slice = image.slice;
        state.progress = 0;
    });
    std::stop_source encoding;
    const std::stop_callback closing(stop, [&] { encoding.request_stop(); });
    int step = 0;
    const auto start = std::chrono::steady_clock::now();
    const auto embedding =
        m_segmenter->encode(image, encoding.get_token(), [&] { betweenSteps(image.key, ++step, encoding); });
    const double seconds = secondsSince(start);
    if (embedding && *embedding) {
        encodedOf(image, *embedding, m_queue.purposeOf(image.key).value_or(work.purpose), seconds);
    } else if (!encoding.stop_requested()) {
        failedToEncode(image, embedding ? Error{ErrorCode::engineFailed, "the encoder gave nothing", {}, {}}
                                        : embedding.error());
        return;
    }
    showIdle();
}

void InferenceWorker::betweenSteps(const std::string& imageKey, int step, std::stop_source& encoding)
{
    while (!encoding.stop_requested()) {
        auto work = m_queue.takeReady();
        if (!work) {
            break;
        }
        perform(std::move(*work), {});
    }
    if (!m_queue.shouldGoOn(imageKey)) {
        encoding.request_stop();
    }
    if (const int steps = m_segmenter->encodeSteps(); steps > 0) {
        m_shared.change([&](EngineState& state) { state.progress = std::min(1.0, double(step) / steps); });
    }
}

void InferenceWorker::encodedOf(const SliceImage& image, std::shared_ptr<const Embedding> embedding,
                                EncodePurpose purpose, double seconds)
{
    m_cache->insert(image.key, embedding);
    m_unsaved.push_back({image.key, std::move(embedding)});
    m_lastEncode = {image.key, seconds};
    m_queue.encoded(image.key);
    m_shared.count([&](EngineCounters& counters) {
        ++(purpose == EncodePurpose::neighbour ? counters.encodedAhead : counters.encodedForPrompt);
    });
    m_shared.change([&](EngineState& state) {
        state.lastEncodeSeconds = seconds;
        state.error.reset();
    });
}

void InferenceWorker::failedToEncode(const SliceImage& image, const Error& error)
{
    m_shared.change([&](EngineState& state) {
        state.activity = EngineActivity::failed;
        state.error = error;
    });
    for (PromptJob& job : m_queue.takeWaitingFor(image.key)) {
        give(std::move(job), fail(error));
    }
}

void InferenceWorker::saveOne()
{
    const Unsaved unsaved = std::move(m_unsaved.front());
    m_unsaved.pop_front();
    const auto saved = m_cache->save(unsaved.imageKey, *unsaved.embedding, *m_segmenter);
    if (!saved) {
        m_shared.change([&](EngineState& state) { state.error = saved.error(); });
    }
}

void InferenceWorker::showIdle()
{
    m_shared.change([](EngineState& state) {
        state.activity = EngineActivity::idle;
        state.progress = 0;
        state.slice = -1;
    });
}

} // namespace

std::unique_ptr<SegmentationService>
makeInferenceWorker(std::function<Result<std::unique_ptr<Segmenter>>()> makeSegmenter, WorkerOptions options, Post post)
{
    return std::make_unique<InferenceWorker>(std::move(makeSegmenter), std::move(options), std::move(post));
}

} // namespace icmoe
