#pragma once

#include "inference/sam/BoxHypotheses.h"
#include "inference/sam/TwoWayTransformer.h"

#include <vector>

namespace icmoe {

/// SAM's mask decoder: tokens and an embedded picture become four masks and their predicted IoU.
class MaskDecoder {
public:
    /// densePosition: [4096, 256] of the prompt encoder.
    MaskDecoder(const NetworkWeights& weights, at::Tensor densePosition);

    /// The prompt-independent part. image: [1, 4096, 256], dense prompt added.
    [[nodiscard]] ImageTokens prepare(const at::Tensor& image) const { return m_transformer.prepare(image); }

    /// What is known before anything is up-scaled.
    struct Decoded {
        at::Tensor iou;    ///< [N, 4]
        at::Tensor tokens; ///< [N, masks, 256] the mask tokens
        at::Tensor image;  ///< [N, 4096, 256]
    };
    /// sparse: [N, P, 256]; the first `masks` of the four masks can be asked for afterwards.
    [[nodiscard]] Decoded decode(const ImageTokens& image, const at::Tensor& sparse,
                                 std::int64_t masks = kMaskTokens) const;
    static constexpr std::int64_t kMaskTokens = 4;
    /// Logits [256, 256] each of masks first … first + count − 1 of prompt n: [count, 256, 256]. Only the window is
    /// computed; kOutsideLogit elsewhere.
    [[nodiscard]] at::Tensor masks(const Decoded& decoded, std::int64_t n, int first, int count,
                                   const CellWindow& window) const;
    [[nodiscard]] at::Tensor masks(const Decoded& decoded, std::int64_t n, int first, int count) const
    {
        return masks(decoded, n, first, count, {});
    }
    static constexpr double kOutsideLogit = -12;

private:
    TwoWayTransformer m_transformer;
    at::Tensor m_ownTokens; ///< [5, 256] IoU token, four mask tokens
    Linear m_upscale1;      ///< 256 → 2 × 2 × 64
    at::Tensor m_norm;
    at::Tensor m_normBias;
    Linear m_upscale2; ///< 64 → 2 × 2 × 32
    std::vector<Linear> m_hyper[4];
    std::vector<Linear> m_iou;
};

} // namespace icmoe
