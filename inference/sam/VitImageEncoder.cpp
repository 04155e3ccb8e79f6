#include "inference/sam/VitImageEncoder.h"

#include "inference/sam/NetworkWeights.h"

#include <ATen/ATen.h>
#include <cmath>

namespace icmoe {
namespace {

constexpr double kEpsilon = 1e-6;
/// Rows of tokens that look at the whole picture at once: their relative positions take rows · grid³ values a head.
constexpr int kGlobalRows = 4;

struct Norm {
    at::Tensor weight;
    at::Tensor bias;
    [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const
    {
        return at::layer_norm(x, {x.size(-1)}, weight, bias, kEpsilon);
    }
};

struct Block {
    Norm attentionNorm;
    Linear qkv;
    Linear projection;
    at::Tensor rows;    ///< relative positions of rows: [side, side, head width] of query and key
    at::Tensor columns; ///< likewise of columns
    Norm mlpNorm;
    Linear widen;
    Linear narrow;
    bool isGlobal = false;
};

/// Stored [distances, head width] → [side, side, head width] by query and key. A table that was made for another side
/// is stretched, as the reference does.
at::Tensor relativePositions(at::Tensor table, std::int64_t side)
{
    const auto distances = 2 * side - 1;
    if (table.size(0) != distances) {
        table = at::upsample_linear1d(table.t().unsqueeze(0), {distances}, false).squeeze(0).t();
    }
    const auto along = at::arange(side, at::kLong);
    const auto index = along.unsqueeze(1) - along.unsqueeze(0) + (side - 1);
    return table.index_select(0, index.flatten()).view({side, side, -1});
}

at::Tensor apply(const Linear& layer, const at::Tensor& x)
{
    return at::linear(x, layer.weight, layer.bias);
}

/// What the relative positions add to the scores of rows first … of the queries [B, heads, rows, side, w]:
/// [B, heads, rows · side, side²].
at::Tensor positionScores(const Block& block, const at::Tensor& queries, std::int64_t first)
{
    const auto rows = queries.size(2);
    const auto side = queries.size(3);
    const auto ofRows = at::matmul(queries, block.rows.slice(0, first, first + rows).transpose(1, 2));
    const auto ofColumns =
        at::matmul(queries.transpose(2, 3), block.columns.transpose(1, 2)).transpose(2, 3).contiguous();
    return (ofRows.unsqueeze(-1) + ofColumns.unsqueeze(-2)) // B×heads×rows×side×side×side
        .view({queries.size(0), queries.size(1), rows * side, side * side});
}

class VitImageEncoder final : public ImageEncoder {
public:
    VitImageEncoder(const NetworkWeights& weights, const weights::VitShape& shape, at::ScalarType type)
        : m_shape(shape)
        , m_type(type)
    {
        const std::string root = "image_encoder.";
        // width×3×16×16 → width×(16·16·3): a patch's values as they lie in the picture
        m_patch = cast(linear(weights, root + "patch_embed.proj"));
        m_patch.weight = m_patch.weight.permute({0, 2, 3, 1}).flatten(1).contiguous();
        m_position = weights.get(root + "pos_embed").view({tokens(), m_shape.width}).to(m_type);
        for (int n = 0; n < m_shape.depth; ++n) {
            m_blocks.push_back(block(weights, root + "blocks." + std::to_string(n) + ".", m_shape.isGlobal(n)));
        }
        m_neck1 = cast({weights.get(root + "neck.0.weight").flatten(1), {}});
        m_neckNorm1 = norm(weights, root + "neck.1");
        m_neck2 = weights.get(root + "neck.2.weight").to(m_type).contiguous(at::MemoryFormat::ChannelsLast);
        m_neckNorm2 = norm(weights, root + "neck.3");
    }

    int side() const override { return m_shape.side; }

    int steps() const override
    {
        const int chunks = (m_shape.grid() + kGlobalRows - 1) / kGlobalRows;
        int count = 2; // patches, neck
        for (const auto& block : m_blocks) {
            count += (block.isGlobal ? chunks : 1) + 1;
        }
        return count;
    }

    std::optional<at::Tensor> encode(const float* input, const Step& step, const Tap& tap) override
    {
        auto x = patches(input); // tokens×width
        show(tap, "patch_embed", x);
        if (!step()) {
            return std::nullopt;
        }
        for (std::size_t n = 0; n < m_blocks.size(); ++n) {
            const auto& block = m_blocks[n];
            const auto seen = block.isGlobal ? lookEverywhere(block, x, step) : lookAround(block, x, step);
            if (!seen) {
                return std::nullopt;
            }
            x = x + apply(block.projection, *seen);
            x = x + apply(block.narrow, at::gelu(apply(block.widen, block.mlpNorm(x))));
            show(tap, "block" + std::to_string(n), x);
            if (!step()) {
                return std::nullopt;
            }
        }
        x = neck(x); // tokens×256
        if (!step()) {
            return std::nullopt;
        }
        return x.to(at::kFloat);
    }

private:
    std::int64_t tokens() const { return std::int64_t{m_shape.grid()} * m_shape.grid(); }
    std::int64_t headWidth() const { return m_shape.width / m_shape.heads; }

    Linear cast(Linear layer) const
    {
        layer.weight = layer.weight.to(m_type);
        if (layer.bias.defined()) {
            layer.bias = layer.bias.to(m_type);
        }
        return layer;
    }

    Norm norm(const NetworkWeights& weights, const std::string& prefix) const
    {
        return {weights.get(prefix + ".weight").to(m_type), weights.get(prefix + ".bias").to(m_type)};
    }

    Block block(const NetworkWeights& weights, const std::string& prefix, bool isGlobal) const
    {
        const int side = isGlobal ? m_shape.grid() : m_shape.window;
        const auto positions = [&](const char* name) {
            return relativePositions(weights.get(prefix + name), side).to(m_type).contiguous();
        };
        return {norm(weights, prefix + "norm1"),
                cast(linear(weights, prefix + "attn.qkv")),
                cast(linear(weights, prefix + "attn.proj")),
                positions("attn.rel_pos_h"),
                positions("attn.rel_pos_w"),
                norm(weights, prefix + "norm2"),
                cast(linear(weights, prefix + "mlp.lin1")),
                cast(linear(weights, prefix + "mlp.lin2")),
                isGlobal};
    }

    void show(const Tap& tap, const std::string& name, const at::Tensor& x) const
    {
        if (tap) {
            tap(name, x.to(at::kFloat).view({m_shape.grid(), m_shape.grid(), -1}));
        }
    }

    at::Tensor patches(const float* input) const
    {
        constexpr int kPatch = weights::VitShape::kPatch;
        const int grid = m_shape.grid();
        const auto picture = at::from_blob(const_cast<float*>(input), {grid, kPatch, grid, kPatch * 3}, at::kFloat)
                                 .to(m_position.device(), m_type);
        const auto cut = picture.transpose(1, 2).reshape({tokens(), kPatch * kPatch * 3});
        return apply(m_patch, cut).add_(m_position);
    }

    /// Queries, keys and values of pictures of side × side tokens, [B, side², width] → 3×B×heads×side²×w.
    at::Tensor project(const Block& block, const at::Tensor& x) const
    {
        return apply(block.qkv, x).view({x.size(0), x.size(1), 3, m_shape.heads, headWidth()}).permute({2, 0, 3, 1, 4});
    }

    /// Rows first … first + rows of the queries [B, heads, side², w] against all keys → [B, rows · side, width].
    at::Tensor attend(const Block& block, const at::Tensor& qkv, std::int64_t side, std::int64_t first,
                      std::int64_t rows) const
    {
        const auto queries = qkv[0].slice(2, first * side, (first + rows) * side).contiguous();
        const auto count = queries.size(0);
        const auto positions =
            positionScores(block, queries.view({count, m_shape.heads, rows, side, headWidth()}), first);
        const auto y = at::scaled_dot_product_attention(queries, qkv[1], qkv[2], positions, 0.0, false,
                                                        1.0 / std::sqrt(static_cast<double>(headWidth())));
        return y.transpose(1, 2).reshape({count, rows * side, m_shape.width});
    }

    /// Attention over the whole picture, some rows of queries at a time.
    std::optional<at::Tensor> lookEverywhere(const Block& block, const at::Tensor& x, const Step& step) const
    {
        const int grid = m_shape.grid();
        const auto qkv = project(block, block.attentionNorm(x).unsqueeze(0)).contiguous();
        std::vector<at::Tensor> parts;
        for (int row = 0; row < grid; row += kGlobalRows) {
            parts.push_back(attend(block, qkv, grid, row, std::min(kGlobalRows, grid - row)).squeeze(0));
            if (!step()) {
                return std::nullopt;
            }
        }
        return at::cat(parts);
    }

    /// Attention inside windows. The picture is padded with zeros *after* the norm; padded tokens are not masked.
    std::optional<at::Tensor> lookAround(const Block& block, const at::Tensor& x, const Step& step) const
    {
        const int grid = m_shape.grid();
        const int window = m_shape.window;
        const int across = (grid + window - 1) / window;
        const int padded = across * window;
        const std::int64_t width = m_shape.width;
        auto cut = block.attentionNorm(x).view({grid, grid, width});
        cut = at::constant_pad_nd(cut, {0, 0, 0, padded - grid, 0, padded - grid});
        cut = cut.view({across, window, across, window, width}).permute({0, 2, 1, 3, 4});
        cut = cut.reshape({across * across, window * window, width}); // windows×w²×width
        auto y = attend(block, project(block, cut).contiguous(), window, 0, window);
        y = y.view({across, across, window, window, width}).permute({0, 2, 1, 3, 4}).reshape({padded, padded, width});
        if (!step()) {
            return std::nullopt;
        }
        return y.slice(0, 0, grid).slice(1, 0, grid).reshape({-1, width});
    }

    at::Tensor neck(const at::Tensor& x) const
    {
        const int grid = m_shape.grid();
        const auto narrow = m_neckNorm1(at::linear(x, m_neck1.weight)); // tokens×256
        const auto y = at::conv2d(narrow.view({1, grid, grid, -1}).permute({0, 3, 1, 2}), m_neck2, {}, 1, 1);
        return m_neckNorm2(y.permute({0, 2, 3, 1}).reshape({tokens(), -1}));
    }

    weights::VitShape m_shape;
    at::ScalarType m_type;
    Linear m_patch;
    at::Tensor m_position;
    std::vector<Block> m_blocks;
    Linear m_neck1;
    at::Tensor m_neck2;
    Norm m_neckNorm1;
    Norm m_neckNorm2;
};

} // namespace

std::unique_ptr<ImageEncoder> makeVitImageEncoder(const NetworkWeights& weights, const weights::VitShape& shape,
                                                  at::ScalarType type)
{
    return std::make_unique<VitImageEncoder>(weights, shape, type);
}

} // namespace icmoe
