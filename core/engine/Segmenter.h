#pragma once

#include "core/engine/Proposal.h"
#include "core/image/SliceImage.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace icmoe {

/// What a picture became inside the engine; opaque outside it. Immutable.
class Embedding {
public:
    virtual ~Embedding() = default;
    [[nodiscard]] virtual std::size_t byteSize() const = 0;
};

/// A promptable network. Lives on one thread (the inference thread); no function may be called from another.
class Segmenter {
public:
    virtual ~Segmenter() = default;
    [[nodiscard]] virtual EngineInfo info() const = 0;
    /// The expensive part. Between its steps it calls `checkpoint`, which may call predict() for another picture, and
    /// then looks at `stop` (cancelled).
    [[nodiscard]] virtual Result<std::shared_ptr<const Embedding>> encode(const SliceImage& image, std::stop_token stop,
                                                                          const std::function<void()>& checkpoint) = 0;
    /// Answers prompts on an encoded picture. Prompts have been checked and are in canonical order.
    [[nodiscard]] virtual Result<Proposal> predict(const SliceImage& image, const Embedding& embedding,
                                                   const std::vector<Prompt>& prompts, std::stop_token stop) = 0;
    /// Does preview() answer sooner than predict()?
    [[nodiscard]] virtual bool hasPreview() const { return false; }
    /// A quick answer to the same question, marked as a preview. Only where hasPreview().
    [[nodiscard]] virtual Result<Proposal> preview(const SliceImage& image, const Embedding& embedding,
                                                   const std::vector<Prompt>& prompts, std::stop_token stop)
    {
        return predict(image, embedding, prompts, stop);
    }
    /// What else than info() an embedding depends on: part of what it is cached by.
    [[nodiscard]] virtual std::string featuresKey() const { return {}; }
    /// How many times encode() ran to its end.
    [[nodiscard]] virtual std::uint64_t encodeCount() const = 0;
    /// How many times encode() calls `checkpoint`, for the progress shown; 0: unknown.
    [[nodiscard]] virtual int encodeSteps() const { return 0; }

    /// The embedding as bytes for the disk cache (framing and checksum are the cache's). deserialize() of them must
    /// predict the same bits as the embedding itself. Empty: this engine's embeddings are not kept on disk.
    [[nodiscard]] virtual std::vector<std::byte> serialize(const Embedding& embedding) const
    {
        (void)embedding;
        return {};
    }
    /// Inverse of serialize(); sizes are checked against `bytes` (malformedFile).
    [[nodiscard]] virtual Result<std::shared_ptr<const Embedding>> deserialize(std::span<const std::byte> bytes) const
    {
        (void)bytes;
        return fail(ErrorCode::engineUnavailable, "this engine keeps no embeddings on disk");
    }
};

using JobId = std::uint64_t;

enum class EngineActivity { starting, idle, encoding, answering, noWeights, failed };

/// What the engine does now, for the dot in the status bar.
struct EngineState {
    EngineActivity activity = EngineActivity::starting;
    std::string text; ///< "LiteMedSAM · CPU 2 threads · fp32"
    Plane plane = Plane::acquisition;
    int slice = -1;      ///< what is being encoded
    double progress = 0; ///< 0..1 of the current encoding
    double lastEncodeSeconds = 0;
    double lastDecodeSeconds = 0;
    std::optional<Error> error;
};

/// Counters that tests and self-check read.
struct EngineCounters {
    std::uint64_t encodedForPrompt = 0; ///< the visible slice or a prompt's slice
    std::uint64_t encodedAhead = 0;     ///< neighbours
    std::uint64_t cacheHits = 0;
    std::uint64_t answered = 0; ///< in full
    std::uint64_t previewed = 0;
    std::uint64_t superseded = 0;
};

/// What window and command line use: prompts go in, proposals come back through `post`. All functions may be called
/// from any thread and never wait.
class SegmentationService {
public:
    using Answer = std::function<void(JobId, Result<Proposal>)>;
    /// Stops after the step that runs; requests without an answer get `cancelled`.
    virtual ~SegmentationService() = default;

    /// Asks about one object; every request gets exactly one answer, and before it there may be previews
    /// (Proposal::isPreview). A queued job with the same `object` is replaced (its answer is `cancelled`), and so is a
    /// running one that has given its preview.
    virtual JobId request(std::uint64_t object, std::shared_ptr<const SliceImage> image, std::vector<Prompt> prompts,
                          Answer answer) = 0;
    virtual void cancel(JobId job) = 0;
    /// The slice the annotator looks at, and its neighbours in the order in which they should be prepared.
    virtual void setVisible(std::shared_ptr<const SliceImage> visible,
                            std::vector<std::shared_ptr<const SliceImage>> neighbours) = 0;
    /// Is the picture's embedding at hand?
    [[nodiscard]] virtual bool isEncoded(const std::string& imageKey) const = 0;
    [[nodiscard]] virtual EngineCounters counters() const = 0;
    [[nodiscard]] virtual EngineState state() const = 0;
    /// Called, through the same posting function as answers, with the present state and whenever it changes.
    virtual void onStateChanged(std::function<void(EngineState)> observer) = 0;
};

/// Runs a function on the thread that should see answers (the window's event loop; a test's vector).
using Post = std::function<void(std::function<void()>)>;

} // namespace icmoe
