#include "inference/training/Losses.h"

#include <ATen/ATen.h>

namespace icmoe::training {

at::Tensor usedPart(const at::Tensor& maps, const NetworkGrid& grid)
{
    return maps.slice(-2, 0, grid.usedHeight).slice(-1, 0, grid.usedWidth);
}

at::Tensor onSlice(const at::Tensor& logits, const NetworkGrid& grid)
{
    return at::upsample_bilinear2d(usedPart(logits, grid).unsqueeze(0).unsqueeze(0), {grid.height, grid.width},
                                   false)[0][0];
}

at::Tensor truthTensor(const SliceMask& mask, at::Device device)
{
    auto truth = at::zeros({mask.height(), mask.width()}, at::kByte);
    auto* values = truth.data_ptr<std::uint8_t>();
    for (const Run run : mask.runs()) {
        std::fill(values + run.begin, values + run.end, std::uint8_t{1});
    }
    return truth.to(device).to(at::kFloat); // bytes have the shorter way
}

SliceMask maskAbove(const at::Tensor& values)
{
    const auto bits = (values > 0).to(at::kCPU, at::kByte).contiguous();
    return SliceMask::fromBitmap({bits.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(bits.numel())},
                                 static_cast<int>(bits.size(1)), static_cast<int>(bits.size(0)));
}

at::Tensor focalLoss(const at::Tensor& logits, const at::Tensor& truth)
{
    const auto entropy = at::binary_cross_entropy_with_logits(logits, truth, {}, {}, at::Reduction::None);
    const auto wrong = 1 - at::exp(-entropy); // 1 − p_t
    return (wrong * wrong * entropy).mean();
}

at::Tensor diceLoss(const at::Tensor& logits, const at::Tensor& truth)
{
    const auto p = logits.sigmoid();
    return 1 - (2 * (p * truth).sum() + 1) / (p.sum() + truth.sum() + 1);
}

at::Tensor maskLoss(const at::Tensor& logitsOnSlice, const at::Tensor& truth)
{
    return 20 * focalLoss(logitsOnSlice, truth) + diceLoss(logitsOnSlice, truth);
}

at::Tensor targetVote(const at::Tensor& p, const at::Tensor& truth, double temperature)
{
    const auto clamped = p.clamp(1e-6, 1 - 1e-6);
    const auto entropy = -(truth * clamped.log() + (1 - truth) * (1 - clamped).log());
    return (-entropy / temperature).softmax(0);
}

at::Tensor labelConsistencyLoss(const at::Tensor& p, const at::Tensor& weights, const at::Tensor& truth,
                                double temperature)
{
    const auto target = targetVote(p, truth.unsqueeze(0), temperature);
    const auto divergence = (target * (target.clamp_min(1e-12).log() - weights.clamp_min(1e-12).log())).sum(0);
    const auto difference = (p.amax(0) - p.amin(0)).detach(); // where voters agree nothing can be learned
    return (divergence * difference).sum() / (difference.sum() + 1e-6);
}

at::Tensor squaredVariation(const at::Tensor& use)
{
    const auto mean = use.mean();
    return ((use - mean) * (use - mean)).mean() / (mean * mean + 1e-10);
}

at::Tensor loadBalanceLoss(const at::Tensor& importance, const at::Tensor& load)
{
    return squaredVariation(importance) + squaredVariation(load);
}

} // namespace icmoe::training
