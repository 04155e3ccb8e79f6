// The doors of the shared library (inference/Engine.h). No exception leaves it.
#include "inference/Engine.h"
#include "inference/icmoe/IcMoeSegmenter.h"
#include "inference/runtime/InferenceWorker.h"
#include "inference/sam/EngineDescription.h"
#include "inference/training/ExpertTraining.h"
#include "inference/weights/WeightsFile.h"

namespace icmoe {
namespace {

Result<std::unique_ptr<SegmentationService>> createService(const EngineOptions& options, Post post)
{
    try {
        WorkerOptions worker;
        worker.memoryCacheBytes = options.memoryCacheBytes;
        worker.cacheFolder = options.cacheFolder;
        worker.diskCacheBytes = options.diskCacheBytes;
        return makeInferenceWorker([options] { return createEngine(options); }, worker, std::move(post));
    } catch (const std::exception& error) {
        return fail(ErrorCode::engineUnavailable,
                    std::string("the engine's thread could not be started: ") + error.what(), {},
                    "Close other programs and try again");
    }
}

constexpr EngineLibrary kLibrary{createService, createEngine, describeEngine, weights::importWeights,
                                 training::trainExperts};

} // namespace
} // namespace icmoe

extern "C" __attribute__((visibility("default"))) const icmoe::EngineLibrary* icmoe_engine_library()
{
    return &icmoe::kLibrary;
}
