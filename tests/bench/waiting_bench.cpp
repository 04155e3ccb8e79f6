// How long a prompt waits while another slice is being encoded, and how long closing takes then (engine.md section 5:
// aims p95 of 100 ms, 0.5 s). Both are waiting times of a step of the encoder plus, for the prompt, one answer.
#include "inference/Engine.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>

extern "C" const icmoe::EngineLibrary* icmoe_engine_library();

namespace icmoe {
namespace {

using Clock = std::chrono::steady_clock;

double millisecondsSince(Clock::time_point start)
{
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::shared_ptr<const SliceImage> picture(int number)
{
    auto image = std::make_shared<SliceImage>();
    image->width = 256;
    image->height = 256;
    image->pixels.resize(256 * 256);
    for (std::size_t n = 0; n < image->pixels.size(); ++n) {
        image->pixels[n] = static_cast<std::uint8_t>((n * 7 + n / 256 * static_cast<std::size_t>(number + 3)) % 256);
    }
    image->slice = number;
    image->key = "waiting bench " + std::to_string(number);
    return image;
}

/// A service whose answers and states can be waited for.
class Engine {
public:
    Engine()
    {
        EngineOptions options;
        options.weightFolders = {ICMOE_WEIGHTS};
        m_service = icmoe_engine_library()
                        ->createService(options, [](const std::function<void()>& function) { function(); })
                        .value_or(nullptr);
        m_service->onStateChanged([this](const EngineState& state) {
            const std::lock_guard lock(m_mutex);
            m_state = state;
            m_changed.notify_all();
        });
    }
    Result<Proposal> ask(int number)
    {
        Prompt prompt;
        prompt.slice = number;
        prompt.shape = BoxPrompt{60, 60, 180, 180};
        std::optional<Result<Proposal>> answer;
        m_service->request(1, picture(number), {prompt}, [&](JobId, Result<Proposal> result) {
            const std::lock_guard lock(m_mutex);
            answer = std::move(result);
            m_changed.notify_all();
        });
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [&] { return answer.has_value(); });
        return std::move(*answer);
    }
    /// Begins to encode a new picture and returns when it has come `progress` far.
    void encodeUntil(int number, double progress)
    {
        m_service->setVisible(picture(number), {});
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [&] {
            return m_state.activity == EngineActivity::encoding && m_state.slice == number &&
                   m_state.progress >= progress;
        });
    }
    void waitUntilIdle()
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [&] { return m_state.activity == EngineActivity::idle; });
    }
    double close()
    {
        const auto start = Clock::now();
        m_service.reset();
        return millisecondsSince(start);
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    EngineState m_state;
    std::unique_ptr<SegmentationService> m_service; // last: it tells the members above
};

bool hasWeights(benchmark::State& state)
{
    const bool there = std::filesystem::exists(std::filesystem::path(ICMOE_WEIGHTS) / "lite_medsam.safetensors");
    if (!there) {
        state.SkipWithError("no weights: run installer/setup");
    }
    return there;
}

void promptWhileEncoding(benchmark::State& state)
{
    if (!hasWeights(state)) {
        return;
    }
    Engine engine;
    if (const auto first = engine.ask(0); !first) {
        state.SkipWithError(first.error().message.c_str());
        return;
    }
    std::vector<double> waits;
    double answering = 0;
    int number = 0;
    for (auto iteration : state) {
        ++number;
        engine.encodeUntil(number, double(number % 8) / 10); // all places of the encoder in turn
        const auto start = Clock::now();
        const auto answer = engine.ask(0);
        waits.push_back(millisecondsSince(start));
        answering += answer ? answer->decodeSeconds * 1000 : 0;
        state.SetIterationTime(waits.back() / 1000);
        engine.waitUntilIdle();
    }
    std::sort(waits.begin(), waits.end());
    state.counters["p50_ms"] = waits[waits.size() / 2];
    state.counters["p95_ms"] = waits[std::min(waits.size() - 1, waits.size() * 95 / 100)];
    state.counters["answer_ms"] = answering / double(waits.size());
}
BENCHMARK(promptWhileEncoding)->UseManualTime()->Iterations(16)->Unit(benchmark::kMillisecond);

void closeWhileEncoding(benchmark::State& state)
{
    if (!hasWeights(state)) {
        return;
    }
    double longest = 0;
    int number = 0;
    for (auto iteration : state) {
        Engine engine;
        ++number;
        engine.encodeUntil(number, 0.1 * number);
        const double waited = engine.close();
        longest = std::max(longest, waited);
        state.SetIterationTime(waited / 1000);
    }
    state.counters["longest_ms"] = longest;
}
BENCHMARK(closeWhileEncoding)->UseManualTime()->Iterations(5)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace icmoe
