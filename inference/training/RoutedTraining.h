#pragma once

#include "inference/icmoe/Council.h"
#include "inference/training/BasicTraining.h"
#include "inference/training/Contrast.h"

namespace icmoe::training {

struct RoutedOptions {
    int steps = 800;
    int batch = 8;
    int experts = 6; ///< semantic, or adaptive
    std::uint64_t seed = 1;
    double rate = 1.5e-3;
    double contrast = 0.1;     ///< λ of the contrastive loss; 0 leaves it out
    double loadBalance = 0.01; ///< λ of the load balance
    std::map<std::string, double> setWeights;
    std::vector<std::size_t> views;
    std::filesystem::path state;
    double stateEverySeconds = 180;
};

/// What a routed phase gives.
struct RoutedResult {
    ExpertParameters experts;
    NamedTensors routing;             ///< with prototypes and their owners after the semantic phase
    std::vector<std::string> classes; ///< of the prototypes
    Cohesion before;                  ///< of pixel embeddings of the vote's pictures, before and after
    Cohesion after;
    std::vector<double> usage; ///< share of the samples that each expert answered
};

/// Phase 2: semantic experts on the first answers of the frozen basic ones, prototypes and their projection, with the
/// contrastive term. Classes are dealt to experts by spherical k-means over their mean embeddings, balanced by how
/// often they are drawn. `council` holds a pack with trained basic experts. Errors as in trainBasicExperts().
[[nodiscard]] Result<RoutedResult> trainSemanticExperts(const Council& council, ViewLibrary& library,
                                                        const RoutedOptions& options, const StepProgress& progress,
                                                        std::stop_token stop);

/// Prototypes of a data set: the mean direction of each class's region embeddings, and which expert owns it.
struct Prototypes {
    at::Tensor vectors;              ///< [K, 256], unit length, in the embedding's own space
    std::vector<std::int64_t> owner; ///< of each class
};
/// `regions`: [N, 256] pooled embeddings with their classes (0 … K − 1). Every class gets one expert; experts get about
/// the same number of regions.
[[nodiscard]] Prototypes dealClasses(const Embedded& regions, int classes, int experts);

} // namespace icmoe::training
