#pragma once

#include "core/engine/Prompt.h"
#include "core/engine/Vote.h"
#include "core/mask/SliceMask.h"

#include <optional>
#include <string>
#include <vector>

namespace icmoe {

/// Where an answer came from; stored with every annotation.
struct EngineInfo {
    std::string engine;          ///< "LiteMedSAM"
    std::string weightsSha256;   ///< of the safetensors file
    std::string expertsRevision; ///< "none" without a pack
    std::string precision;       ///< "fp32", "bf16"
    std::string device;          ///< "CPU, 2 threads"
    int threads = 0;
    int preprocessing = 1; ///< version of the pre-processing
    std::string range;     ///< ValueRange::name
    bool operator==(const EngineInfo&) const = default;
};

/// One possible answer.
struct Candidate {
    SliceMask mask;            ///< on the slice's own grid
    double predictedIou = 0;   ///< the network's own estimate, roughly 0..1
    std::string voter;         ///< "vote", "base", "base mask 1", "box hypothesis"
    std::vector<float> logits; ///< height × width on the slice's own grid; may be empty
};

/// The engine's answer on one slice. Candidates are ranked, best first; at least one.
struct Proposal {
    std::vector<Prompt> prompts; ///< what was asked
    Plane plane = Plane::acquisition;
    int slice = 0;
    std::string imageKey; ///< SliceImage::key of the picture that was answered
    std::vector<Candidate> candidates;
    /// A quick answer that the full one replaces soon: a few voters have spoken.
    bool isPreview = false;
    std::optional<Vote> vote; ///< of the first candidate
    std::string notice;       ///< something the annotator should know: "stroke answered through its box; …"
    EngineInfo engine;
    double encodeSeconds = 0; ///< 0 where the embedding was cached
    double decodeSeconds = 0;
};

} // namespace icmoe
