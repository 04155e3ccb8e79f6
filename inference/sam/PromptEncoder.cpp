#include "inference/sam/PromptEncoder.h"

#include "inference/sam/NetworkWeights.h"

#include <ATen/ATen.h>
#include <numbers>

namespace icmoe {

PromptEncoder::PromptEncoder(const NetworkWeights& weights, int side, double centre)
    : m_side(side)
    , m_centre(centre)
{
    const std::string root = "prompt_encoder.";
    m_frequencies = weights.get(root + "pe_layer.positional_encoding_gaussian_matrix");
    m_noMask = weights.get(root + "no_mask_embed.weight").flatten();
    m_notAPoint = weights.get(root + "not_a_point_embed.weight").flatten();
    for (int n = 0; n < 4; ++n) {
        m_point[n] = weights.get(root + "point_embeddings." + std::to_string(n) + ".weight").flatten();
    }
    for (int n = 0; n < 3; ++n) {
        const auto name = root + "mask_downscaling." + std::to_string(3 * n);
        m_maskConv[n] = weights.get(name + ".weight");
        m_maskBias[n] = weights.get(name + ".bias");
        if (n < 2) {
            const auto norm = root + "mask_downscaling." + std::to_string(3 * n + 1);
            m_maskNorm[n] = weights.get(norm + ".weight");
            m_maskNormBias[n] = weights.get(norm + ".bias");
        }
    }
    const auto along = (at::arange(64, m_frequencies.options()) + 0.5) / 64;
    const auto u = along.view({1, 64}).expand({64, 64});
    m_densePosition = position(at::stack({u, u.t()}, -1)).view({4096, 256}); // 64×64×2 → 4096×256
}

at::Tensor PromptEncoder::position(const at::Tensor& unit) const
{
    const auto turns = 2 * std::numbers::pi * at::matmul(2 * unit - 1, m_frequencies); // …×128
    return at::cat({turns.sin(), turns.cos()}, -1);
}

at::Tensor PromptEncoder::boxes(const at::Tensor& boxes) const
{
    auto corners = position((boxes.to(m_frequencies.device()) + m_centre).view({-1, 2, 2}) / m_side); // N×2×256
    return corners + at::stack({m_point[2], m_point[3]});
}

at::Tensor PromptEncoder::points(const at::Tensor& points, const at::Tensor& labels, bool pad) const
{
    auto at = points.to(m_frequencies.device()) + m_centre;
    auto kind = labels.to(m_frequencies.device());
    if (pad) {
        at = at::cat({at, at::zeros({points.size(0), 1, 2}, at.options())}, 1);
        kind = at::cat({kind, at::full({points.size(0), 1}, -1.0F, kind.options())}, 1);
    }
    kind = kind.unsqueeze(-1); // N×P×1
    auto code = position(at / m_side);
    code = at::where(kind == 1, code + m_point[1], code);
    code = at::where(kind == 0, code + m_point[0], code);
    return at::where(kind == -1, m_notAPoint, code);
}

at::Tensor PromptEncoder::tokens(const at::Tensor& points, const at::Tensor& kinds) const
{
    auto code = position((points + m_centre) / m_side);
    const auto kind = kinds.unsqueeze(-1); // N×P×1
    for (int n = 0; n < 4; ++n) {
        code = at::where(kind == n, code + m_point[n], code);
    }
    return at::where(kind < 0, m_notAPoint, code);
}

at::Tensor PromptEncoder::masks(const at::Tensor& masks) const
{
    auto x = masks.to(m_frequencies.device());
    for (int n = 0; n < 2; ++n) {
        x = at::conv2d(x, m_maskConv[n], m_maskBias[n], 2).permute({0, 2, 3, 1}); // channel last for the norm
        x = at::layer_norm(x, {x.size(3)}, m_maskNorm[n], m_maskNormBias[n], 1e-6);
        x = at::gelu(x).permute({0, 3, 1, 2});
    }
    x = at::conv2d(x, m_maskConv[2], m_maskBias[2]); // N×256×64×64
    return x.flatten(2).transpose(1, 2).contiguous();
}

} // namespace icmoe
