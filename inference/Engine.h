#pragma once

#include "core/engine/Segmenter.h"
#include "inference/Training.h"

#include <filesystem>

namespace icmoe {

enum class Precision { automatic, fp32, bf16 };

struct EngineOptions {
    std::vector<std::filesystem::path> weightFolders; ///< searched in order: data folder, beside the program
    std::filesystem::path cacheFolder;                ///< embeddings on disk; empty: memory only
    int threads = 0;                                  ///< 0: all cores
    Precision precision = Precision::automatic;
    ComputeDevice device = ComputeDevice::automatic;
    std::string family = "litemedsam"; ///< which network answers: a name of weights/ModelCatalogue.h, "sam-vit-b", …
    std::size_t memoryCacheBytes = std::size_t{512} << 20;
    std::size_t diskCacheBytes = std::size_t{4} << 30;
    /// false: the base's raw answers, as `evaluate --experts none` wants them (a box: mask 0; a click: the hypothesis
    /// of highest predicted IoU). true: with the program's guarantees (clicks honoured, no leak, no islands).
    bool guarantees = true;
    std::string experts = "shipped";                 ///< "none", or a pack's file
    std::vector<std::filesystem::path> localExperts; ///< files of this workstation's labels, beside the pack
    std::vector<std::filesystem::path> packFolders;  ///< where the shipped pack is looked for, in order
    std::vector<VoterKind> withoutKinds;             ///< experts of these kinds are left out
    bool previews = true;                            ///< quick answers before the full ones, where the engine has them
    bool withVote = true;                            ///< false: the mean of the voices instead
};

/// What self-check prints about the engine.
struct EngineReport {
    std::string torchVersion;
    std::string device; ///< "CPU, 2 threads, AVX2"
    std::string cuda;   ///< what was found and what runs where: "vote on the processor: no driver", …
    std::string precision;
    bool hasBf16 = false;
    std::filesystem::path weights;
    std::string weightsSha256;
    std::optional<Error> weightsError;
};

/// The shared library's only doors (extern "C", found by dlsym), so that app links no torch and loads the library after
/// the window's first paint. Both may be called from any thread; the service owns its own.
using CreateEngineService = Result<std::unique_ptr<SegmentationService>> (*)(const EngineOptions&, Post);
/// A synchronous engine for command line, evaluation and tests; use it on one thread only.
using CreateSegmenter = Result<std::unique_ptr<Segmenter>> (*)(const EngineOptions&);
using DescribeEngine = EngineReport (*)(const EngineOptions&);
/// Converts a checkpoint into `folder` as safetensors; returns the file's path.
using ImportWeights = Result<std::filesystem::path> (*)(const std::filesystem::path& checkpoint,
                                                        std::string_view family, const std::filesystem::path& folder);

struct EngineLibrary {
    CreateEngineService createService = nullptr;
    CreateSegmenter createSegmenter = nullptr;
    DescribeEngine describe = nullptr;
    ImportWeights importWeights = nullptr;
    TrainExperts trainExperts = nullptr;
};
/// Exported symbol: `extern "C" const icmoe::EngineLibrary* icmoe_engine_library();`
using EngineLibraryEntry = const EngineLibrary* (*)();

} // namespace icmoe
