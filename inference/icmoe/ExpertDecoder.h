#pragma once

#include "inference/icmoe/ExpertParameters.h"
#include "inference/sam/NetworkWeights.h"
#include "inference/sam/PromptEncoder.h"
#include "inference/sam/RecentlyUsed.h"

#include <ATen/core/Tensor.h>
#include <vector>

namespace icmoe {

/// Kinds of prompt tokens.
enum TokenKind : int {
    kNoToken = -2,
    kPaddingToken = -1,
    kOutsideToken = 0,
    kInsideToken = 1,
    kCorner0 = 2,
    kCorner1 = 3
};

/// What one expert makes of a picture, whatever the prompts are: 11 MiB.
struct ExpertView {
    at::Tensor cells; ///< [1, 4096, 256] the embedding as the expert sees it, no-mask vector added
    at::Tensor half;  ///< [1, 24, 128, 128] the picture's share of the fine branch's first layer at half its size
    at::Tensor full;  ///< [1, 16, 256, 256] likewise at full size
};

/// What the experts that were asked last made of one picture.
using ExpertViews = RecentlyUsed<std::int64_t, ExpertView, 6>;

/// One batch for experts. N samples; tensors with a leading 1 serve all of them.
struct ExpertBatch {
    std::vector<std::int64_t> experts; ///< which expert answers each sample; empty: the base, for every sample
    at::Tensor embedding;              ///< [N or 1, 4096, 256] of the encoder
    at::Tensor half;                   ///< [N or 1, 32, 128, 128] stage 1, projected; undefined where there is none
    at::Tensor full;                   ///< [N or 1, 16, 128, 128] stage 0, projected; as `half`
    at::Tensor image;                  ///< [N or 1, 3, 256, 256] in 0..1
    at::Tensor maps;                   ///< [N or 1, 7, 256, 256] prompt maps
    at::Tensor points;                 ///< [N or 1, P, 2] in network pixels
    at::Tensor kinds;                  ///< float [N or 1, P] of TokenKind
    ExpertViews* views = nullptr;      ///< of the one picture that serves all samples; null: computed anew
};

struct ExpertAnswers {
    at::Tensor logits;  ///< [N, 256, 256]
    at::Tensor iou;     ///< [N] predicted
    at::Tensor summary; ///< [N, 256] the mask token
    at::Tensor cells;   ///< [N, 4096, 256] image tokens after the transformer: what contrastive learning looks at
};

/// One row for all samples or a row for each, as `count` rows.
[[nodiscard]] at::Tensor expanded(const at::Tensor& x, std::int64_t count);

/// z_e = f₀(E + a_e, P + t_e, D + d_e; W + B_eA_e) and the fine branch (engine.md 2.2): the base's mask decoder with
/// every expert's updates, in one batch. Differentiable in the experts' parameters; the base's weights are read only.
class ExpertDecoder {
public:
    ExpertDecoder(const NetworkWeights& weights, const PromptEncoder& prompts);

    [[nodiscard]] at::Device device() const { return m_ownTokens.device(); }
    [[nodiscard]] ExpertAnswers operator()(const ExpertParameters& parameters, const ExpertBatch& batch) const;

private:
    struct Update;
    struct Call;
    const NetworkWeights& m_weights;
    const PromptEncoder& m_prompts;
    at::Tensor m_ownTokens; ///< [5, 256]
    Linear m_upscale1;      ///< 256 → 2 × 2 × 64
    Linear m_upscale2;      ///< 64 → 2 × 2 × 32
};

} // namespace icmoe
