#pragma once

#include "inference/sam/NetworkWeights.h"

#include <ATen/core/Tensor.h>

namespace icmoe {

/// Attention with projections: queries, keys and values to `inner` values in 8 heads, out to 256.
struct ProjectedAttention {
    Linear q;
    Linear k;
    Linear v;
    Linear out;

    /// Already projected: q [N, Q, inner], k and v [N or 1, K, inner] → [N, Q, 256].
    [[nodiscard]] at::Tensor attend(const at::Tensor& projectedQ, const at::Tensor& projectedK,
                                    const at::Tensor& projectedV) const;
    [[nodiscard]] at::Tensor operator()(const at::Tensor& queries, const at::Tensor& keys,
                                        const at::Tensor& values) const;
};

/// What of the first layer does not depend on prompts (as long as no mask is given): once a slice, 10 MiB.
struct ImageTokens {
    at::Tensor keys;          ///< [1, 4096, 256] embedding + no-mask vector
    at::Tensor tokenToImageK; ///< [1, 4096, 128]
    at::Tensor tokenToImageV;
    at::Tensor imageToTokenQ; ///< [1, 8, 16, 4096]
};

/// SAM's decoder transformer: two layers in which tokens and picture look at each other.
class TwoWayTransformer {
public:
    TwoWayTransformer(const NetworkWeights& weights, at::Tensor position);

    /// image: [1, 4096, 256] with the dense prompt added (or [N, 4096, 256] where masks were given).
    [[nodiscard]] ImageTokens prepare(const at::Tensor& image) const;

    struct Result {
        at::Tensor tokens; ///< [N, asking, 256]
        at::Tensor image;  ///< [N, 4096, 256]
    };
    /// tokens: [N, T, 256]; the first `asking` of them look at the picture a last time and are answered.
    [[nodiscard]] Result operator()(const ImageTokens& image, const at::Tensor& tokens, std::int64_t asking) const;

private:
    struct Norm {
        at::Tensor weight;
        at::Tensor bias;
        [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
    };
    struct Layer {
        ProjectedAttention self;
        ProjectedAttention tokenToImage;
        ProjectedAttention imageToToken;
        Linear widen;
        Linear narrow;
        Norm norms[4];
        at::Tensor positionK; ///< [1, 8, 16, 4096] the position's share of the picture's keys, with their bias
        at::Tensor positionQ; ///< [1, 8, 16, 4096] likewise of its queries
    };

    // A few tokens look at 4,096 cells, so it is cheaper to carry the projections of the cells over to the tokens
    // (q·(Wx) = (Wᵀq)·x, and the weights of the values sum to one) than to project every cell.
    /// placed: tokens with their own position [N, T, 256]; image [N, 4096, 256] → [N, T, 256].
    [[nodiscard]] static at::Tensor lookAtImage(const ProjectedAttention& attention, const at::Tensor& positionK,
                                                const at::Tensor& placed, const at::Tensor& image);
    /// The cells [N or 1, 4096, 256] and what they take from the tokens: scores [N, 8, T, 4096] → [N, 4096, 256].
    [[nodiscard]] static at::Tensor takeFromTokens(const ProjectedAttention& attention, const at::Tensor& scores,
                                                   const at::Tensor& tokens, const at::Tensor& cells);

    Layer m_layers[2];
    ProjectedAttention m_final;
    at::Tensor m_finalPositionK;
    Norm m_finalNorm;
};

} // namespace icmoe
