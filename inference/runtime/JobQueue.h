#pragma once

#include "core/engine/Segmenter.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <variant>
#include <vector>

namespace icmoe {

/// A prompt set that waits for its answer.
struct PromptJob {
    JobId id = 0;
    std::uint64_t object = 0;
    std::shared_ptr<const SliceImage> image;
    std::vector<Prompt> prompts;
    SegmentationService::Answer answer;
    std::optional<Error> refusal; ///< answered with this, without the network
    bool waited = false;          ///< its picture had to be encoded
};

/// What a picture is encoded for; lower goes first.
enum class EncodePurpose { prompt, visible, neighbour };

struct AnswerRefused {
    PromptJob job;
};
struct AnswerPrompt {
    PromptJob job;
    std::stop_token stop; ///< of cancel()
};
struct EncodeImage {
    std::shared_ptr<const SliceImage> image;
    EncodePurpose purpose = EncodePurpose::prompt;
};
using Work = std::variant<AnswerRefused, AnswerPrompt, EncodeImage>;

/// What is to be done next, by priority: prompts whose picture is encoded, then encoding for a prompt, the visible
/// slice, its neighbours. Locks itself; submitting functions may be called from any thread and never wait for the
/// network.
class JobQueue {
public:
    /// `isEncoded`: is a picture's embedding at hand? Called under the queue's lock, so it must be quick.
    explicit JobQueue(std::function<bool(const std::string& imageKey)> isEncoded);

    /// A queued job on the same object is superseded.
    JobId submit(PromptJob job);
    /// A queued job is refused as `cancelled`, a running one sees its stop token.
    void cancel(JobId id);
    void setVisible(std::shared_ptr<const SliceImage> visible,
                    std::vector<std::shared_ptr<const SliceImage>> neighbours);

    /// Waits for work; nothing once `stop` is requested. The caller runs it and calls finished().
    [[nodiscard]] std::optional<Work> wait(std::stop_token stop);
    /// Work that needs no encoding, or nothing: what may run between two steps of an encoding.
    [[nodiscard]] std::optional<Work> takeReady();
    /// Should an encoding of this picture go on, or is something more urgent waiting, or nobody interested any more?
    [[nodiscard]] bool shouldGoOn(const std::string& imageKey) const;
    /// What a picture is wanted for now; nothing: for nothing.
    [[nodiscard]] std::optional<EncodePurpose> purposeOf(const std::string& imageKey) const;
    /// The running prompt has given its preview: from now on a newer prompt on the same object stops it. False where
    /// one waits already.
    [[nodiscard]] bool previewed();
    /// The answer of the running prompt has been given.
    void answered();
    /// The picture has been encoded: prompts that waited for it are marked, and it is not asked for again.
    void encoded(const std::string& imageKey);
    /// The picture was at hand: it need not be prepared any more.
    void prepared(const std::string& imageKey);
    /// The picture cannot be encoded: takes the prompts that wait for it and forgets it.
    [[nodiscard]] std::vector<PromptJob> takeWaitingFor(const std::string& imageKey);
    /// Puts a prompt back where its embedding turned out to be missing.
    void putBack(PromptJob job);
    /// All that still wait, at the end.
    [[nodiscard]] std::vector<PromptJob> takeAll();
    [[nodiscard]] std::uint64_t supersededCount() const;

private:
    [[nodiscard]] std::optional<Work> takeReadyLocked();
    [[nodiscard]] std::optional<Work> takeLocked();
    [[nodiscard]] std::optional<EncodePurpose> purposeLocked(const std::string& imageKey) const;
    [[nodiscard]] std::optional<EncodePurpose> mostUrgentLocked() const;
    void preparedLocked(const std::string& imageKey);
    void refuseLocked(std::size_t index, Error error);

    const std::function<bool(const std::string&)> m_isEncoded;
    mutable std::mutex m_mutex;
    std::condition_variable_any m_changed;
    std::deque<PromptJob> m_refused;
    std::deque<PromptJob> m_prompts;
    std::shared_ptr<const SliceImage> m_visible; ///< null once it is prepared
    std::deque<std::shared_ptr<const SliceImage>> m_neighbours;
    JobId m_lastId = 0;
    JobId m_running = 0; ///< 0: none
    std::uint64_t m_runningObject = 0;
    bool m_runningIsReplaceable = false;
    std::stop_source m_runningStop;
    std::uint64_t m_superseded = 0;
};

} // namespace icmoe
