#pragma once

#include "inference/icmoe/TensorFile.h"
#include "inference/sam/BoxHypotheses.h"

#include <ATen/core/Tensor.h>
#include <vector>

namespace icmoe {

/// A guessed box and what the base answered to it.
struct Hypothesis {
    NetworkBox box;
    at::Tensor logits; ///< [256, 256] of mask 0
    double iou0 = 0;   ///< predicted, mask 0
    double iou1 = 0;   ///< predicted, mask 1
};

/// What hypotheses are judged against.
struct HypothesisScene {
    at::Tensor grey;      ///< [256, 256] in 0..1
    at::Tensor embedding; ///< [4096, 256]
    at::Tensor positive;  ///< [256, 256] map of positive clicks and strokes
    at::Tensor negative;  ///< [256, 256]
    int usedWidth = 256;
    int usedHeight = 256;
};

inline constexpr std::int64_t kHypothesisFeatures = 22;

/// [H, 22]: predicted IoU, how tightly the mask fills its box, stability over thresholds, edges along its border,
/// contrast to a ring around it, agreement with the other hypotheses, similarity of the embedding inside, outside and
/// at the click, and the like (engine.md 2.3).
[[nodiscard]] at::Tensor hypothesisFeatures(const std::vector<Hypothesis>& hypotheses, const HypothesisScene& scene);

/// Ranks box hypotheses by what a good mask looks like, whatever the structure.
class Selector {
public:
    [[nodiscard]] static NamedTensors fresh(std::uint64_t seed);
    /// std::invalid_argument where a tensor is missing or has another shape.
    explicit Selector(NamedTensors parameters);
    /// features [H, 22] → expected Dice [H] in 0..1. Differentiable in the parameters.
    [[nodiscard]] at::Tensor operator()(const at::Tensor& features) const;
    [[nodiscard]] const NamedTensors& parameters() const { return m_parameters; }

private:
    NamedTensors m_parameters;
};

} // namespace icmoe
