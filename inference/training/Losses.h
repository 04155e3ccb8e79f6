#pragma once

#include "core/mask/SliceMask.h"
#include "inference/sam/Preprocess.h"

#include <ATen/core/Tensor.h>

namespace icmoe::training {

/// Maps […, 256, 256] without the padding.
[[nodiscard]] at::Tensor usedPart(const at::Tensor& maps, const NetworkGrid& grid);
/// Logits of the network's grid [256, 256] on the slice's own grid [height, width], as answers are made.
[[nodiscard]] at::Tensor onSlice(const at::Tensor& logits, const NetworkGrid& grid);
/// A mask as floats [height, width].
[[nodiscard]] at::Tensor truthTensor(const SliceMask& mask, at::Device device = at::kCPU);
/// The mask where a tensor [height, width] is above zero.
[[nodiscard]] SliceMask maskAbove(const at::Tensor& values);

/// Mean of (1 − p_t)² · cross entropy over pixels (focal loss, γ = 2); a scalar.
[[nodiscard]] at::Tensor focalLoss(const at::Tensor& logits, const at::Tensor& truth);
/// 1 − soft Dice; a scalar.
[[nodiscard]] at::Tensor diceLoss(const at::Tensor& logits, const at::Tensor& truth);
/// 20 · focal + Dice on the slice's own grid, what masks are judged on.
[[nodiscard]] at::Tensor maskLoss(const at::Tensor& logitsOnSlice, const at::Tensor& truth);

/// Label consistency (engine.md 2.4). Probabilities p and weights w [E, …], truth […]: the target vote is
/// softmax over voters of −BCE(p_e, y)/τ; the mean of KL(target ‖ w), weighted by how much voters differ. Zero where
/// they all agree.
[[nodiscard]] at::Tensor targetVote(const at::Tensor& p, const at::Tensor& truth, double temperature);
[[nodiscard]] at::Tensor labelConsistencyLoss(const at::Tensor& p, const at::Tensor& weights, const at::Tensor& truth,
                                              double temperature);
/// CV²(importance) + CV²(load), both [experts]: zero for uniform use.
[[nodiscard]] at::Tensor squaredVariation(const at::Tensor& use);
[[nodiscard]] at::Tensor loadBalanceLoss(const at::Tensor& importance, const at::Tensor& load);

} // namespace icmoe::training
