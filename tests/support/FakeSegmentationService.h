#pragma once

#include "core/engine/Segmenter.h"
#include "tests/support/FakeVote.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>
#include <vector>

namespace icmoe::test {

/// A segmentation service without a network, for window tests: a box becomes the ellipse in it, a click a disc of six
/// pixels, a path its hull's box; a name is found in the middle of the picture. Answers at once through `post`, or when
/// the test says so (`hold`); with `previews` a preview comes before each answer. One thread.
class FakeSegmentationService final : public SegmentationService {
public:
    struct Asked {
        JobId id = 0;
        std::uint64_t object = 0;
        std::shared_ptr<const SliceImage> image;
        std::vector<Prompt> prompts;
        Answer answer;
    };

    explicit FakeSegmentationService(Post post)
        : m_post(std::move(post))
    {
    }

    JobId request(std::uint64_t object, std::shared_ptr<const SliceImage> image, std::vector<Prompt> prompts,
                  Answer answer) override
    {
        ++requests;
        for (auto at = waiting.begin(); at != waiting.end();) {
            if (at->object == object) {
                ++m_counters.superseded;
                post(*at, fail(ErrorCode::cancelled, "a newer question came"));
                at = waiting.erase(at);
            } else {
                ++at;
            }
        }
        waiting.push_back({++m_jobs, object, std::move(image), std::move(prompts), std::move(answer)});
        if (!hold) {
            answerAll();
        }
        return m_jobs;
    }
    void cancel(JobId job) override
    {
        const auto found = std::find_if(waiting.begin(), waiting.end(), [&](const Asked& a) { return a.id == job; });
        if (found != waiting.end()) {
            ++cancelled;
            waiting.erase(found);
        }
    }
    void setVisible(std::shared_ptr<const SliceImage> image,
                    std::vector<std::shared_ptr<const SliceImage>> others) override
    {
        visible = std::move(image);
        neighbours = std::move(others);
    }
    [[nodiscard]] bool isEncoded(const std::string& key) const override { return visible && visible->key == key; }
    [[nodiscard]] EngineCounters counters() const override { return m_counters; }
    [[nodiscard]] EngineState state() const override { return m_state; }
    void onStateChanged(std::function<void(EngineState)> observer) override { m_observer = std::move(observer); }

    // for the test
    void answerAll()
    {
        if (previews && !hold) {
            previewAll();
        }
        while (!waiting.empty()) {
            const Asked asked = waiting.front();
            waiting.pop_front();
            ++m_counters.answered;
            if (error) {
                post(asked, fail(*error));
            } else {
                post(asked, proposalFor(asked));
            }
        }
    }
    /// A preview for every question that waits; the full answers still are to come.
    void previewAll()
    {
        for (const Asked& asked : waiting) {
            ++m_counters.previewed;
            Proposal preview = proposalFor(asked);
            preview.isPreview = true;
            preview.vote.reset();
            preview.candidates.resize(static_cast<std::size_t>(previewCandidates),
                                      {preview.candidates.front().mask, 0.5, "box hypothesis", {}});
            post(asked, std::move(preview));
        }
    }
    void setState(EngineState state)
    {
        m_state = std::move(state);
        if (m_observer) {
            m_post([observer = m_observer, now = m_state] { observer(now); });
        }
    }
    /// What a question is answered with.
    [[nodiscard]] Proposal proposalFor(const Asked& asked) const
    {
        Proposal proposal;
        proposal.prompts = asked.prompts;
        proposal.plane = asked.image->plane;
        proposal.slice = asked.image->slice;
        proposal.imageKey = asked.image->key;
        proposal.engine = {"Fake", "none", "none", "fp32", "test", 1, 1, asked.image->range.name};
        const int width = asked.image->width;
        const int height = asked.image->height;
        SliceMask mask(width, height);
        for (const Prompt& prompt : asked.prompts) {
            mask = mask.united(maskOf(prompt, width, height));
        }
        if (std::all_of(asked.prompts.begin(), asked.prompts.end(),
                        [](const Prompt& p) { return std::holds_alternative<LabelPrompt>(p.shape); })) {
            mask = ellipseMask(width, height, {width / 2.0, height / 2.0}, width / 6.0, height / 6.0);
        }
        if (emptyAnswers) {
            mask = SliceMask(width, height);
        }
        for (int i = 0; i < candidates; ++i) {
            proposal.candidates.push_back({mask, 0.9 - 0.1 * i, i == 0 ? "base" : "box hypothesis", {}});
        }
        if (votes) {
            proposal.vote = fakeVote(mask, boundaryDisagreement);
        }
        proposal.notice = notice;
        return proposal;
    }
    [[nodiscard]] static SliceMask maskOf(const Prompt& prompt, int width, int height)
    {
        if (const auto* box = std::get_if<BoxPrompt>(&prompt.shape)) {
            return ellipseMask(width, height, {(box->x0 + box->x1) / 2, (box->y0 + box->y1) / 2},
                               std::max(0.5, (box->x1 - box->x0) / 2), std::max(0.5, (box->y1 - box->y0) / 2));
        }
        if (const auto* point = std::get_if<PointPrompt>(&prompt.shape)) {
            return point->inside ? ellipseMask(width, height, point->at, 6, 6) : SliceMask(width, height);
        }
        if (const auto* lasso = std::get_if<LassoPrompt>(&prompt.shape)) {
            return polygonMask(width, height, lasso->polygon);
        }
        if (const auto* scribble = std::get_if<ScribblePrompt>(&prompt.shape)) {
            return strokeMask(width, height, scribble->path, 3, 3);
        }
        if (std::holds_alternative<LabelPrompt>(prompt.shape)) {
            return SliceMask(width, height); // see proposalFor(): only where nothing tells a place
        }
        return std::get<MaskPrompt>(prompt.shape).mask;
    }

    bool hold = false;         ///< keep questions until answerAll()
    bool emptyAnswers = false; ///< answer with an empty mask
    int candidates = 1;
    bool previews = false; ///< a preview before each answer
    int previewCandidates = 1;
    bool votes = false; ///< full answers have a vote
    double boundaryDisagreement = 0.13;
    std::string notice;
    std::optional<Error> error;
    std::deque<Asked> waiting;
    std::shared_ptr<const SliceImage> visible;
    std::vector<std::shared_ptr<const SliceImage>> neighbours;
    int requests = 0;
    int cancelled = 0; ///< questions that were taken back before their full answer

private:
    void post(const Asked& asked, Result<Proposal> result)
    {
        m_post([answer = asked.answer, id = asked.id, result = std::move(result)] { answer(id, result); });
    }

    Post m_post;
    EngineState m_state{EngineActivity::idle, "Fake", Plane::acquisition, -1, 0, 0, 0, std::nullopt};
    EngineCounters m_counters;
    std::function<void(EngineState)> m_observer;
    JobId m_jobs = 0;
};

} // namespace icmoe::test
