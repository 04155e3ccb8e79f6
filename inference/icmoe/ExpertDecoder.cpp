#include "inference/icmoe/ExpertDecoder.h"

#include "inference/sam/BatchedProduct.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <cmath>

namespace icmoe {
namespace {

constexpr std::int64_t kHeads = 8;
constexpr std::int64_t kCells = 4096;
constexpr std::int64_t kWidth = 256;
constexpr std::int64_t kTapChannels = kHalfTapChannels + kFullTapChannels;

/// N×T×(heads·w) → N×heads×T×w
at::Tensor heads(const at::Tensor& x)
{
    return x.view({x.size(0), x.size(1), kHeads, -1}).transpose(1, 2);
}

/// Samples in a row that the same expert answers.
struct Stretch {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t expert = 0;
};

std::vector<Stretch> stretches(const std::vector<std::int64_t>& experts)
{
    std::vector<Stretch> list;
    for (std::size_t n = 0; n < experts.size(); ++n) {
        const auto at = static_cast<std::int64_t>(n);
        if (list.empty() || list.back().expert != experts[n]) {
            list.push_back({at, at, experts[n]});
        }
        list.back().end = at + 1;
    }
    return list;
}

template<typename Each>
at::Tensor forStretches(const std::vector<Stretch>& list, const at::Tensor& x, const Each& each)
{
    if (list.size() == 1) {
        return each(x, list[0].expert);
    }
    std::vector<at::Tensor> parts;
    for (const auto& stretch : list) {
        parts.push_back(each(x.slice(0, stretch.begin, stretch.end), stretch.expert));
    }
    return at::cat(parts);
}

} // namespace

at::Tensor expanded(const at::Tensor& x, std::int64_t count)
{
    if (x.size(0) == count) {
        return x;
    }
    auto sizes = x.sizes().vec();
    sizes[0] = count;
    return x.expand(sizes);
}

/// One layer of the base with the update of every sample's expert.
struct ExpertDecoder::Update {
    at::Tensor weight; ///< [out, in]
    at::Tensor bias;   ///< [out]
    at::Tensor a;      ///< [N, rank, in], undefined for the base
    at::Tensor b;      ///< [N, out, rank]

    at::Tensor operator()(const at::Tensor& x) const // N×T×in → N×T×out
    {
        const auto y = at::linear(x, weight, bias);
        return a.defined() ? y + at::bmm(at::bmm(x, a.transpose(1, 2)), b.transpose(1, 2)) : y;
    }
    /// The whole weight of every sample, N×out×in.
    at::Tensor whole(std::int64_t count) const
    {
        return a.defined() ? weight + at::bmm(b, a) : weight.unsqueeze(0).expand({count, -1, -1});
    }
};

/// One forward pass.
struct ExpertDecoder::Call {
    const ExpertDecoder& decoder;
    const ExpertParameters& parameters;
    std::vector<Stretch> runs; ///< empty: the base
    std::int64_t count = 0;
    at::Tensor index;     ///< int64 [N]
    at::Tensor tokenMask; ///< [N, 1, 1, T], 0 or −∞
    at::Tensor position;  ///< [4096, 256]

    bool isBase() const { return runs.empty(); }
    at::Tensor of(const std::string& name) const { return parameters.get(name).index_select(0, index); }

    Update layer(const std::string& name) const
    {
        const auto base = linear(decoder.m_weights, "mask_decoder." + name);
        return isBase() ? Update{base.weight, base.bias, {}, {}}
                        : Update{base.weight, base.bias, of(name + ".a"), of(name + ".b")};
    }

    /// A convolution with the columns `part` of its weights.
    template<typename Part>
    at::Tensor convolvePart(const std::string& name, const at::Tensor& x, int stride, int padding,
                            const Part& part) const
    {
        const auto& weight = parameters.get(name + ".weight");
        return forStretches(runs, x, [&](const at::Tensor& one, std::int64_t e) {
            return at::conv2d(one, part(weight[e]), {}, stride, padding);
        });
    }
    at::Tensor convolve(const std::string& name, const at::Tensor& x, int stride, int padding, int groups) const
    {
        const auto& weight = parameters.get(name + ".weight");
        const auto& bias = parameters.get(name + ".bias");
        return forStretches(runs, x, [&](const at::Tensor& part, std::int64_t e) {
            return at::conv2d(part, weight[e], bias[e], stride, padding, 1, groups);
        });
    }
    at::Tensor biasOf(const std::string& name) const { return of(name + ".bias").unsqueeze(-1).unsqueeze(-1); }
    at::Tensor project(const std::string& name, const at::Tensor& x) const
    {
        const auto& weight = parameters.get(name + ".weight");
        const auto& bias = parameters.get(name + ".bias");
        return forStretches(
            runs, x, [&](const at::Tensor& part, std::int64_t e) { return at::linear(part, weight[e], bias[e]); });
    }

    at::Tensor norm(const std::string& name, const at::Tensor& x) const
    {
        const auto& weights = decoder.m_weights;
        return at::layer_norm(x, {kWidth}, weights.get("mask_decoder." + name + ".weight"),
                              weights.get("mask_decoder." + name + ".bias"), 1e-5);
    }

    /// a_e
    at::Tensor adapter(const at::Tensor& embedding) const
    {
        auto x = at::gelu(project("adapter.0", embedding)).transpose(1, 2).reshape({count, 24, 64, 64});
        x = at::gelu(convolve("adapter.1", x, 1, 1, 24)).flatten(2).transpose(1, 2);
        return project("adapter.2", x);
    }
    /// What the experts make of the pictures alone, for every sample.
    ExpertView lookedAt(const ExpertBatch& batch) const
    {
        const auto embedding = expanded(batch.embedding, count);
        const auto image = expanded(batch.image, count);
        const auto pooled = at::avg_pool2d(image, 2);
        const auto ofImage = [](const at::Tensor& weight) { return weight.slice(1, -3); };
        const auto half =
            batch.half.defined()
                ? convolvePart("half.0", at::cat({expanded(batch.half, count), expanded(batch.full, count), pooled}, 1),
                               1, 0,
                               [&](const at::Tensor& weight) {
                                   return at::cat({weight.slice(1, 0, kTapChannels), ofImage(weight)}, 1);
                               })
                : convolvePart("half.0", pooled, 1, 0, ofImage);
        return {embedding + adapter(embedding) + decoder.m_prompts.noMask(), half + biasOf("half.0"),
                convolvePart("full.0", image, 1, 1, ofImage) + biasOf("full.0")};
    }
    /// The same out of what is kept of the batch's one picture.
    ExpertView recalled(const ExpertBatch& batch) const
    {
        std::vector<at::Tensor> cells;
        std::vector<at::Tensor> half;
        std::vector<at::Tensor> full;
        for (const auto expert : batch.experts) {
            const auto view = batch.views->of(expert, [&] {
                Call alone{decoder, parameters, {{0, 1, expert}}, 1, at::tensor({expert}).to(index.device()), {}, {}};
                return alone.lookedAt(batch);
            });
            cells.push_back(view.cells);
            half.push_back(view.half);
            full.push_back(view.full);
        }
        const auto joined = [](const std::vector<at::Tensor>& list) {
            return list.size() == 1 ? list.front() : at::cat(list);
        };
        return {joined(cells), joined(half), joined(full)};
    }

    /// The maps that hold something; training keeps them all.
    std::optional<at::Tensor> occupied(const at::Tensor& maps) const
    {
        if (at::GradMode::is_enabled()) {
            return std::nullopt;
        }
        const auto channels = maps.transpose(0, 1).flatten(1).any(1).nonzero().squeeze(1);
        return channels.size(0) > 0 ? channels : at::zeros({1}, channels.options());
    }
    /// The share of the prompt maps, which begin at that column of the weights.
    at::Tensor convolveMaps(const std::string& name, const at::Tensor& maps, const std::optional<at::Tensor>& channels,
                            std::int64_t column, int stride, int padding) const
    {
        return convolvePart(name, maps, stride, padding, [&](const at::Tensor& weight) {
            const auto ofMaps = weight.slice(1, column, column + kPromptMaps);
            return channels ? ofMaps.index_select(1, *channels) : ofMaps;
        });
    }
    struct Maps {
        at::Tensor values; ///< [N, M, 256, 256]
        std::optional<at::Tensor> channels;
    };
    Maps mapsOf(const at::Tensor& all) const
    {
        auto channels = occupied(all);
        return {expanded(channels ? all.index_select(1, *channels) : all, count), std::move(channels)};
    }
    /// d_e: the prompt maps' way into the dense prompt, N×4096×256.
    at::Tensor dense(const Maps& maps) const
    {
        auto x = at::gelu(convolveMaps("dense.0", maps.values, maps.channels, 0, 2, 1) + biasOf("dense.0"));
        x = at::gelu(convolve("dense.1", x, 2, 1, 1)).flatten(2).transpose(1, 2);
        return project("dense.2", x);
    }
    /// The fine branch's two maps.
    struct Fine {
        at::Tensor half; ///< N×16384×64 in the order of the cells, for the up-scaled features
        at::Tensor full; ///< N×16×256×256, one layer before the 32 values of a pixel
    };
    Fine fine(const ExpertView& view, const Maps& maps) const
    {
        auto half = at::gelu(view.half +
                             convolveMaps("half.0", at::avg_pool2d(maps.values, 2), maps.channels, kTapChannels, 1, 0));
        half = at::gelu(convolve("half.1", half, 1, 1, 24));
        half = at::gelu(convolve("half.2", half, 1, 0, 1));
        const auto& fromHalf = parameters.get("full.half.weight");
        const auto lifted = forStretches(
            runs, half, [&](const at::Tensor& part, std::int64_t e) { return at::conv2d(part, fromHalf[e]); });
        auto full = view.full + convolveMaps("full.0", maps.values, maps.channels, 0, 1, 1);
        full = at::gelu(full + at::upsample_bilinear2d(lifted, {256, 256}, false));
        full = at::gelu(convolve("full.1", full, 1, 1, 1));
        return {outOfHalf(half), full};
    }
    /// N×24×(64·2)×(64·2) → nested → N×16384×64; a product, since a pixel's values depend on nothing but that pixel.
    at::Tensor outOfHalf(const at::Tensor& half) const
    {
        const auto nested =
            half.view({count, 24, 64, 2, 64, 2}).permute({0, 2, 4, 3, 5, 1}).reshape({count, 4 * kCells, 24});
        const auto& weight = parameters.get("half.out.weight");
        const auto& bias = parameters.get("half.out.bias");
        return forStretches(runs, nested, [&](const at::Tensor& part, std::int64_t e) {
            return at::linear(part, weight[e].flatten(1), bias[e]);
        });
    }

    at::Tensor selfAttention(const std::string& name, const at::Tensor& placed, const at::Tensor& values) const
    {
        const auto q = heads(layer(name + ".q_proj")(placed));
        const auto k = heads(layer(name + ".k_proj")(placed));
        const auto v = heads(layer(name + ".v_proj")(values));
        const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
        const auto weights = (at::matmul(q * scale, k.transpose(2, 3)) + tokenMask).softmax(-1);
        return layer(name + ".out_proj")(at::matmul(weights, v).transpose(1, 2).flatten(2));
    }

    // A few tokens look at 4,096 cells: the cells' projections are carried over to the tokens. A bias of the keys adds
    // the same to all scores of a row and leaves the softmax as it is.
    at::Tensor lookAtImage(const std::string& name, const at::Tensor& placed, const at::Tensor& cellsPlaced,
                           const at::Tensor& cells) const
    {
        const auto length = placed.size(1);
        const auto q = heads(layer(name + ".q_proj")(placed));
        const auto width = q.size(3);
        const double scale = 1.0 / std::sqrt(static_cast<double>(width));
        const auto keys = layer(name + ".k_proj").whole(count).view({count, kHeads, width, kWidth});
        const auto carried = at::matmul(q * scale, keys).view({count, kHeads * length, kWidth});
        const auto weights = batchedProduct(carried, cellsPlaced.transpose(1, 2)).softmax(-1); // N×8T×4096
        const auto seen = batchedProduct(weights, cells).view({count, kHeads, length, kWidth});
        const auto value = layer(name + ".v_proj");
        const auto projection = value.whole(count).view({count, kHeads, width, kWidth});
        const auto values = at::matmul(seen, projection.transpose(2, 3)) + value.bias.view({kHeads, 1, width});
        return layer(name + ".out_proj")(values.transpose(1, 2).flatten(2));
    }

    /// The cells and what they take from the tokens.
    at::Tensor takeFromTokens(const std::string& name, const at::Tensor& placed, const at::Tensor& tokens,
                              const at::Tensor& cellsPlaced, const at::Tensor& cells) const
    {
        const auto length = placed.size(1);
        const auto k = heads(layer(name + ".k_proj")(placed));
        const auto width = k.size(3);
        const auto scaled = k * (1.0 / std::sqrt(static_cast<double>(width)));
        const auto query = layer(name + ".q_proj");
        const auto projection = query.whole(count).view({count, kHeads, width, kWidth});
        const auto carried = at::matmul(scaled, projection).view({count, kHeads * length, kWidth});
        const auto constant = at::matmul(scaled, query.bias.view({kHeads, width, 1})) + tokenMask.transpose(2, 3);
        auto scores =
            batchedProduct(carried, cellsPlaced.transpose(1, 2)).view({count, kHeads, length, kCells}) + constant;
        const auto weights = scores.softmax(2).view({count, kHeads * length, kCells});
        const auto out = layer(name + ".out_proj");
        const auto spread = out.whole(count).view({count, kWidth, kHeads, width}).permute({0, 2, 3, 1});
        // each head's weights sum to one, so an eighth of the bias in every value is the bias
        const auto values = at::matmul(heads(layer(name + ".v_proj")(tokens)), spread) + out.bias / kHeads; // N×8×T×256
        return batchedSum(cells, weights.transpose(1, 2), values.reshape({count, kHeads * length, kWidth}));
    }

    static constexpr std::int64_t kAskedTokens = 2; ///< IoU and mask 0: only they look at the picture a last time
    struct Transformed {
        at::Tensor tokens; ///< N×2×256
        at::Tensor cells;
    };
    Transformed transform(const at::Tensor& tokens, at::Tensor cells) const
    {
        auto queries = tokens;
        for (int n = 0; n < 2; ++n) {
            const auto root = "transformer.layers." + std::to_string(n) + ".";
            if (n == 0) { // no position and no residual
                queries = selfAttention(root + "self_attn", queries, queries);
            } else {
                queries = queries + selfAttention(root + "self_attn", queries + tokens, queries);
            }
            queries = norm(root + "norm1", queries);
            const auto placed = cells + position;
            queries = norm(root + "norm2",
                           queries + lookAtImage(root + "cross_attn_token_to_image", queries + tokens, placed, cells));
            queries =
                norm(root + "norm3", queries + layer(root + "mlp.lin2")(at::relu(layer(root + "mlp.lin1")(queries))));
            cells = norm(root + "norm4",
                         takeFromTokens(root + "cross_attn_image_to_token", queries + tokens, queries, placed, cells));
        }
        queries = queries.slice(1, 0, kAskedTokens);
        queries = queries + lookAtImage("transformer.final_attn_token_to_image",
                                        queries + tokens.slice(1, 0, kAskedTokens), cells + position, cells);
        return {norm("transformer.norm_final_attn", queries), cells};
    }

    at::Tensor head(const std::string& name, at::Tensor x) const // N×256 → N×out
    {
        x = x.unsqueeze(1);
        for (int n = 0; n < 3; ++n) {
            x = layer(name + ".layers." + std::to_string(n))(x);
            x = n < 2 ? at::relu(x) : x;
        }
        return x.squeeze(1);
    }

    /// Everything between cells and the product is local to a cell, so cells stay nested and only maps are put in
    /// order.
    at::Tensor upscale(const at::Tensor& cells, const at::Tensor& maskToken, const Fine* fine) const
    {
        const auto& weights = decoder.m_weights;
        auto x = at::linear(cells, decoder.m_upscale1.weight, decoder.m_upscale1.bias).view({count, kCells * 4, 64});
        x = at::layer_norm(x, {64}, weights.get("mask_decoder.output_upscaling.1.weight"),
                           weights.get("mask_decoder.output_upscaling.1.bias"), 1e-6);
        if (fine != nullptr) {
            x = x + fine->half;
        }
        x = at::gelu(at::linear(at::gelu(x), decoder.m_upscale2.weight, decoder.m_upscale2.bias))
                .view({count, 65536, 32});
        const auto kernel = head("output_hypernetworks_mlps.0", maskToken).unsqueeze(2); // N×32×1
        auto logits = at::bmm(x, kernel)
                          .view({count, 64, 64, 2, 2, 2, 2})
                          .permute({0, 1, 3, 5, 2, 4, 6})
                          .reshape({count, 256, 256});
        if (fine != nullptr) { // kernel · (W f + b) = (Wᵀ kernel) · f + kernel · b
            const auto carried = at::bmm(of("full.out.weight").transpose(1, 2), kernel); // N×16×1
            const auto constant = at::bmm(of("full.out.bias").unsqueeze(1), kernel);     // N×1×1
            logits =
                logits + at::bmm(carried.transpose(1, 2), fine->full.flatten(2)).view({count, 256, 256}) + constant;
        }
        return logits;
    }
};

ExpertDecoder::ExpertDecoder(const NetworkWeights& weights, const PromptEncoder& prompts)
    : m_weights(weights)
    , m_prompts(prompts)
    , m_ownTokens(
          at::cat({weights.get("mask_decoder.iou_token.weight"), weights.get("mask_decoder.mask_tokens.weight")}))
    , m_upscale1(cellLayer(weights, "mask_decoder.output_upscaling.0"))
    , m_upscale2(cellLayer(weights, "mask_decoder.output_upscaling.3"))
{
}

ExpertAnswers ExpertDecoder::operator()(const ExpertParameters& parameters, const ExpertBatch& batch) const
{
    Call call{*this, parameters, stretches(batch.experts), 0, {}, {}, m_prompts.densePosition()};
    call.count = call.isBase() ? std::max(batch.points.size(0), batch.embedding.size(0))
                               : static_cast<std::int64_t>(batch.experts.size());
    const auto points = expanded(batch.points, call.count);
    const auto kinds = expanded(batch.kinds, call.count);
    auto own = m_ownTokens.unsqueeze(0).expand({call.count, -1, -1});
    auto sparse = m_prompts.tokens(points, kinds); // N×P×256
    at::Tensor cells;
    ExpertView view;
    Call::Maps maps;
    if (call.isBase()) {
        cells = expanded(batch.embedding, call.count) + m_prompts.noMask();
    } else {
        call.index = at::tensor(at::IntArrayRef(batch.experts), at::kLong).to(kinds.device());
        own = own + call.of("token.own");
        const auto kind = kinds.masked_fill(kinds < 0, 4).to(at::kLong); // padding's offset comes last
        const auto offsets = call.of("token.prompt").gather(1, kind.unsqueeze(-1).expand({-1, -1, kWidth})); // N×P×256
        sparse = sparse + offsets;
        view = batch.views != nullptr ? call.recalled(batch) : call.lookedAt(batch);
        maps = call.mapsOf(batch.maps);
        cells = view.cells + call.dense(maps);
    }
    const auto absent = kinds == static_cast<float>(kNoToken);
    const auto mask = at::zeros_like(kinds).masked_fill(absent, -INFINITY);
    call.tokenMask =
        at::cat({at::zeros({call.count, own.size(1)}, mask.options()), mask}, 1).view({call.count, 1, 1, -1});
    const auto seen = call.transform(at::cat({own, sparse}, 1), cells);
    const auto maskToken = seen.tokens.select(1, 1);
    std::optional<Call::Fine> fine;
    if (!call.isBase()) {
        fine = call.fine(view, maps);
    }
    return {call.upscale(seen.cells, maskToken, fine ? &*fine : nullptr),
            call.head("iou_prediction_head", seen.tokens.select(1, 0)).select(1, 0), maskToken, seen.cells};
}

} // namespace icmoe
