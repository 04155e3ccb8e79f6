#pragma once

#include "inference/icmoe/TensorFile.h"

#include <ATen/core/Tensor.h>
#include <cstdint>

namespace icmoe {

inline constexpr std::int64_t kScoreMembers = 5;

/// Says how good each of some competing masks is by what it looks like: the mean of kScoreMembers small networks, each
/// 32 · 32 values wide. As the selector it ranks box hypotheses by maskFeatures(), as the judge all voices of a vote by
/// voiceFeatures().
class ScoreNetwork {
public:
    [[nodiscard]] static NamedTensors fresh(std::int64_t features, std::uint64_t seed);
    /// [M, features] → [M, 3 · features]: beside each value how far it is from the M masks' mean and maximum.
    [[nodiscard]] static at::Tensor compared(const at::Tensor& features);
    /// std::invalid_argument where a tensor is missing or has another shape.
    ScoreNetwork(NamedTensors parameters, std::int64_t features);
    /// [M, features] → expected Dice [M] in 0..1. Differentiable in the parameters but "mean" and "scale", which
    /// normalise what was compared.
    [[nodiscard]] at::Tensor operator()(const at::Tensor& features) const
    {
        return ofMembers(compared(features)).mean(0);
    }
    /// The same of each member, from rows of compared features: [R, 3 · features] → [kScoreMembers, R].
    [[nodiscard]] at::Tensor ofMembers(const at::Tensor& rows) const;

private:
    NamedTensors m_parameters;
};

} // namespace icmoe
