#pragma once

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

/// What masks are judged against.
struct MaskScene {
    at::Tensor grey;      ///< [256, 256] in 0..1
    at::Tensor embedding; ///< [4096, 256]
    at::Tensor positive;  ///< [256, 256] map of positive clicks and strokes
    at::Tensor negative;  ///< [256, 256]
    int usedWidth = 256;
    int usedHeight = 256;
};

inline constexpr std::int64_t kMaskFeatures = 22;

/// What good masks look like, whatever the structure, [H, 22]: predicted IoU, how tightly the mask fills its box,
/// stability over thresholds, edges along its border, contrast to a ring around it, agreement with the other masks,
/// similarity of the embedding inside, outside and at the click, and the like (engine.md 2.3). `logits`: [H, 256, 256];
/// `iou`: [H, 2]; `boxes`: those that were asked about, filled, [H, 256, 256], or undefined: the masks' own bounds.
[[nodiscard]] at::Tensor maskFeatures(const at::Tensor& logits, const at::Tensor& iou, const at::Tensor& boxes,
                                      const MaskScene& scene);
[[nodiscard]] at::Tensor hypothesisFeatures(const std::vector<Hypothesis>& hypotheses, const MaskScene& scene);

} // namespace icmoe
