#include "inference/sam/TwoWayTransformer.h"

#include <ATen/ATen.h>

namespace icmoe {
namespace {

constexpr int kHeads = 8;

at::Tensor apply(const Linear& layer, const at::Tensor& x)
{
    return at::linear(x, layer.weight, layer.bias);
}

/// N×T×(heads·d) → N×heads×T×d
at::Tensor heads(const at::Tensor& x)
{
    return x.view({x.size(0), x.size(1), kHeads, -1}).transpose(1, 2);
}

ProjectedAttention attention(const NetworkWeights& weights, const std::string& prefix)
{
    return {linear(weights, prefix + ".q_proj"), linear(weights, prefix + ".k_proj"),
            linear(weights, prefix + ".v_proj"), linear(weights, prefix + ".out_proj")};
}

} // namespace

at::Tensor ProjectedAttention::attend(const at::Tensor& projectedQ, const at::Tensor& projectedK,
                                      const at::Tensor& projectedV) const
{
    const auto count = std::max(projectedQ.size(0), projectedK.size(0));
    const auto spread = [&](const at::Tensor& x) { return heads(x.size(0) == count ? x : x.expand({count, -1, -1})); };
    const auto y = at::scaled_dot_product_attention(spread(projectedQ), spread(projectedK), spread(projectedV));
    return apply(out, y.transpose(1, 2).flatten(2)); // N×Q×256
}

at::Tensor ProjectedAttention::operator()(const at::Tensor& queries, const at::Tensor& keys,
                                          const at::Tensor& values) const
{
    return attend(apply(q, queries), apply(k, keys), apply(v, values));
}

at::Tensor TwoWayTransformer::Norm::operator()(const at::Tensor& x) const
{
    return at::layer_norm(x, {x.size(-1)}, weight, bias, 1e-5);
}

TwoWayTransformer::TwoWayTransformer(const NetworkWeights& weights, at::Tensor position)
{
    const std::string root = "mask_decoder.transformer.";
    const auto norm = [&](const std::string& prefix) {
        return Norm{weights.get(prefix + ".weight"), weights.get(prefix + ".bias")};
    };
    for (int n = 0; n < 2; ++n) {
        const auto prefix = root + "layers." + std::to_string(n) + ".";
        auto& layer = m_layers[n];
        layer.self = attention(weights, prefix + "self_attn");
        layer.tokenToImage = attention(weights, prefix + "cross_attn_token_to_image");
        layer.imageToToken = attention(weights, prefix + "cross_attn_image_to_token");
        layer.widen = linear(weights, prefix + "mlp.lin1");
        layer.narrow = linear(weights, prefix + "mlp.lin2");
        for (int k = 0; k < 4; ++k) {
            layer.norms[k] = norm(prefix + "norm" + std::to_string(k + 1));
        }
        // W(x + position) + b = Wx + (W·position + b)
        layer.positionK = apply(layer.tokenToImage.k, position).unsqueeze(0);
        layer.positionQ = apply(layer.imageToToken.q, position).unsqueeze(0);
    }
    m_final = attention(weights, root + "final_attn_token_to_image");
    m_finalPositionK = apply(m_final.k, position).unsqueeze(0);
    m_finalNorm = norm(root + "norm_final_attn");
}

ImageTokens TwoWayTransformer::prepare(const at::Tensor& image) const
{
    const auto& layer = m_layers[0];
    return {image, at::linear(image, layer.tokenToImage.k.weight).add_(layer.positionK),
            apply(layer.tokenToImage.v, image), at::linear(image, layer.imageToToken.q.weight).add_(layer.positionQ)};
}

TwoWayTransformer::Result TwoWayTransformer::operator()(const ImageTokens& image, const at::Tensor& tokens) const
{
    auto queries = tokens;
    auto keys = image.keys;
    for (int n = 0; n < 2; ++n) {
        const auto& layer = m_layers[n];
        if (n == 0) { // no position and no residual
            queries = layer.self(queries, queries, queries);
        } else {
            const auto placed = queries + tokens;
            queries = queries + layer.self(placed, placed, queries);
        }
        queries = layer.norms[0](queries);

        const auto imageK =
            n == 0 ? image.tokenToImageK : at::linear(keys, layer.tokenToImage.k.weight).add_(layer.positionK);
        const auto imageV = n == 0 ? image.tokenToImageV : apply(layer.tokenToImage.v, keys);
        const auto imageQ =
            n == 0 ? image.imageToTokenQ : at::linear(keys, layer.imageToToken.q.weight).add_(layer.positionQ);
        queries = queries + layer.tokenToImage.attend(apply(layer.tokenToImage.q, queries + tokens), imageK, imageV);
        queries = layer.norms[1](queries);

        queries = layer.norms[2](queries + apply(layer.narrow, at::relu(apply(layer.widen, queries))));

        const auto answer = layer.imageToToken.attend(imageQ, apply(layer.imageToToken.k, queries + tokens),
                                                      apply(layer.imageToToken.v, queries)); // N×4096×256
        keys = layer.norms[3](keys + answer);
    }
    const auto k = at::linear(keys, m_final.k.weight).add_(m_finalPositionK);
    queries = queries + m_final.attend(apply(m_final.q, queries + tokens), k, apply(m_final.v, keys));
    return {m_finalNorm(queries), keys};
}

} // namespace icmoe
