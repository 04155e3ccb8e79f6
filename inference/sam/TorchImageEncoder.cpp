#include "inference/sam/ImageEncoder.h"
#include "inference/sam/NetworkWeights.h"

#include <ATen/ATen.h>
#include <cmath>

namespace icmoe {

at::Tensor gatherAttentionBias(const at::Tensor& stored, int window)
{
    const auto along = at::arange(window, at::TensorOptions(at::kLong).device(stored.device()));
    const auto rows = along.repeat_interleave(window); // w²
    const auto columns = along.repeat({window});
    const auto index =
        (rows.unsqueeze(1) - rows.unsqueeze(0)).abs() * window + (columns.unsqueeze(1) - columns.unsqueeze(0)).abs();
    return stored.index_select(1, index.flatten())
        .view({stored.size(0), window * window, window * window})
        .contiguous();
}

namespace {

constexpr int kStripRows = 32; // of stage 0, so that its four times wider hidden rows stay small

struct Norm {
    at::Tensor weight;
    at::Tensor bias;
};

/// 1×1, GELU, depthwise 3×3, GELU, 1×1.
struct ConvBlock {
    Linear expand;
    Linear depthwise;
    Linear project;
};

struct AttentionBlock {
    Norm attentionNorm;
    Linear qkv;
    at::Tensor bias; ///< [1, heads, w², w²]
    Linear projection;
    Linear local;
    Norm mlpNorm;
    Linear widen;
    Linear narrow;
};

class TorchImageEncoder final : public ImageEncoder {
public:
    TorchImageEncoder(const NetworkWeights& weights, at::ScalarType type)
        : m_type(type)
    {
        const std::string root = "image_encoder.";
        m_patch[0] = pointwise(weights, root + "patch_embed.seq.0");
        m_patch[1] = pointwise(weights, root + "patch_embed.seq.2");
        for (int s = 0; s < 4; ++s) {
            const auto stage = root + "layers." + std::to_string(s) + ".";
            for (int b = 0; b < kStages[s].blocks; ++b) {
                const auto block = stage + "blocks." + std::to_string(b) + ".";
                if (s == 0) {
                    m_conv.push_back(convBlock(weights, block));
                } else {
                    m_blocks[s].push_back(attentionBlock(weights, block, kStages[s].window));
                }
            }
            if (s < 3) {
                m_down[s] = convBlock(weights, stage + "downsample.");
            }
        }
        m_neck1 = cast({weights.get(root + "neck.0.weight").flatten(1), {}});
        m_neckNorm1 = norm(weights, root + "neck.1");
        m_neck2 = cast({weights.get(root + "neck.2.weight"), {}});
        m_neck2.weight = m_neck2.weight.contiguous(at::MemoryFormat::ChannelsLast);
        m_neckNorm2 = norm(weights, root + "neck.3");
    }

    int steps() const override { return 1 + 2 * (256 / kStripRows) + 3 + 2 + 6 + 2 + 1; }

    std::optional<at::Tensor> encode(const float* input, const Step& step, const Tap& tap) override
    {
        const auto show = [&](std::string_view name, const at::Tensor& tokens, int side) {
            if (tap) {
                tap(name, tokens.to(at::kFloat).view({side, side, -1}));
            }
        };
        auto x = at::from_blob(const_cast<float*>(input), {256 * 256, 3}, at::kFloat)
                     .to(m_patch[0].weight.device(), m_type);  // 65536×3
        x = apply(m_patch[1], at::gelu(apply(m_patch[0], x))); // 65536×64
        show("patch_embed", x, 256);
        if (!step()) {
            return std::nullopt;
        }
        for (const auto& block : m_conv) {
            auto out = at::empty_like(x);
            for (int row = 0; row < 256; row += kStripRows) {
                strip(block, x, out, row);
                if (!step()) {
                    return std::nullopt;
                }
            }
            x = out;
        }
        for (int s = 0; s < 4; ++s) {
            for (const auto& block : m_blocks[s]) {
                x = attend(block, x, kStages[s]);
                if (!step()) {
                    return std::nullopt;
                }
            }
            show("stage" + std::to_string(s), x, kStages[s].side);
            if (s < 3) {
                x = downsample(m_down[s], x, kStages[s].side, kStages[s + 1].side);
                show("down" + std::to_string(s), x, kStages[s + 1].side);
                if (!step()) {
                    return std::nullopt;
                }
            }
        }
        x = neck(x); // 4096×256
        if (!step()) {
            return std::nullopt;
        }
        return x.to(at::kFloat);
    }

private:
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

    Linear pointwise(const NetworkWeights& weights, const std::string& prefix) const
    {
        auto layer = foldedConvolution(weights, prefix);
        layer.weight = layer.weight.flatten(1); // out×in
        return cast(layer);
    }

    ConvBlock convBlock(const NetworkWeights& weights, const std::string& prefix) const
    {
        return {pointwise(weights, prefix + "conv1"), cast(foldedConvolution(weights, prefix + "conv2")),
                pointwise(weights, prefix + "conv3")};
    }

    AttentionBlock attentionBlock(const NetworkWeights& weights, const std::string& prefix, int window) const
    {
        const auto bias = gatherAttentionBias(weights.get(prefix + "attn.attention_biases"), window);
        return {norm(weights, prefix + "attn.norm"),
                cast(linear(weights, prefix + "attn.qkv")),
                bias.unsqueeze(0).to(m_type),
                cast(linear(weights, prefix + "attn.proj")),
                cast(foldedConvolution(weights, prefix + "local_conv")),
                norm(weights, prefix + "mlp.norm"),
                cast(linear(weights, prefix + "mlp.fc1")),
                cast(linear(weights, prefix + "mlp.fc2"))};
    }

    static at::Tensor apply(const Linear& layer, const at::Tensor& x)
    {
        return at::linear(x, layer.weight, layer.bias);
    }

    /// Depthwise 3×3 on tokens of a height × width picture.
    static at::Tensor depthwise(const Linear& layer, const at::Tensor& x, int height, int width, int stride,
                                at::IntArrayRef padding)
    {
        const auto channels = x.size(1);
        const auto picture = x.view({1, height, width, channels}).permute({0, 3, 1, 2}); // 1×C×H×W, channels last
        const auto y = at::conv2d(picture, layer.weight, layer.bias, {stride, stride}, padding, {1, 1}, channels);
        return y.permute({0, 2, 3, 1}).reshape({-1, channels});
    }

    /// Rows row … row + kStripRows of one block of stage 0.
    static void strip(const ConvBlock& block, const at::Tensor& x, const at::Tensor& out, int row)
    {
        const int first = std::max(row - 1, 0);
        const int last = std::min(row + kStripRows + 1, 256);
        auto hidden = at::gelu(apply(block.expand, x.slice(0, first * 256, last * 256)));
        if (first == row || last == row + kStripRows) { // the picture's border: zeros beyond it
            hidden = at::constant_pad_nd(hidden, {0, 0, first == row ? 256 : 0, last == row + kStripRows ? 256 : 0});
        }
        hidden = at::gelu(depthwise(block.depthwise, hidden, kStripRows + 2, 256, 1, {0, 1}));
        const auto own = x.slice(0, row * 256, (row + kStripRows) * 256);
        out.slice(0, row * 256, (row + kStripRows) * 256).copy_(at::gelu(apply(block.project, hidden).add_(own)));
    }

    static at::Tensor downsample(const ConvBlock& block, const at::Tensor& x, int from, int to)
    {
        const auto hidden = at::gelu(apply(block.expand, x));
        return apply(block.project, at::gelu(depthwise(block.depthwise, hidden, from, from, from / to, {1, 1})));
    }

    static at::Tensor attend(const AttentionBlock& block, at::Tensor x, const StageShape& shape)
    {
        const int side = shape.side;
        const int window = shape.window;
        const int across = (side + window - 1) / window;
        const int padded = across * window;
        const auto channels = x.size(1);
        auto cut = x.view({side, side, channels});
        if (padded != side) { // before the norm, which turns the zeros into its bias
            cut = at::constant_pad_nd(cut, {0, 0, 0, padded - side, 0, padded - side});
        }
        cut = cut.view({across, window, across, window, channels}).permute({0, 2, 1, 3, 4});
        cut = cut.reshape({across * across, window * window, channels}); // windows×w²×C
        cut = at::layer_norm(cut, {channels}, block.attentionNorm.weight, block.attentionNorm.bias, 1e-5);
        auto qkv = apply(block.qkv, cut).view({across * across, window * window, shape.heads, 3, kHeadWidth});
        qkv = qkv.permute({3, 0, 2, 1, 4}); // 3×windows×heads×w²×32
        auto y = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], block.bias, 0.0, false,
                                                  1.0 / std::sqrt(static_cast<double>(kHeadWidth)));
        y = apply(block.projection, y.transpose(1, 2).reshape({across * across, window * window, channels}));
        y = y.view({across, across, window, window, channels})
                .permute({0, 2, 1, 3, 4})
                .reshape({padded, padded, channels});
        x = x + y.slice(0, 0, side).slice(1, 0, side).reshape({-1, channels});
        x = depthwise(block.local, x, side, side, 1, {1, 1});
        const auto hidden = at::layer_norm(x, {channels}, block.mlpNorm.weight, block.mlpNorm.bias, 1e-5);
        return x + apply(block.narrow, at::gelu(apply(block.widen, hidden)));
    }

    at::Tensor neck(const at::Tensor& x) const
    {
        auto y = at::linear(x, m_neck1.weight); // 4096×256
        y = at::layer_norm(y, {256}, m_neckNorm1.weight, m_neckNorm1.bias, 1e-6);
        y = at::conv2d(y.view({1, 64, 64, 256}).permute({0, 3, 1, 2}), m_neck2.weight, {}, 1, 1);
        y = y.permute({0, 2, 3, 1}).reshape({4096, 256});
        return at::layer_norm(y, {256}, m_neckNorm2.weight, m_neckNorm2.bias, 1e-6);
    }

    at::ScalarType m_type;
    Linear m_patch[2];
    std::vector<ConvBlock> m_conv;
    ConvBlock m_down[3];
    std::vector<AttentionBlock> m_blocks[4];
    Linear m_neck1;
    Linear m_neck2;
    Norm m_neckNorm1;
    Norm m_neckNorm2;
};

} // namespace

std::unique_ptr<ImageEncoder> makeTorchImageEncoder(const NetworkWeights& weights, at::ScalarType type)
{
    return std::make_unique<TorchImageEncoder>(weights, type);
}

} // namespace icmoe
