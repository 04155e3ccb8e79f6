#pragma once

#include "core/engine/Segmenter.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace icmoe::test {

/// A picture of one grey value: everything about it follows from `slice`.
inline std::shared_ptr<const SliceImage> sliceImage(int slice)
{
    auto image = std::make_shared<SliceImage>();
    image->width = 32;
    image->height = 24;
    image->pixels.assign(32 * 24, static_cast<std::uint8_t>(slice));
    image->slice = slice;
    image->key = "slice " + std::to_string(slice);
    return image;
}

inline std::vector<Prompt> boxOn(int slice, double side = 4)
{
    Prompt prompt;
    prompt.slice = slice;
    prompt.shape = BoxPrompt{2, 2, 2 + side, 2 + side};
    return {prompt};
}

struct FakeEmbedding final : Embedding {
    FakeEmbedding(std::string text, std::size_t size)
        : key(std::move(text))
        , bytes(size)
    {
    }
    [[nodiscard]] std::size_t byteSize() const override { return bytes; }
    std::string key;
    std::size_t bytes;
};

/// What a test sees and steers of a FakeSegmenter from outside its thread.
class FakeControl {
private:
    template<typename F>
    auto locked(const F& function)
    {
        const std::lock_guard lock(m_mutex);
        m_changed.notify_all();
        return function();
    }

public:
    static constexpr std::chrono::seconds kLimit{20}; ///< a condition that never comes true ends the test

    /// An encoding of this picture waits before this step (1-based) until release() or until it is told to stop.
    void hold(const std::string& key, int step)
    {
        locked([&] { m_holds.insert({key, step}); });
    }
    void holdPrediction(const std::string& key) { hold(key, 0); }
    void release(const std::string& key, int step = 0)
    {
        locked([&] { m_holds.erase({key, step}); });
    }
    /// From now on every answer has a preview.
    void givePreviews()
    {
        locked([&] { m_previews = true; });
    }
    void failToEncode(const std::string& key)
    {
        locked([&] { m_failing.insert(key); });
    }
    /// True once the segmenter stands at a hold.
    [[nodiscard]] bool waitUntilHeld(const std::string& key, int step = 0)
    {
        return waitFor([&] { return m_held.contains({key, step}); });
    }
    [[nodiscard]] bool waitForEvent(const std::string& event)
    {
        return waitFor([&] { return std::find(m_events.begin(), m_events.end(), event) != m_events.end(); });
    }
    [[nodiscard]] std::vector<std::string> events()
    {
        return locked([&] { return m_events; });
    }
    [[nodiscard]] int steps(const std::string& key)
    {
        return locked([&] { return m_steps[key]; });
    }
    [[nodiscard]] int completed(const std::string& key)
    {
        return locked([&] { return m_completed[key]; });
    }

private:
    friend class FakeSegmenter;
    template<typename F>
    bool waitFor(const F& condition)
    {
        std::unique_lock lock(m_mutex);
        return m_changed.wait_for(lock, kLimit, condition);
    }
    void passHold(const std::string& key, int step, const std::stop_token& stop)
    {
        const std::stop_callback wake(stop, [&] { locked([] {}); });
        std::unique_lock lock(m_mutex);
        if (m_holds.contains({key, step})) {
            m_held.insert({key, step});
            m_changed.notify_all();
            m_changed.wait_for(lock, kLimit, [&] { return !m_holds.contains({key, step}) || stop.stop_requested(); });
            m_held.erase({key, step});
        }
    }

    std::mutex m_mutex;
    std::condition_variable m_changed;
    bool m_previews = false;
    std::set<std::pair<std::string, int>> m_holds;
    std::set<std::pair<std::string, int>> m_held;
    std::set<std::string> m_failing;
    std::vector<std::string> m_events; ///< "encode slice 3", "answer slice 3"
    std::map<std::string, int> m_steps;
    std::map<std::string, int> m_completed;
};

/// Encodes in ten steps and answers a box with that box.
class FakeSegmenter final : public Segmenter {
public:
    static constexpr int kSteps = 10;
    explicit FakeSegmenter(std::shared_ptr<FakeControl> control, std::size_t embeddingBytes = 100,
                           std::string weights = "w1")
        : m_control(std::move(control))
        , m_embeddingBytes(embeddingBytes)
        , m_weights(std::move(weights))
    {
    }

    [[nodiscard]] EngineInfo info() const override
    {
        EngineInfo info;
        info.engine = "Fake";
        info.weightsSha256 = m_weights;
        info.device = "CPU, 2 threads";
        info.precision = "fp32";
        return info;
    }
    Result<std::shared_ptr<const Embedding>> encode(const SliceImage& image, std::stop_token stop,
                                                    const std::function<void()>& checkpoint) override
    {
        m_control->locked([&] { m_control->m_events.push_back("encode " + image.key); });
        for (int step = 1; step <= kSteps; ++step) {
            m_control->passHold(image.key, step, stop);
            m_control->locked([&] { ++m_control->m_steps[image.key]; });
            checkpoint();
            if (stop.stop_requested()) {
                return fail(ErrorCode::cancelled, "stopped");
            }
        }
        if (m_control->locked([&] { return m_control->m_failing.contains(image.key); })) {
            return fail(ErrorCode::engineFailed, "a picture that cannot be encoded");
        }
        ++m_encodeCount;
        m_control->locked([&] { ++m_control->m_completed[image.key]; });
        return std::make_shared<FakeEmbedding>(image.key, m_embeddingBytes);
    }
    Result<Proposal> predict(const SliceImage& image, const Embedding& embedding, const std::vector<Prompt>& prompts,
                             std::stop_token stop) override
    {
        m_control->locked([&] { m_control->m_events.push_back("answer " + image.key); });
        m_control->passHold(image.key, 0, stop);
        if (dynamic_cast<const FakeEmbedding&>(embedding).key != image.key) {
            return fail(ErrorCode::internal, "the embedding is another picture's");
        }
        Proposal proposal;
        proposal.prompts = prompts;
        proposal.slice = image.slice;
        proposal.imageKey = image.key;
        const auto& box = std::get<BoxPrompt>(prompts.front().shape);
        const std::vector<Point2> corners{{box.x0 - 0.5, box.y0 - 0.5},
                                          {box.x1 + 0.5, box.y0 - 0.5},
                                          {box.x1 + 0.5, box.y1 + 0.5},
                                          {box.x0 - 0.5, box.y1 + 0.5}};
        proposal.candidates.push_back({polygonMask(image.width, image.height, corners), 0.9, "base", {}});
        return proposal;
    }
    [[nodiscard]] bool hasPreview() const override
    {
        return m_control->locked([&] { return m_control->m_previews; });
    }
    /// The first prompt's box with one corner only.
    Result<Proposal> preview(const SliceImage& image, const Embedding&, const std::vector<Prompt>& prompts,
                             std::stop_token) override
    {
        m_control->locked([&] { m_control->m_events.push_back("preview " + image.key); });
        Proposal proposal;
        proposal.prompts = prompts;
        proposal.slice = image.slice;
        proposal.imageKey = image.key;
        proposal.candidates.push_back({SliceMask::fromRuns({{0, 1}}, image.width, image.height), 0.5, "base", {}});
        return proposal;
    }
    [[nodiscard]] std::uint64_t encodeCount() const override { return m_encodeCount; }
    [[nodiscard]] int encodeSteps() const override { return kSteps; }
    [[nodiscard]] std::vector<std::byte> serialize(const Embedding& embedding) const override
    {
        const auto& fake = dynamic_cast<const FakeEmbedding&>(embedding);
        std::vector<std::byte> bytes(fake.key.size());
        std::memcpy(bytes.data(), fake.key.data(), bytes.size());
        return bytes;
    }
    [[nodiscard]] Result<std::shared_ptr<const Embedding>> deserialize(std::span<const std::byte> bytes) const override
    {
        if (bytes.empty()) {
            return fail(ErrorCode::malformedFile, "an embedding of nothing");
        }
        return std::make_shared<FakeEmbedding>(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
                                               m_embeddingBytes);
    }

private:
    std::shared_ptr<FakeControl> m_control;
    std::size_t m_embeddingBytes;
    std::string m_weights;
    std::uint64_t m_encodeCount = 0;
};

/// Collects what a worker posts and runs it on the test's thread.
class Mailbox {
public:
    [[nodiscard]] Post post()
    {
        return [this](std::function<void()> function) {
            const std::lock_guard lock(m_mutex);
            m_posted.push_back(std::move(function));
            m_changed.notify_all();
        };
    }
    /// Runs what is posted until the condition holds; false after the limit.
    template<typename F>
    [[nodiscard]] bool runUntil(const F& condition)
    {
        const auto end = std::chrono::steady_clock::now() + FakeControl::kLimit;
        while (!condition()) {
            std::function<void()> next;
            {
                std::unique_lock lock(m_mutex);
                if (!m_changed.wait_until(lock, end, [&] { return !m_posted.empty(); })) {
                    return condition();
                }
                next = std::move(m_posted.front());
                m_posted.pop_front();
            }
            next();
        }
        return true;
    }
    /// Runs what is there already.
    void drain()
    {
        std::deque<std::function<void()>> all;
        {
            const std::lock_guard lock(m_mutex);
            all.swap(m_posted);
        }
        for (const auto& function : all) {
            function();
        }
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<std::function<void()>> m_posted;
};

} // namespace icmoe::test
