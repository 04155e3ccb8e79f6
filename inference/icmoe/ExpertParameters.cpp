#include "inference/icmoe/ExpertParameters.h"

#include "inference/icmoe/TensorFile.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <cmath>
#include <stdexcept>

namespace icmoe {
namespace {

struct BaseLinear {
    std::string name;
    std::int64_t out = 0;
    std::int64_t in = 0;
};

/// The base's layers that experts update, named as in the checkpoint but for its `mask_decoder.` prefix.
std::vector<BaseLinear> updatedLinears()
{
    std::vector<BaseLinear> list;
    const auto attention = [&](const std::string& name, std::int64_t inner) {
        for (const char* part : {".q_proj", ".k_proj", ".v_proj"}) {
            list.push_back({name + part, inner, 256});
        }
        list.push_back({name + ".out_proj", 256, inner});
    };
    for (const std::string layer : {"transformer.layers.0.", "transformer.layers.1."}) {
        attention(layer + "self_attn", 256);
        attention(layer + "cross_attn_token_to_image", 128);
        attention(layer + "cross_attn_image_to_token", 128);
        list.push_back({layer + "mlp.lin1", 2048, 256});
        list.push_back({layer + "mlp.lin2", 256, 2048});
    }
    attention("transformer.final_attn_token_to_image", 128);
    for (const std::string head : {"output_hypernetworks_mlps.0.layers.", "iou_prediction_head.layers."}) {
        const std::int64_t last = head[0] == 'o' ? 32 : 4;
        list.push_back({head + "0", 256, 256});
        list.push_back({head + "1", 256, 256});
        list.push_back({head + "2", last, 256});
    }
    return list;
}

using Shape = std::vector<std::int64_t>;

/// What stands beside the low-rank updates.
std::map<std::string, Shape> otherShapes()
{
    constexpr std::int64_t kHalfInput = kHalfTapChannels + kFullTapChannels + kPromptMaps + 3;
    constexpr std::int64_t kFullInput = kPromptMaps + 3;
    return {{"dense.0.weight", {16, kPromptMaps, 3, 3}},
            {"dense.0.bias", {16}},
            {"dense.1.weight", {32, 16, 3, 3}},
            {"dense.1.bias", {32}},
            {"dense.2.weight", {256, 32}},
            {"dense.2.bias", {256}},
            {"adapter.0.weight", {24, 256}},
            {"adapter.0.bias", {24}},
            {"adapter.1.weight", {24, 1, 3, 3}},
            {"adapter.1.bias", {24}},
            {"adapter.2.weight", {256, 24}},
            {"adapter.2.bias", {256}},
            {"token.prompt", {5, 256}}, // outside, inside, corner 0, corner 1, padding
            {"token.own", {5, 256}},    // IoU token, mask tokens
            {"half.0.weight", {24, kHalfInput, 1, 1}},
            {"half.0.bias", {24}},
            {"half.1.weight", {24, 1, 3, 3}},
            {"half.1.bias", {24}},
            {"half.2.weight", {24, 24, 1, 1}},
            {"half.2.bias", {24}},
            {"half.out.weight", {64, 24, 1, 1}},
            {"half.out.bias", {64}},
            {"full.0.weight", {16, kFullInput, 3, 3}},
            {"full.0.bias", {16}},
            {"full.half.weight", {16, 24, 1, 1}},
            {"full.1.weight", {16, 16, 3, 3}},
            {"full.1.bias", {16}},
            {"full.out.weight", {32, 16}},
            {"full.out.bias", {32}}};
}

/// Ends in the base's own values: zero until training moves it.
bool startsAtZero(const std::string& name)
{
    for (const char* start : {"dense.2.", "adapter.2.", "token.", "half.out.", "full.out."}) {
        if (name.starts_with(start)) {
            return true;
        }
    }
    return name.ends_with(".b") || name.ends_with(".bias");
}

double fanIn(const std::string& name, const Shape& shape)
{
    if (name.ends_with(".a")) {
        return static_cast<double>(shape[1]);
    }
    double product = 1;
    for (std::size_t n = 1; n < shape.size(); ++n) {
        product *= static_cast<double>(shape[n]);
    }
    return product;
}

} // namespace

std::map<std::string, Shape> ExpertParameters::shapes(int rank)
{
    auto all = otherShapes();
    for (const auto& layer : updatedLinears()) {
        all[layer.name + ".a"] = {rank, layer.in};
        all[layer.name + ".b"] = {layer.out, rank};
    }
    return all;
}

ExpertParameters ExpertParameters::fresh(int count, std::uint64_t seed, int rank)
{
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    Tensors tensors;
    for (const auto& [name, shape] : shapes(rank)) {
        Shape stacked{count};
        stacked.insert(stacked.end(), shape.begin(), shape.end());
        auto tensor = at::zeros(stacked, at::kFloat);
        if (!startsAtZero(name)) {
            // GELU halves what it gets, low-rank factors meet a zero partner: two conventions of the same size
            const double gain = name.ends_with(".a") ? 1.0 : std::sqrt(2.0);
            tensor.normal_(0, gain / std::sqrt(fanIn(name, shape)), generator);
        }
        tensors.emplace(name, std::move(tensor));
    }
    return ExpertParameters(std::move(tensors));
}

ExpertParameters::ExpertParameters(Tensors tensors)
    : m_tensors(std::move(tensors))
{
    const auto first = m_tensors.find("token.own");
    const auto updates = m_tensors.find("transformer.layers.0.mlp.lin1.a");
    if (first == m_tensors.end() || updates == m_tensors.end() || updates->second.dim() != 3) {
        throw std::invalid_argument("these are no experts");
    }
    m_count = static_cast<int>(first->second.size(0));
    const auto expected = shapes(static_cast<int>(updates->second.size(1)));
    if (m_tensors.size() != expected.size()) {
        throw std::invalid_argument("experts have too many or too few tensors");
    }
    for (const auto& [name, shape] : expected) {
        const auto found = m_tensors.find(name);
        if (found == m_tensors.end() || found->second.size(0) != m_count || found->second.sizes().slice(1) != shape) {
            throw std::invalid_argument("experts lack the tensor " + name + " or it has another shape");
        }
    }
}

std::int64_t ExpertParameters::valuesPerExpert() const
{
    return values(m_tensors) / std::max(1, m_count);
}

ExpertParameters ExpertParameters::clone() const
{
    Tensors copies;
    for (const auto& [name, tensor] : m_tensors) {
        copies.emplace(name, tensor.detach().clone());
    }
    return ExpertParameters(std::move(copies));
}

ExpertParameters ExpertParameters::on(at::Device device) const
{
    return m_count > 0 ? ExpertParameters(icmoe::on(device, m_tensors)) : ExpertParameters();
}

ExpertParameters ExpertParameters::joined(const std::vector<ExpertParameters>& sets)
{
    Tensors all;
    for (const auto& [name, tensor] : sets.at(0).m_tensors) {
        std::vector<at::Tensor> parts;
        for (const auto& set : sets) {
            parts.push_back(set.get(name));
        }
        all.emplace(name, at::cat(parts));
    }
    return ExpertParameters(std::move(all));
}

ExpertParameters ExpertParameters::chosen(const std::vector<std::int64_t>& experts) const
{
    const auto index = at::tensor(at::IntArrayRef(experts), at::kLong).to(get("token.own").device());
    Tensors some;
    for (const auto& [name, tensor] : m_tensors) {
        some.emplace(name, tensor.index_select(0, index));
    }
    return ExpertParameters(std::move(some));
}

} // namespace icmoe
