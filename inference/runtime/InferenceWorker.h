#pragma once

#include "core/engine/Segmenter.h"

#include <filesystem>
#include <functional>
#include <memory>

namespace icmoe {

struct WorkerOptions {
    std::size_t memoryCacheBytes = std::size_t{512} << 20;
    std::filesystem::path cacheFolder; ///< embeddings on disk; empty: memory only
    std::size_t diskCacheBytes = std::size_t{4} << 30;
    int niceness = 10; ///< of the worker's thread and of the threads it starts, so that the window stays smooth
};

/// Runs a segmenter on a thread of its own: prompts, then the visible slice, then its neighbours (engine.md section 5).
/// `makeSegmenter` is called on that thread; where it fails, every request is answered with its error. Between two
/// steps of an encoding a prompt whose picture is encoded goes first, and an encoding that nobody waits for any more,
/// or that stands in the way of a more urgent one, is abandoned. A running answer is not replaced by a newer prompt (a
/// drag would never see one), only stopped by cancel().
///
/// `post` is called on the worker's thread. A disk cache that cannot be used is left out (EngineState::error says why).
[[nodiscard]] std::unique_ptr<SegmentationService>
makeInferenceWorker(std::function<Result<std::unique_ptr<Segmenter>>()> makeSegmenter, WorkerOptions options,
                    Post post);

} // namespace icmoe
