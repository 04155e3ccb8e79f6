#include "inference/sam/TwoWayTransformer.h"

#include <ATen/ATen.h>
#include <cmath>

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
        layer.positionK = apply(layer.tokenToImage.k, position);
        layer.positionQ = apply(layer.imageToToken.q, position);
    }
    m_final = attention(weights, root + "final_attn_token_to_image");
    m_finalPositionK = apply(m_final.k, position);
    m_finalNorm = norm(root + "norm_final_attn");
}

ImageTokens TwoWayTransformer::prepare(const at::Tensor& image) const
{
    const auto& layer = m_layers[0];
    return {image, at::linear(image, layer.tokenToImage.k.weight).add_(layer.positionK),
            apply(layer.tokenToImage.v, image), at::linear(image, layer.imageToToken.q.weight).add_(layer.positionQ)};
}

at::Tensor TwoWayTransformer::lookAtImage(const ProjectedAttention& attention, const at::Tensor& positionK,
                                          const at::Tensor& placed, const at::Tensor& image)
{
    const auto count = placed.size(0);
    const auto tokens = placed.size(1);
    const auto inner = attention.k.weight.size(0);
    const auto width = inner / kHeads;
    const auto q = heads(apply(attention.q, placed)) * (1.0 / std::sqrt(static_cast<double>(width))); // N×8×T×w
    const auto carried = at::matmul(q, attention.k.weight.view({kHeads, width, -1}));                 // N×8×T×256
    const auto place = at::matmul(q, positionK.view({-1, kHeads, width}).permute({1, 2, 0}));
    auto scores = at::matmul(carried.reshape({count, kHeads * tokens, -1}), image.transpose(1, 2)); // N×8T×4096
    scores = scores.add_(place.view(scores.sizes())).softmax(-1);
    const auto seen = at::matmul(scores, image).view({count, kHeads, tokens, -1}); // N×8×T×256
    const auto values = at::matmul(seen, attention.v.weight.view({kHeads, width, -1}).transpose(1, 2)) +
                        attention.v.bias.view({kHeads, 1, width});
    return apply(attention.out, values.transpose(1, 2).flatten(2));
}

at::Tensor TwoWayTransformer::takeFromTokens(const ProjectedAttention& attention, const at::Tensor& scores,
                                             const at::Tensor& tokens)
{
    const auto count = tokens.size(0);
    const auto length = tokens.size(1);
    const auto width = attention.v.weight.size(0) / kHeads;
    const auto weights = scores.view({count, -1, kHeads, length}).softmax(-1).view(scores.sizes());
    const auto values =
        at::matmul(heads(apply(attention.v, tokens)), attention.out.weight.t().view({kHeads, width, -1}));
    return at::matmul(weights, values.reshape({count, kHeads * length, -1})).add_(attention.out.bias); // N×4096×256
}

TwoWayTransformer::Result TwoWayTransformer::operator()(const ImageTokens& image, const at::Tensor& tokens) const
{
    const auto count = tokens.size(0);
    const auto length = tokens.size(1);
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

        queries = queries + (n == 0 ? layer.tokenToImage.attend(apply(layer.tokenToImage.q, queries + tokens),
                                                                image.tokenToImageK, image.tokenToImageV)
                                    : lookAtImage(layer.tokenToImage, layer.positionK, queries + tokens, keys));
        queries = layer.norms[1](queries);

        queries = layer.norms[2](queries + apply(layer.narrow, at::relu(apply(layer.widen, queries))));

        const auto& imageToToken = layer.imageToToken;
        const auto width = imageToToken.k.weight.size(0) / kHeads;
        const auto k =
            heads(apply(imageToToken.k, queries + tokens)) * (1.0 / std::sqrt(static_cast<double>(width))); // N×8×T×w
        auto spread = at::zeros({count, kHeads, width, kHeads, length}); // each head sees its own part of the queries
        for (int h = 0; h < kHeads; ++h) {
            spread.select(3, h).select(1, h).copy_(k.select(1, h).transpose(1, 2));
        }
        spread = spread.view({count, kHeads * width, kHeads * length});
        at::Tensor scores; // N×4096×8T
        if (n == 0) {
            scores = at::matmul(image.imageToTokenQ, spread);
        } else {
            const auto carried = at::matmul(k, imageToToken.q.weight.view({kHeads, width, -1}));
            scores = at::matmul(layer.positionQ, spread);
            scores.add_(at::matmul(keys, carried.reshape({count, kHeads * length, -1}).transpose(1, 2)));
        }
        keys = layer.norms[3](keys + takeFromTokens(imageToToken, scores, queries));
    }
    queries = queries + lookAtImage(m_final, m_finalPositionK, queries + tokens, keys);
    return {m_finalNorm(queries), keys};
}

} // namespace icmoe
