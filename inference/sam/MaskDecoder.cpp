#include "inference/sam/MaskDecoder.h"

#include <ATen/ATen.h>

namespace icmoe {
namespace {

constexpr std::int64_t kCells = 64; // a side

std::vector<Linear> layers(const NetworkWeights& weights, const std::string& prefix)
{
    std::vector<Linear> list;
    for (int n = 0; n < 3; ++n) {
        list.push_back(linear(weights, prefix + ".layers." + std::to_string(n)));
    }
    return list;
}

at::Tensor mlp(const std::vector<Linear>& list, at::Tensor x)
{
    for (std::size_t n = 0; n < list.size(); ++n) {
        x = at::linear(x, list[n].weight, list[n].bias);
        if (n + 1 < list.size()) {
            x = at::relu(x);
        }
    }
    return x;
}

} // namespace

MaskDecoder::MaskDecoder(const NetworkWeights& weights, at::Tensor densePosition)
    : m_transformer(weights, std::move(densePosition))
{
    const std::string root = "mask_decoder.";
    m_ownTokens = at::cat({weights.get(root + "iou_token.weight"), weights.get(root + "mask_tokens.weight")});
    m_upscale1 = cellLayer(weights, root + "output_upscaling.0");
    m_norm = weights.get(root + "output_upscaling.1.weight");
    m_normBias = weights.get(root + "output_upscaling.1.bias");
    m_upscale2 = cellLayer(weights, root + "output_upscaling.3");
    for (int n = 0; n < 4; ++n) {
        m_hyper[n] = layers(weights, root + "output_hypernetworks_mlps." + std::to_string(n));
    }
    m_iou = layers(weights, root + "iou_prediction_head");
}

MaskDecoder::Decoded MaskDecoder::decode(const ImageTokens& image, const at::Tensor& sparse, std::int64_t masks) const
{
    const auto tokens = at::cat({m_ownTokens.unsqueeze(0).expand({sparse.size(0), -1, -1}), sparse}, 1); // N×(5+P)×256
    auto result = m_transformer(image, tokens, 1 + masks);
    return {mlp(m_iou, result.tokens.select(1, 0)), result.tokens.slice(1, 1), std::move(result.image)};
}

at::Tensor MaskDecoder::masks(const Decoded& decoded, std::int64_t n, int first, int count,
                              const CellWindow& window) const
{
    const auto height = window.y1 - window.y0;
    const auto width = window.x1 - window.x0;
    const auto cells = height * width;
    auto x = decoded.image[n];
    if (cells < kCells * kCells) {
        x = x.view({kCells, kCells, -1}).slice(0, window.y0, window.y1).slice(1, window.x0, window.x1).flatten(0, 1);
    }
    // Everything between here and the product is local to a cell, so cells stay nested and only the masks are put in
    // order.
    x = at::linear(x, m_upscale1.weight, m_upscale1.bias).view({cells * 4, 64});
    x = at::gelu(at::layer_norm(x, {64}, m_norm, m_normBias, 1e-6));
    x = at::gelu(at::linear(x, m_upscale2.weight, m_upscale2.bias)).view({cells * 16, 32});
    std::vector<at::Tensor> kernels;
    for (int k = first; k < first + count; ++k) {
        kernels.push_back(mlp(m_hyper[k], decoded.tokens[n][k].unsqueeze(0)));
    }
    const auto nested =
        at::matmul(at::cat(kernels), x.t()).view({count, height, width, 2, 2, 2, 2}); // m×h×w×(kh×kw)×(kh'×kw')
    auto inside = nested.permute({0, 1, 3, 5, 2, 4, 6}).reshape({count, 4 * height, 4 * width});
    if (cells == kCells * kCells) {
        return inside;
    }
    auto all = at::full({count, 4 * kCells, 4 * kCells}, kOutsideLogit, inside.options());
    all.slice(1, 4 * window.y0, 4 * window.y1).slice(2, 4 * window.x0, 4 * window.x1).copy_(inside);
    return all;
}

} // namespace icmoe
