#pragma once

#include <ATen/core/Tensor.h>

namespace icmoe {

class NetworkWeights;

/// SAM's prompt encoder: prompts become tokens of 256 values and a dense map of 64 × 64 cells.
class PromptEncoder {
public:
    /// `side`: of the square picture whose pixels prompts are given in; `centre`: from a pixel's number to the place
    /// that the network was trained with.
    explicit PromptEncoder(const NetworkWeights& weights, int side = 256, double centre = 0.5);

    /// Position code of the 64 × 64 grid's cell centres: [4096, 256]. Constant.
    [[nodiscard]] const at::Tensor& densePosition() const { return m_densePosition; }
    /// What stands in the dense map where no mask was given: [256].
    [[nodiscard]] const at::Tensor& noMask() const { return m_noMask; }
    /// boxes: float [N, 4] x0 y0 x1 y1 → [N, 2, 256].
    [[nodiscard]] at::Tensor boxes(const at::Tensor& boxes) const;
    /// points: float [N, P, 2], labels: float [N, P] of 1 (inside), 0 (outside), −1 (padding) → [N, P, 256]. Where no
    /// box follows, the reference appends one padding point: pad = true.
    [[nodiscard]] at::Tensor points(const at::Tensor& points, const at::Tensor& labels, bool pad) const;
    /// Points of any kind: float [N, P, 2], kinds: float [N, P] of 0 (outside), 1 (inside), 2 and 3 (corners of a box),
    /// −1 (padding), −2 (no token: its values do not matter) → [N, P, 256].
    [[nodiscard]] at::Tensor tokens(const at::Tensor& points, const at::Tensor& kinds) const;
    /// masks: logits [N, 1, 256, 256] → dense map [N, 4096, 256].
    [[nodiscard]] at::Tensor masks(const at::Tensor& masks) const;

private:
    /// Position code of points in 0..1: […, 2] → […, 256].
    [[nodiscard]] at::Tensor position(const at::Tensor& unit) const;

    int m_side;
    double m_centre;
    at::Tensor m_frequencies; ///< [2, 128]
    at::Tensor m_densePosition;
    at::Tensor m_noMask;
    at::Tensor m_point[4]; ///< outside, inside, box corner 0, box corner 1
    at::Tensor m_notAPoint;
    at::Tensor m_maskConv[3];
    at::Tensor m_maskBias[3];
    at::Tensor m_maskNorm[2];
    at::Tensor m_maskNormBias[2];
};

} // namespace icmoe
