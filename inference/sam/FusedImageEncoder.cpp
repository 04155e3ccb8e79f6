#include "inference/sam/ImageEncoder.h"
#include "inference/sam/NetworkWeights.h"
#include "inference/sam/Workspace.h"
#include "inference/sam/kernels/EncoderKernels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <omp.h>

// The encoder as a few passes over the picture, each of which keeps what it makes in the processor's cache: a strip of
// an MBConv with its four times wider hidden rows, a window from LayerNorm to projection, a run of tokens from the
// local convolution through the MLP. Only the result of a pass goes to memory.

namespace icmoe {
namespace {

using Floats = std::vector<float>;

struct PackedLinear {
    long in = 0;
    long out = 0;
    Floats weights; ///< [out / panel][in][panel]
    Floats bias;
};

struct Depthwise {
    Floats weights; ///< [9][channels]
    Floats bias;
};

struct NormWeights {
    Floats weight;
    Floats bias;
};

struct ConvWeights {
    PackedLinear expand;
    Depthwise depthwise;
    PackedLinear project;
};

struct BlockWeights {
    NormWeights attentionNorm;
    PackedLinear qkv;
    Floats bias; ///< [heads][w²][padded w²]
    PackedLinear projection;
    Depthwise local;
    NormWeights mlpNorm;
    PackedLinear widen;
    PackedLinear narrow;
};

Floats valuesOf(const at::Tensor& tensor)
{
    const auto flat = tensor.to(at::kFloat).contiguous();
    return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

/// Shape of one pass of an MBConv or downsampling block.
struct ConvShape {
    long side = 0; ///< of the input
    long stride = 1;
    bool residual = false; ///< add the input, then GELU
};

constexpr long kStripColumns = 64; // of the output
constexpr long kStripRows = 32;

class FusedImageEncoder final : public ImageEncoder {
public:
    FusedImageEncoder(const NetworkWeights& weights, const EncoderKernels& kernels)
        : m_kernels(kernels)
        , m_a(65536 * 64)
        , m_b(65536 * 64)
        , m_scratch(kMostThreads * kScratch)
    {
        const std::string root = "image_encoder.";
        m_patch[0] = packed(pointwise(weights, root + "patch_embed.seq.0"));
        m_patch[1] = packed(pointwise(weights, root + "patch_embed.seq.2"));
        for (int s = 0; s < 4; ++s) {
            const auto stage = root + "layers." + std::to_string(s) + ".";
            for (int b = 0; b < kStages[s].blocks; ++b) {
                const auto block = stage + "blocks." + std::to_string(b) + ".";
                if (s == 0) {
                    m_conv.push_back(conv(weights, block));
                } else {
                    m_blocks[s].push_back(blockWeights(weights, block, kStages[s]));
                }
            }
            if (s < 3) {
                m_down[s] = conv(weights, stage + "downsample.");
            }
        }
        m_neck1 = packed({weights.get(root + "neck.0.weight").flatten(1), at::zeros({256})});
        m_neckNorm[0] = norm(weights, root + "neck.1");
        m_neckNorm[1] = norm(weights, root + "neck.3");
        const auto kernel = weights.get(root + "neck.2.weight"); // out×in×3×3
        for (int tap = 0; tap < 9; ++tap) {
            m_neck2[tap] = packed({kernel.select(3, tap % 3).select(2, tap / 3).contiguous(), at::zeros({256})});
        }
    }

    int steps() const override { return 1 + 2 * (256 / kStripRows) + 3 + 2 + 6 + 2 + 1; }

    std::optional<at::Tensor> encode(const float* input, const Step& step, const Tap& tap) override
    {
        float* x = m_a.data();
        float* y = m_b.data();
        const auto show = [&](const std::string& name, int side, int channels) {
            if (tap) {
                tap(name, at::from_blob(x, {side, side, channels}, at::kFloat));
            }
        };
        const auto next = [&] {
            std::swap(x, y);
            return step();
        };
        embedPatches(input, y);
        std::swap(x, y);
        show("patch_embed", 256, 64);
        if (!step()) {
            return std::nullopt;
        }
        for (const auto& block : m_conv) {
            for (long row = 0; row < 256; row += kStripRows) {
                convolve(block, {256, 1, true}, x, y, row, row + kStripRows);
                if (row + kStripRows == 256) {
                    std::swap(x, y);
                }
                if (!step()) {
                    return std::nullopt;
                }
            }
        }
        for (int s = 0; s < 4; ++s) {
            for (const auto& block : m_blocks[s]) {
                attend(block, kStages[s], x);
                transform(block, kStages[s], x, y);
                if (!next()) {
                    return std::nullopt;
                }
            }
            show("stage" + std::to_string(s), kStages[s].side, kStages[s].channels);
            if (s < 3) {
                const auto& to = kStages[s + 1];
                convolve(m_down[s], {kStages[s].side, kStages[s].side / to.side, false}, x, y, 0, to.side);
                std::swap(x, y);
                show("down" + std::to_string(s), to.side, to.channels);
                if (!step()) {
                    return std::nullopt;
                }
            }
        }
        auto result = at::empty({4096, 256}, at::kFloat);
        neck(x, y, result.data_ptr<float>());
        if (!step()) {
            return std::nullopt;
        }
        return result;
    }

private:
    // --- weights ---
    static Linear pointwise(const NetworkWeights& weights, const std::string& prefix)
    {
        auto layer = foldedConvolution(weights, prefix);
        layer.weight = layer.weight.flatten(1);
        return layer;
    }

    PackedLinear packed(const Linear& layer) const
    {
        PackedLinear result;
        result.out = layer.weight.size(0);
        result.in = layer.weight.size(1);
        const auto panels = layer.weight.view({result.out / m_kernels.panel, m_kernels.panel, result.in});
        result.weights = valuesOf(panels.transpose(1, 2));
        result.bias = valuesOf(layer.bias);
        return result;
    }

    static Depthwise depthwise(const NetworkWeights& weights, const std::string& prefix)
    {
        const auto layer = foldedConvolution(weights, prefix); // C×1×3×3
        return {valuesOf(layer.weight.view({-1, 9}).t()), valuesOf(layer.bias)};
    }

    static NormWeights norm(const NetworkWeights& weights, const std::string& prefix)
    {
        return {valuesOf(weights.get(prefix + ".weight")), valuesOf(weights.get(prefix + ".bias"))};
    }

    ConvWeights conv(const NetworkWeights& weights, const std::string& prefix) const
    {
        return {packed(pointwise(weights, prefix + "conv1")), depthwise(weights, prefix + "conv2"),
                packed(pointwise(weights, prefix + "conv3"))};
    }

    BlockWeights blockWeights(const NetworkWeights& weights, const std::string& prefix, const StageShape& shape) const
    {
        // the scores' factor goes into the queries' weights
        const auto scale = at::ones({shape.heads, 3, kHeadWidth});
        scale.select(1, 0).fill_(1.0 / std::sqrt(static_cast<double>(kHeadWidth)));
        auto qkv = linear(weights, prefix + "attn.qkv");
        qkv = {qkv.weight * scale.view({-1, 1}), qkv.bias * scale.flatten()};
        const long tokens = shape.window * shape.window;
        const auto bias = gatherAttentionBias(weights.get(prefix + "attn.attention_biases"), shape.window);
        return {norm(weights, prefix + "attn.norm"),
                packed(qkv),
                valuesOf(at::constant_pad_nd(bias, {0, paddedTokens(tokens, m_kernels.panel) - tokens}, -1e30)),
                packed(linear(weights, prefix + "attn.proj")),
                depthwise(weights, prefix + "local_conv"),
                norm(weights, prefix + "mlp.norm"),
                packed(linear(weights, prefix + "mlp.fc1")),
                packed(linear(weights, prefix + "mlp.fc2"))};
    }

    // --- passes ---
    /// work(index, scratch) for every index, spread over the threads. Each index writes places of its own, so the
    /// result does not depend on who does what.
    template<typename Work>
    void spread(long count, Work&& work) const
    {
        const int threads = std::min<int>(at::get_num_threads(), kMostThreads);
#pragma omp parallel num_threads(threads)
        {
            float* scratch = m_scratch.data() + static_cast<std::size_t>(::omp_get_thread_num()) * kScratch;
#pragma omp for schedule(dynamic)
            for (long index = 0; index < count; ++index) {
                work(index, scratch);
            }
        }
    }

    LinearCall call(const PackedLinear& layer, const float* a, long rows, float* c, Epilogue epilogue) const
    {
        LinearCall result;
        result.a = a;
        result.aStride = layer.in;
        result.rows = rows;
        result.depth = layer.in;
        result.weights = layer.weights.data();
        result.bias = layer.bias.data();
        result.columns = layer.out;
        result.c = c;
        result.cStride = layer.out;
        result.epilogue = epilogue;
        return result;
    }

    void embedPatches(const float* input, float* out) const
    {
        constexpr long kPixels = 256;
        spread(65536 / kPixels, [&](long index, float* scratch) {
            m_kernels.linear(call(m_patch[0], input + index * kPixels * 3, kPixels, scratch, Epilogue::gelu));
            m_kernels.linear(call(m_patch[1], scratch, kPixels, out + index * kPixels * 64, Epilogue::store));
        });
    }

    /// Output rows firstRow … lastRow of a block, in strips of columns that go down row by row with three hidden rows
    /// alive.
    void convolve(const ConvWeights& block, const ConvShape& shape, const float* x, float* y, long firstRow,
                  long lastRow) const
    {
        const long outSide = shape.side / shape.stride;
        const long across = std::max<long>(1, outSide / kStripColumns);
        const long columns = outSide / across;
        const long down = std::max<long>(1, (lastRow - firstRow) / kStripRows);
        const long rows = (lastRow - firstRow) / down;
        spread(across * down, [&](long index, float* scratch) {
            const long row = firstRow + index / across * rows;
            convolveStrip(block, shape, x, y, row, row + rows, index % across * columns, columns, scratch);
        });
    }

    void convolveStrip(const ConvWeights& block, const ConvShape& shape, const float* x, float* y, long firstRow,
                       long lastRow, long firstColumn, long columns, float* scratch) const
    {
        const long hidden = block.expand.out;
        const long in = block.expand.in;
        const long out = block.project.out;
        const long outSide = shape.side / shape.stride;
        // hidden columns left … left + width − 1 of the picture; beyond it they are zero
        const long left = firstColumn * shape.stride - 1;
        const long width = (columns - 1) * shape.stride + 3;
        const long begin = std::max<long>(left, 0);
        const long end = std::min<long>(left + width, shape.side);
        float* ring[3] = {scratch, scratch + width * hidden, scratch + 2 * width * hidden};
        float* filtered = scratch + 3 * width * hidden; // [columns][hidden]
        const auto makeRow = [&](long row) {
            float* to = ring[(row + 3) % 3];
            if (row < 0 || row >= shape.side) {
                std::memset(to, 0, static_cast<std::size_t>(width * hidden) * sizeof(float));
                return;
            }
            if (begin > left) {
                std::memset(to, 0, static_cast<std::size_t>((begin - left) * hidden) * sizeof(float));
            }
            if (end < left + width) {
                std::memset(to + (end - left) * hidden, 0,
                            static_cast<std::size_t>((left + width - end) * hidden) * sizeof(float));
            }
            m_kernels.linear(call(block.expand, x + (row * shape.side + begin) * in, end - begin,
                                  to + (begin - left) * hidden, Epilogue::gelu));
        };
        long made = firstRow * shape.stride - 1; // the next hidden row to make
        for (long row = firstRow; row < lastRow; ++row) {
            const long top = row * shape.stride - 1;
            for (; made < top + 3; ++made) {
                makeRow(made);
            }
            DepthwiseCall filter;
            for (long n = 0; n < 3; ++n) {
                filter.rows[n] = ring[(top + n + 3) % 3];
            }
            filter.weights = block.depthwise.weights.data();
            filter.bias = block.depthwise.bias.data();
            filter.out = filtered;
            filter.columns = columns;
            filter.channels = hidden;
            filter.stride = shape.stride;
            filter.gelu = true;
            m_kernels.depthwiseRow(filter);
            const long at = row * outSide + firstColumn;
            auto project = call(block.project, filtered, columns, y + at * out,
                                shape.residual ? Epilogue::addResidualGelu : Epilogue::store);
            project.residual = x + at * in;
            project.residualStride = in;
            m_kernels.linear(project);
        }
    }

    /// x += attention(LayerNorm(x)) window by window. Windows that reach beyond the picture are filled with zeros
    /// before the norm, which makes them its bias; they take part as keys and values.
    void attend(const BlockWeights& block, const StageShape& shape, float* x) const
    {
        const long window = shape.window;
        const long side = shape.side;
        const long channels = shape.channels;
        const long tokens = window * window;
        const long across = (side + window - 1) / window;
        spread(across * across, [&](long index, float* scratch) {
            float* normed = scratch;                   // [tokens][channels], then the attention's result
            float* qkv = normed + tokens * channels;   // [tokens][3 · channels]
            float* rest = qkv + tokens * channels * 3; // attention's own
            const long firstRow = index / across * window;
            const long firstColumn = index % across * window;
            const long rows = std::min(window, side - firstRow);
            const long columns = std::min(window, side - firstColumn);
            for (long r = 0; r < window; ++r) {
                float* to = normed + r * window * channels;
                if (r < rows) {
                    m_kernels.layerNorm(x + ((firstRow + r) * side + firstColumn) * channels, channels, to, channels,
                                        columns, channels, block.attentionNorm.weight.data(),
                                        block.attentionNorm.bias.data(), 1e-5F);
                }
                for (long c = r < rows ? columns : 0; c < window; ++c) {
                    std::copy(block.attentionNorm.bias.begin(), block.attentionNorm.bias.end(), to + c * channels);
                }
            }
            m_kernels.linear(call(block.qkv, normed, tokens, qkv, Epilogue::store));
            AttentionCall attention;
            attention.qkv = qkv;
            attention.tokens = tokens;
            attention.heads = shape.heads;
            attention.bias = block.bias.data();
            attention.out = normed;
            attention.scratch = rest;
            m_kernels.attention(attention);
            if (rows == window && columns == window) {
                m_kernels.linear(call(block.projection, normed, tokens, qkv, Epilogue::store));
            } else {
                m_kernels.linear(call(block.projection, normed, rows * window, qkv, Epilogue::store));
            }
            for (long r = 0; r < rows; ++r) {
                float* to = x + ((firstRow + r) * side + firstColumn) * channels;
                const float* from = qkv + r * window * channels;
                for (long n = 0; n < columns * channels; ++n) {
                    to[n] += from[n];
                }
            }
        });
    }

    /// y = z + MLP(LayerNorm(z)) with z = local convolution of x, a run of tokens at a time.
    void transform(const BlockWeights& block, const StageShape& shape, const float* x, float* y) const
    {
        const long side = shape.side;
        const long channels = shape.channels;
        const long run = std::min<long>(side, channels > 256 ? 32 : 64);
        spread(side * (side / run), [&](long index, float* scratch) {
            const long row = index / (side / run);
            const long firstColumn = index % (side / run) * run;
            float* lines = scratch;                          // [3][run + 2][channels]
            float* local = lines + 3 * (run + 2) * channels; // [run][channels]
            float* normed = local + run * channels;
            float* hidden = normed + run * channels; // [run][4 · channels]
            DepthwiseCall filter;
            for (long n = 0; n < 3; ++n) {
                filter.rows[n] =
                    framed(x, side, channels, row + n - 1, firstColumn - 1, run + 2, lines + n * (run + 2) * channels);
            }
            filter.weights = block.local.weights.data();
            filter.bias = block.local.bias.data();
            filter.out = local;
            filter.columns = run;
            filter.channels = channels;
            m_kernels.depthwiseRow(filter);
            m_kernels.layerNorm(local, channels, normed, channels, run, channels, block.mlpNorm.weight.data(),
                                block.mlpNorm.bias.data(), 1e-5F);
            m_kernels.linear(call(block.widen, normed, run, hidden, Epilogue::gelu));
            auto narrow =
                call(block.narrow, hidden, run, y + (row * side + firstColumn) * channels, Epilogue::addResidual);
            narrow.residual = local;
            narrow.residualStride = channels;
            m_kernels.linear(narrow);
        });
    }

    /// Columns left … left + width − 1 of a row, zeros beyond the picture: the row itself where it has them all, else a
    /// copy.
    static const float* framed(const float* x, long side, long channels, long row, long left, long width, float* copy)
    {
        const auto bytes = [channels](long count) {
            return static_cast<std::size_t>(count * channels) * sizeof(float);
        };
        if (row < 0 || row >= side) {
            std::memset(copy, 0, bytes(width));
            return copy;
        }
        const long begin = std::max<long>(left, 0);
        const long end = std::min<long>(left + width, side);
        const float* from = x + (row * side + begin) * channels;
        if (begin == left && end == left + width) {
            return from;
        }
        std::memset(copy, 0, bytes(begin - left));
        std::memcpy(copy + (begin - left) * channels, from, bytes(end - begin));
        std::memset(copy + (end - left) * channels, 0, bytes(left + width - end));
        return copy;
    }

    /// 1×1, norm, 3×3, norm. `framedMap`: 66 × 66 × 256, the first norm's result with a border of zeros.
    void neck(const float* x, float* framedMap, float* out) const
    {
        constexpr long kSide = 64;
        constexpr long kFramed = kSide + 2;
        constexpr long kChannels = 256;
        std::memset(framedMap, 0, static_cast<std::size_t>(kFramed * kFramed * kChannels) * sizeof(float));
        spread(kSide, [&](long row, float* scratch) {
            m_kernels.linear(call(m_neck1, x + row * kSide * 320, kSide, scratch, Epilogue::store));
            m_kernels.layerNorm(scratch, kChannels, framedMap + ((row + 1) * kFramed + 1) * kChannels, kChannels, kSide,
                                kChannels, m_neckNorm[0].weight.data(), m_neckNorm[0].bias.data(), 1e-6F);
        });
        spread(kSide, [&](long row, float* scratch) {
            for (long tap = 0; tap < 9; ++tap) {
                const float* from = framedMap + ((row + tap / 3) * kFramed + tap % 3) * kChannels;
                auto product =
                    call(m_neck2[tap], from, kSide, scratch, tap == 0 ? Epilogue::store : Epilogue::addResidual);
                product.residual = scratch;
                product.residualStride = kChannels;
                m_kernels.linear(product);
            }
            m_kernels.layerNorm(scratch, kChannels, out + row * kSide * kChannels, kChannels, kSide, kChannels,
                                m_neckNorm[1].weight.data(), m_neckNorm[1].bias.data(), 1e-6F);
        });
    }

    static constexpr int kMostThreads = 64;
    static constexpr std::size_t kScratch = std::size_t{1} << 18; // floats a thread
    // the largest pass: a window of stage 2
    static_assert(196 * 160 * 4 + attentionScratch(196, 32) <= static_cast<long>(kScratch));

    const EncoderKernels& m_kernels;
    PackedLinear m_patch[2];
    std::vector<ConvWeights> m_conv;
    ConvWeights m_down[3];
    std::vector<BlockWeights> m_blocks[4];
    PackedLinear m_neck1;
    PackedLinear m_neck2[9];
    NormWeights m_neckNorm[2];
    Workspace m_a; ///< 16 MiB each: what passes hand on
    Workspace m_b;
    Workspace m_scratch;
};

} // namespace

std::unique_ptr<ImageEncoder> makeFusedImageEncoder(const NetworkWeights& weights)
{
    return makeFusedImageEncoder(weights, bestKernels());
}

std::unique_ptr<ImageEncoder> makeFusedImageEncoder(const NetworkWeights& weights, const EncoderKernels& kernels)
{
    return std::make_unique<FusedImageEncoder>(weights, kernels);
}

} // namespace icmoe
