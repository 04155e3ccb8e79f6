#include "inference/icmoe/DetailExpert.h"

#include "inference/icmoe/PromptReading.h"
#include "inference/icmoe/TensorShapes.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <cmath>

namespace icmoe {
namespace {

constexpr std::int64_t kWidths[] = {8, 24, 48, 80, 96}; ///< channels at 256, 128, 64, 32, 16 pixels a side
constexpr std::int64_t kTaps = kHalfTapChannels + kFullTapChannels;
constexpr std::int64_t kJudged = 32;
constexpr double kSurest = 0.02; ///< a first answer counts as no surer than this from 0 and 1

void addConvolution(TensorShapes& shapes, const std::string& name, std::int64_t out, std::int64_t in, std::int64_t side)
{
    shapes[name + ".weight"] = {out, in, side, side};
    shapes[name + ".bias"] = {out};
}

void addNorm(TensorShapes& shapes, const std::string& name, std::int64_t width)
{
    shapes[name + ".norm.weight"] = {width};
    shapes[name + ".norm.bias"] = {width};
}

void addBlock(TensorShapes& shapes, const std::string& name, std::int64_t width)
{
    addNorm(shapes, name, width);
    addConvolution(shapes, name + ".0", width, width, 3);
    addConvolution(shapes, name + ".1", width, width, 3);
}

TensorShapes shapes()
{
    TensorShapes all{{"first", {1}}};
    addConvolution(all, "picture", kWidths[0], 3 + kPromptMaps, 3);
    addNorm(all, "taps", kTaps);
    addConvolution(all, "taps", kWidths[1], kTaps, 1);
    addNorm(all, "embedding", 256);
    addConvolution(all, "embedding", kWidths[2], 256, 1);
    addNorm(all, "context", 3 * kWidths[2]);
    addConvolution(all, "context", kWidths[4], 3 * kWidths[2], 1);
    for (std::size_t level = 0; level < std::size(kWidths); ++level) {
        const auto number = std::to_string(level);
        addBlock(all, "seen." + number, kWidths[level]);
        if (level > 0) {
            addNorm(all, "down." + number, kWidths[level - 1]);
            addConvolution(all, "down." + number, kWidths[level], kWidths[level - 1], 2);
            addNorm(all, "up." + number, kWidths[level]);
            addConvolution(all, "up." + number, kWidths[level - 1], kWidths[level], 1);
        }
        addBlock(all, "drawn." + number, kWidths[level]);
    }
    addBlock(all, "middle", kWidths[3]);
    addNorm(all, "mask", kWidths[0]);
    addConvolution(all, "mask", 1, kWidths[0], 3);
    addConvolution(all, "judged", kJudged, kWidths[4] + kWidths[2], 1);
    addConvolution(all, "iou", 1, kJudged, 1);
    return all;
}

/// Ends in the first answer, or in nothing that a block adds.
bool startsAtZero(const std::string& name)
{
    const bool isBlock = name.starts_with("seen.") || name.starts_with("drawn.") || name.starts_with("middle.");
    return name.ends_with(".bias") || (isBlock && name.ends_with(".1.weight")) || name == "mask.weight";
}

at::Tensor pooled(const at::Tensor& cells, const at::Tensor& where) // N×C×64×64, N×1×64×64 → N×C×1×1
{
    const std::vector<std::int64_t> places{2, 3};
    return (cells * where).sum(places, true) / where.sum(places, true).clamp_min(1e-3);
}

} // namespace

NamedTensors DetailExpert::fresh(std::uint64_t seed)
{
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    NamedTensors parameters;
    for (const auto& [name, shape] : shapes()) {
        auto tensor = at::zeros(shape);
        if (name == "first" || name.ends_with(".norm.weight")) {
            tensor.fill_(1);
        } else if (!startsAtZero(name)) {
            const auto fan = static_cast<double>(tensor.numel() / shape[0]);
            const double gain = name.ends_with(".0.weight") ? 2 : 1; // GELU halves what it gets
            tensor.normal_(0, std::sqrt(gain / fan), generator);
        }
        parameters.emplace(name, std::move(tensor));
    }
    return parameters;
}

DetailExpert::DetailExpert(NamedTensors parameters)
    : m_parameters(std::move(parameters))
{
    requireShapes(m_parameters, shapes(), "the detail expert");
}

at::Tensor DetailExpert::convolve(const std::string& name, const at::Tensor& x, int stride) const
{
    const auto& weight = m_parameters.at(name + ".weight");
    const auto padding = stride == 1 ? weight.size(2) / 2 : 0;
    return at::conv2d(x, weight, m_parameters.at(name + ".bias"), stride, padding);
}

at::Tensor DetailExpert::even(const std::string& name, const at::Tensor& x) const
{
    const auto ordered = x.is_cpu() ? x : x.contiguous(); // not every device has this norm for other orders
    return at::group_norm(ordered, 1, m_parameters.at(name + ".norm.weight"), m_parameters.at(name + ".norm.bias"),
                          1e-5);
}

at::Tensor DetailExpert::block(const std::string& name, const at::Tensor& x) const
{
    return x + convolve(name + ".1", at::gelu(convolve(name + ".0", even(name, x))));
}

at::Tensor DetailExpert::halved(const std::string& name, const at::Tensor& x) const
{
    return convolve(name, even(name, x), 2);
}

at::Tensor DetailExpert::joined(const std::string& name, const at::Tensor& fine, const at::Tensor& coarse) const
{
    const auto x = convolve(name, even(name, coarse));
    return fine + at::upsample_bilinear2d(x, {fine.size(2), fine.size(3)}, false);
}

/// What is inside, what is outside, and all of it.
at::Tensor DetailExpert::context(const at::Tensor& cells, const at::Tensor& maps) const
{
    const auto coarse = at::avg_pool2d(maps, 4);
    const auto of = [&](std::initializer_list<PromptMap> list) {
        auto sum = coarse.slice(1, *list.begin(), *list.begin() + 1);
        for (const auto* map = list.begin() + 1; map != list.end(); ++map) {
            sum = at::maximum(sum, coarse.slice(1, *map, *map + 1));
        }
        return sum;
    };
    const auto inside = of({kPositiveClicks, kPositiveScribble, kPreviousMask});
    const auto outside = of({kNegativeClicks, kNegativeScribble});
    const auto everywhere = at::ones_like(inside);
    const auto places = at::cat({pooled(cells, inside), pooled(cells, outside), pooled(cells, everywhere)}, 1);
    return convolve("context", even("context", places));
}

ExpertAnswers DetailExpert::operator()(const ExpertBatch& batch) const
{
    const auto count = std::max(batch.maps.size(0), batch.embedding.size(0));
    const auto of = [count](const at::Tensor& x) { return expanded(x, count); };
    const auto maps = of(batch.maps);
    const auto cells = of(batch.embedding).transpose(1, 2).reshape({count, 256, 64, 64});
    // the processor's convolutions would put the channels last themselves, each time
    const auto order = maps.is_cpu() ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    const auto input = at::cat({of(batch.image) - 0.5, maps}, 1).contiguous(order);

    const auto seen0 = block("seen.0", convolve("picture", input));
    auto half = halved("down.1", seen0);
    if (batch.half.defined()) { // a base may have no taps
        half = half + convolve("taps", even("taps", at::cat({of(batch.half), of(batch.full)}, 1)));
    }
    const auto seen1 = block("seen.1", half);
    const auto seen2 = block("seen.2", halved("down.2", seen1) + convolve("embedding", even("embedding", cells)));
    const auto seen3 = block("seen.3", halved("down.3", seen2));
    const auto seen4 = block("seen.4", halved("down.4", seen3) + context(seen2, maps));
    const auto drawn4 = block("drawn.4", seen4);
    const auto drawn3 = block("drawn.3", block("middle", joined("up.4", seen3, drawn4)));
    const auto drawn2 = block("drawn.2", joined("up.3", seen2, drawn3));
    const auto drawn1 = block("drawn.1", joined("up.2", seen1, drawn2));
    const auto drawn0 = block("drawn.0", joined("up.1", seen0, drawn1));

    const auto first = at::logit(maps.select(1, kPreviousMask).clamp(kSurest, 1 - kSurest));
    const auto logits = convolve("mask", even("mask", drawn0)).squeeze(1) + m_parameters.at("first") * first;
    const auto inside = at::avg_pool2d(logits.detach().sigmoid().unsqueeze(1), 4);
    const auto looked = at::cat({drawn4.mean(std::vector<std::int64_t>{2, 3}, true), pooled(drawn2, inside)}, 1);
    const auto iou = convolve("iou", at::gelu(convolve("judged", looked))).sigmoid().flatten();
    return {logits, iou, {}, {}};
}

} // namespace icmoe
