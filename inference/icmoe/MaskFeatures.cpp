#include "inference/icmoe/MaskFeatures.h"

#include "inference/icmoe/Dilation.h"

#include <ATen/ATen.h>
#include <array>

namespace icmoe {
namespace {

constexpr double kTiny = 1e-6;

/// Length of the grey gradient, [256, 256].
at::Tensor edges(const at::Tensor& grey)
{
    const auto x = at::constant_pad_nd(grey.slice(1, 2) - grey.slice(1, 0, -2), {1, 1, 0, 0});
    const auto y = at::constant_pad_nd(grey.slice(0, 2) - grey.slice(0, 0, -2), {0, 0, 1, 1});
    return (x * x + y * y).sqrt();
}

/// Mean of `values` [256, 256] under each of `masks` [H, 256, 256].
at::Tensor meanUnder(const at::Tensor& values, const at::Tensor& masks)
{
    return (values * masks).sum(at::IntArrayRef{1, 2}) / (masks.sum(at::IntArrayRef{1, 2}) + kTiny);
}

at::Tensor deviationUnder(const at::Tensor& values, const at::Tensor& masks)
{
    const auto mean = meanUnder(values, masks);
    return (meanUnder(values * values, masks) - mean * mean).clamp_min(0).sqrt();
}

/// The embedding's mean under masks, of length 1: [H, 256].
at::Tensor directions(const at::Tensor& embedding, const at::Tensor& masks)
{
    const auto cells = at::avg_pool2d(masks.unsqueeze(1), 4).flatten(1); // H×4096
    const auto mean = at::matmul(cells, embedding);
    return mean / (mean.norm(2, at::IntArrayRef{1}, true) + kTiny);
}

at::Tensor boxMasks(const std::vector<Hypothesis>& hypotheses, at::Device device)
{
    const auto count = static_cast<std::int64_t>(hypotheses.size());
    auto masks = at::zeros({count, 256, 256});
    for (std::int64_t n = 0; n < count; ++n) {
        const auto& box = hypotheses[static_cast<std::size_t>(n)].box;
        const auto end = [](double v) { return std::min<std::int64_t>(256, static_cast<std::int64_t>(v) + 1); };
        masks[n]
            .slice(0, static_cast<std::int64_t>(box.y0), end(box.y1))
            .slice(1, static_cast<std::int64_t>(box.x0), end(box.x1))
            .fill_(1);
    }
    return masks.to(device);
}

/// The masks' own bounding boxes, filled.
at::Tensor boundsOf(const at::Tensor& masks)
{
    const auto columns = masks.amax(at::IntArrayRef{1});
    const auto rows = masks.amax(at::IntArrayRef{2});
    const auto span = [](const at::Tensor& hit) { // between the first and the last
        return at::minimum(std::get<0>(hit.cummax(1)), std::get<0>(hit.flip(1).cummax(1)).flip(1));
    };
    return span(rows).unsqueeze(2) * span(columns).unsqueeze(1);
}

/// IoU of the masks' own bounding boxes with the boxes asked about.
at::Tensor tightness(const at::Tensor& masks, const at::Tensor& boxes)
{
    const auto own = boundsOf(masks);
    constexpr std::array<std::int64_t, 2> pixels{1, 2};
    return (own * boxes).sum(pixels) / (at::maximum(own, boxes).sum(pixels) + kTiny);
}

} // namespace

at::Tensor hypothesisFeatures(const std::vector<Hypothesis>& hypotheses, const MaskScene& scene)
{
    const auto count = static_cast<std::int64_t>(hypotheses.size());
    std::vector<at::Tensor> logits;
    auto iou = at::empty({count, 2});
    for (std::size_t n = 0; n < hypotheses.size(); ++n) {
        logits.push_back(hypotheses[n].logits);
        iou[static_cast<std::int64_t>(n)][0] = hypotheses[n].iou0;
        iou[static_cast<std::int64_t>(n)][1] = hypotheses[n].iou1;
    }
    iou = iou.to(logits.front().device());
    return maskFeatures(at::stack(logits), iou, boxMasks(hypotheses, iou.device()), scene);
}

at::Tensor maskFeatures(const at::Tensor& z, const at::Tensor& iou, const at::Tensor& asked, const MaskScene& scene)
{
    const auto count = z.size(0);
    auto used = at::zeros({256, 256}, iou.options());
    used.slice(0, 0, scene.usedHeight).slice(1, 0, scene.usedWidth).fill_(1);
    const auto p = z.sigmoid();
    const auto masks = (z > 0).to(at::kFloat) * used;
    const auto boxes = asked.defined() ? asked : boundsOf(masks);
    constexpr std::array<std::int64_t, 2> pixels{1, 2};
    const double whole = static_cast<double>(scene.usedWidth) * scene.usedHeight;
    const auto area = masks.sum(pixels);
    const auto boxArea = boxes.sum(pixels);
    const auto inBox = (masks * boxes).sum(pixels);
    const auto outer = dilated(masks, 2);
    const auto border = outer - eroded(masks, 1);
    const auto ring = (dilated(outer, 4) - outer) * used; // 6 in all
    const auto gradient = edges(scene.grey);
    const auto inside = meanUnder(scene.grey, masks);
    const auto ringMean = meanUnder(scene.grey, ring);
    const auto flat = masks.flatten(1);
    const auto both = at::matmul(flat, flat.t());
    const auto either = area.unsqueeze(0) + area.unsqueeze(1) - both;
    const auto overlap = (both + kTiny) / (either + kTiny) * (1 - at::eye(count, both.options()));
    const auto others = std::max<double>(1, static_cast<double>(count - 1));
    const auto meaning = directions(scene.embedding, masks);
    const auto around = directions(scene.embedding, ring);
    const auto clicked = directions(scene.embedding, scene.positive.unsqueeze(0));
    const auto frame = used - eroded(used.unsqueeze(0), 1)[0];
    const auto perimeter = border.sum(pixels) / 3;
    const auto confident = (z > 1).to(at::kFloat).sum(pixels);
    const auto possible = (z > -1).to(at::kFloat).sum(pixels);
    const auto rank = (iou.select(1, 0).unsqueeze(1) < iou.select(1, 0).unsqueeze(0)).to(at::kFloat).sum(1) / others;
    const auto columns = at::stack(
        {iou.select(1, 0),
         iou.select(1, 1),
         inBox / (boxArea + kTiny),
         (area - inBox) / (area + kTiny),
         tightness(masks, boxes),
         (confident + 1) / (possible + 1),
         (area / whole + 1e-4).log(),
         (boxArea / whole + 1e-4).log(),
         meanUnder(gradient, border) / (gradient.mean() + kTiny),
         (inside - ringMean).abs() / (deviationUnder(scene.grey, masks) + deviationUnder(scene.grey, ring) + 0.02),
         deviationUnder(scene.grey, masks),
         overlap.sum(1) / others,
         overlap.amax(1),
         meanUnder(scene.positive, masks) * area / (scene.positive.sum() + kTiny),
         meanUnder(scene.negative, masks) * area / (scene.negative.sum() + kTiny),
         at::matmul(meaning, clicked.t()).squeeze(1),
         (meaning * around).sum(1),
         (masks * frame).sum(pixels) / (frame.sum() + kTiny),
         (p * masks).sum(pixels) / (area + kTiny),
         12.57 * area / (perimeter * perimeter + 1),
         (area < 1).to(at::kFloat),
         rank},
        1);
    return columns;
}

} // namespace icmoe
