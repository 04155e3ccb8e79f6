#pragma once

#include "core/engine/Segmenter.h"
#include "tests/support/FakeVote.h"

#include <deque>
#include <mutex>
#include <set>
#include <variant>

namespace icmoe::test {

/// An engine without a network: answers a box with the ellipse in it (and two smaller ones), a point with a disc.
/// Answers come through `post`, at once or, while held back, when release() is called. With `previews` a preview comes
/// at once in any case.
class FakeEngine final : public SegmentationService {
public:
    explicit FakeEngine(Post post)
        : m_post(std::move(post))
    {
        m_state.activity = EngineActivity::idle;
        m_state.text = "LiteMedSAM · CPU 2 threads · fp32";
    }

    JobId request(std::uint64_t, std::shared_ptr<const SliceImage> image, std::vector<Prompt> prompts,
                  Answer answer) override
    {
        const JobId id = ++m_lastJob;
        if (previews) {
            m_post([this, id, image, prompts, answer] {
                auto preview = answerFor(*image, prompts);
                if (preview) {
                    preview->isPreview = true;
                    preview->vote.reset();
                }
                answer(id, std::move(preview));
            });
        }
        auto send = [this, id, image, prompts = std::move(prompts), answer = std::move(answer)] {
            m_encoded.insert(image->key);
            answer(id, answerFor(*image, prompts));
        };
        if (m_held) {
            m_waiting.push_back(std::move(send));
        } else {
            m_post(std::move(send));
        }
        return id;
    }
    void cancel(JobId) override {}
    void setVisible(std::shared_ptr<const SliceImage>, std::vector<std::shared_ptr<const SliceImage>>) override {}
    [[nodiscard]] bool isEncoded(const std::string& key) const override { return m_encoded.contains(key); }
    [[nodiscard]] EngineCounters counters() const override { return {}; }
    [[nodiscard]] EngineState state() const override { return m_state; }
    void onStateChanged(std::function<void(EngineState)> observer) override
    {
        m_observer = std::move(observer);
        tell();
    }

    void setState(const EngineState& state)
    {
        m_state = state;
        tell();
    }
    void hold() { m_held = true; }
    void release()
    {
        m_held = false;
        for (auto& send : m_waiting) {
            m_post(std::move(send));
        }
        m_waiting.clear();
    }

    bool previews = false;
    bool votes = false; ///< full answers have a vote
    double boundaryDisagreement = 0.13;

private:
    void tell()
    {
        if (m_observer) {
            m_post([observer = m_observer, state = m_state] { observer(state); });
        }
    }

    static Candidate ellipse(const SliceImage& image, const BoxPrompt& box, double share)
    {
        return {ellipseMask(image.width, image.height, {(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2},
                            (box.x1 - box.x0) / 2 * share, (box.y1 - box.y0) / 2 * share),
                0.9 * share,
                "base",
                {}};
    }

    [[nodiscard]] Result<Proposal> answerFor(const SliceImage& image, const std::vector<Prompt>& prompts) const
    {
        Proposal proposal;
        proposal.prompts = prompts;
        proposal.plane = image.plane;
        proposal.slice = image.slice;
        proposal.imageKey = image.key;
        proposal.engine.engine = "fake";
        for (const Prompt& prompt : prompts) {
            BoxPrompt box;
            if (std::holds_alternative<LabelPrompt>(prompt.shape) && prompts.size() == 1) {
                box = {image.width * 0.4, image.height * 0.4, image.width * 0.6, image.height * 0.6};
            } else if (const auto* given = std::get_if<BoxPrompt>(&prompt.shape)) {
                box = *given;
            } else if (const auto* point = std::get_if<PointPrompt>(&prompt.shape); point != nullptr && point->inside) {
                box = {point->at.x - 4, point->at.y - 4, point->at.x + 4, point->at.y + 4};
            } else {
                continue;
            }
            proposal.candidates = {ellipse(image, box, 1.0), ellipse(image, box, 0.8), ellipse(image, box, 0.6)};
        }
        if (proposal.candidates.empty()) {
            return fail(ErrorCode::emptyInput, "no prompt says what is inside", {}, "Add a box or an inside point");
        }
        if (votes) {
            proposal.vote = fakeVote(proposal.candidates.front().mask, boundaryDisagreement);
        }
        return proposal;
    }

    Post m_post;
    EngineState m_state;
    std::function<void(EngineState)> m_observer;
    std::deque<std::function<void()>> m_waiting;
    std::set<std::string> m_encoded;
    JobId m_lastJob = 0;
    bool m_held = false;
};

} // namespace icmoe::test
