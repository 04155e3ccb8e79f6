#pragma once

#include "inference/icmoe/Council.h"
#include "inference/training/BasicTraining.h"
#include "inference/training/Contrast.h"

namespace icmoe::training {

struct RoutedOptions : LoopOptions {
    int batch = 8;
    int experts = 6; ///< semantic, or adaptive
    std::uint64_t seed = 1;
    double rate = 1.5e-3;
    double contrast = 0.1;     ///< λ of the contrastive loss; 0 leaves it out
    double loadBalance = 0.01; ///< λ of the load balance
    std::map<std::string, double> setWeights;
    std::vector<std::size_t> views;
    ExpertParameters begin;    ///< what a new run begins as; none: the basic click expert, over and over
    NamedTensors beginRouting; ///< of the same classes and as many experts; empty: fresh
};

/// The experts that a new run of a routed phase begins as.
[[nodiscard]] ExpertParameters beginning(const RoutedOptions& options, const Pack& pack);

/// What a routed phase gives.
struct RoutedResult {
    ExpertParameters experts;
    NamedTensors routing;             ///< with prototypes and their owners after the semantic phase
    std::vector<std::string> classes; ///< of the prototypes
    Cohesion before; ///< of region embeddings of pictures that took no part, before and after (of all where all did)
    Cohesion after;
    Cohesion beforeCentred; ///< the same of centred() embeddings
    Cohesion afterCentred;
    Embedded judged;           ///< those embeddings, after
    std::vector<double> usage; ///< share of the samples that each expert answered
};

/// Phase 2: semantic experts on the first answers of the frozen basic ones, prototypes and their projection, with the
/// contrastive term. Classes are dealt to experts by spherical k-means over their mean embeddings, balanced by how
/// often they are drawn. `council` holds a pack with trained basic experts. Errors as in trainBasicExperts().
[[nodiscard]] Result<RoutedResult> trainSemanticExperts(const Council& council, ViewLibrary& library,
                                                        const RoutedOptions& options, const StepProgress& progress,
                                                        std::stop_token stop);

/// Phase 3: adaptive experts and their top-2 router, on what the basic experts leave: a case counts by how far their
/// answer is from the truth. Noise on the scores, load balance over a window of 256 cases. `routing`: of the semantic
/// phase, or fresh; its router is trained, the rest comes back as it was.
[[nodiscard]] Result<RoutedResult> trainAdaptiveExperts(const Council& council, ViewLibrary& library,
                                                        const NamedTensors& routing, const RoutedOptions& options,
                                                        const StepProgress& progress, std::stop_token stop);

/// Noisy top-2 routing (Shazeer et al. 2017) of a batch: scores and deviations [N, A], noise [N, A] drawn from a
/// standard normal. The shares of the two chosen experts (softmax over them), and how likely each expert is among the
/// two when its own noise is drawn again (the smooth load).
struct NoisyTopTwo {
    at::Tensor chosen; ///< int64 [N, 2]
    at::Tensor gates;  ///< [N, 2], rows sum to one
    at::Tensor load;   ///< [N, A] in 0..1
};
[[nodiscard]] NoisyTopTwo noisyTopTwo(const at::Tensor& scores, const at::Tensor& deviation, const at::Tensor& noise);

/// Prototypes of a data set: the mean direction of each class's region embeddings, and which expert owns it.
struct Prototypes {
    at::Tensor vectors;              ///< [K, 256], unit length, in the embedding's own space
    std::vector<std::int64_t> owner; ///< of each class
};
/// `regions`: [N, 256] pooled embeddings with their classes (0 … K − 1). Every class gets one expert; experts get about
/// the same number of regions.
[[nodiscard]] Prototypes dealClasses(const Embedded& regions, int classes, int experts);

} // namespace icmoe::training
