#pragma once

#include "inference/icmoe/TensorFile.h"

#include <ATen/core/Tensor.h>

namespace icmoe {

/// Says how good each of some masks is by what it looks like: 32 · 32 values wide. As the selector it ranks box
/// hypotheses by maskFeatures(), as the judge all voices of a vote by voiceFeatures().
class ScoreNetwork {
public:
    [[nodiscard]] static NamedTensors fresh(std::int64_t features, std::uint64_t seed);
    /// std::invalid_argument where a tensor is missing or has another shape.
    ScoreNetwork(NamedTensors parameters, std::int64_t features);
    /// [M, features] → expected Dice [M] in 0..1. Differentiable in the parameters but "mean" and "scale", which
    /// normalise the features.
    [[nodiscard]] at::Tensor operator()(const at::Tensor& features) const;

private:
    NamedTensors m_parameters;
};

} // namespace icmoe
