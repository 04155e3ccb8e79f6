#include "inference/sam/TwoWayTransformer.h"

#include "inference/sam/BatchedProduct.h"

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

/// Projected tokens N×8×T×w, divided by √w.
at::Tensor scaledHeads(const Linear& layer, const at::Tensor& tokens)
{
    const auto x = heads(apply(layer, tokens));
    return x * (1.0 / std::sqrt(static_cast<double>(x.size(3))));
}

/// The way back: [1, 8, w, 4096] → [4096, 8·w].
at::Tensor flat(const at::Tensor& byHead)
{
    return byHead[0].flatten(0, 1).t();
}

/// What cells hold for each head, [N or 1, 4096, 8·w] → [N or 1, 8, w, 4096].
at::Tensor byHead(const at::Tensor& cells)
{
    return cells.view({-1, cells.size(-2), kHeads, cells.size(-1) / kHeads}).permute({0, 2, 3, 1}).contiguous();
}

/// Products of tokens N×8×T×w with what cells hold, [N or 1, 8, w, 4096] → N×8×T×4096. Where all samples share the
/// cells, each head is one product.
at::Tensor placedScores(const at::Tensor& tokens, const at::Tensor& cells)
{
    if (cells.size(0) != 1) {
        return at::matmul(tokens, cells);
    }
    const auto count = tokens.size(0);
    const auto length = tokens.size(2);
    const auto together = tokens.transpose(0, 1).reshape({kHeads, count * length, -1});
    return at::bmm(together, cells[0]).view({kHeads, count, length, -1}).transpose(0, 1);
}

/// The same with cells that are projected here: weight [8·w, 256] of image [N, 4096, 256], plus the position's share.
at::Tensor scores(const at::Tensor& tokens, const at::Tensor& weight, const at::Tensor& position,
                  const at::Tensor& image)
{
    const auto count = tokens.size(0);
    const auto length = tokens.size(2);
    const auto carried = at::matmul(tokens, weight.view({kHeads, tokens.size(3), -1})); // N×8×T×256
    return batchedProduct(carried.reshape({count, kHeads * length, -1}), image.transpose(1, 2))
        .view({count, kHeads, length, -1})
        .add_(placedScores(tokens, position));
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
        layer.positionK = byHead(apply(layer.tokenToImage.k, position));
        layer.positionQ = byHead(apply(layer.imageToToken.q, position));
    }
    m_final = attention(weights, root + "final_attn_token_to_image");
    m_finalPositionK = byHead(apply(m_final.k, position));
    m_finalNorm = norm(root + "norm_final_attn");
}

ImageTokens TwoWayTransformer::prepare(const at::Tensor& image) const
{
    const auto& layer = m_layers[0];
    const auto unplaced = [&](const Linear& projection) { return at::linear(image, projection.weight); };
    const auto k = unplaced(layer.tokenToImage.k) + flat(layer.positionK);
    const auto q = byHead(unplaced(layer.imageToToken.q)).add_(layer.positionQ);
    return {image, k, apply(layer.tokenToImage.v, image), q};
}

at::Tensor TwoWayTransformer::lookAtImage(const ProjectedAttention& attention, const at::Tensor& positionK,
                                          const at::Tensor& placed, const at::Tensor& image)
{
    const auto count = placed.size(0);
    const auto tokens = placed.size(1);
    const auto q = scaledHeads(attention.q, placed);
    const auto weights = scores(q, attention.k.weight, positionK, image).softmax(-1).flatten(1, 2); // N×8T×4096
    const auto seen = batchedProduct(weights, image).view({count, kHeads, tokens, -1});             // N×8×T×256
    const auto w = attention.v.weight.view({kHeads, -1, attention.v.weight.size(1)});               // 8×w×256
    const auto values = at::matmul(seen, w.transpose(1, 2)) + attention.v.bias.view({kHeads, 1, -1});
    return apply(attention.out, values.transpose(1, 2).flatten(2));
}

at::Tensor TwoWayTransformer::takeFromTokens(const ProjectedAttention& attention, const at::Tensor& scores,
                                             const at::Tensor& tokens, const at::Tensor& cells)
{
    const auto count = tokens.size(0);
    const auto length = tokens.size(1);
    const auto weights = scores.softmax(2).reshape({count, kHeads * length, -1});
    const auto out = attention.out.weight.t().reshape({kHeads, -1, attention.out.weight.size(0)}); // 8×w×256
    // each head's weights sum to one, so an eighth of the bias in every value is the bias
    const auto values = at::matmul(heads(apply(attention.v, tokens)), out).add_(attention.out.bias / kHeads);
    return batchedSum(cells, weights.transpose(1, 2), values.reshape({count, kHeads * length, -1})); // N×4096×256
}

TwoWayTransformer::Result TwoWayTransformer::operator()(const ImageTokens& image, const at::Tensor& tokens,
                                                        std::int64_t asking) const
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

        queries = queries + (n == 0 ? layer.tokenToImage.attend(apply(layer.tokenToImage.q, queries + tokens),
                                                                image.tokenToImageK, image.tokenToImageV)
                                    : lookAtImage(layer.tokenToImage, layer.positionK, queries + tokens, keys));
        queries = layer.norms[1](queries);

        queries = layer.norms[2](queries + apply(layer.narrow, at::relu(apply(layer.widen, queries))));

        const auto k = scaledHeads(layer.imageToToken.k, queries + tokens);
        const auto asked = n == 0 ? placedScores(k, image.imageToTokenQ)
                                  : scores(k, layer.imageToToken.q.weight, layer.positionQ, keys);
        keys = layer.norms[3](takeFromTokens(layer.imageToToken, asked, queries, keys));
    }
    queries = queries.slice(1, 0, asking);
    queries = queries + lookAtImage(m_final, m_finalPositionK, queries + tokens.slice(1, 0, asking), keys);
    return {m_finalNorm(queries), keys};
}

} // namespace icmoe
