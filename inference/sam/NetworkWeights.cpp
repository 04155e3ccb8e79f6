#include "inference/sam/NetworkWeights.h"

#include "core/base/Sha256.h"

#include <ATen/ATen.h>

namespace icmoe {

NetworkWeights::NetworkWeights(const weights::TensorTable& tensors)
{
    for (const auto& entry : tensors) {
        if (entry.type != weights::ElementType::f32) {
            continue; // counters of training batches
        }
        auto tensor = at::empty(entry.shape, at::kFloat);
        std::copy(entry.bytes.begin(), entry.bytes.end(), static_cast<std::byte*>(tensor.data_ptr()));
        m_tensors.emplace(entry.name, std::move(tensor));
    }
}

NetworkWeights::NetworkWeights(std::shared_ptr<const weights::WeightsFile> file)
{
    for (const auto& entry : file->tensors) {
        if (entry.type == weights::ElementType::f32) {
            auto* values = const_cast<std::byte*>(entry.bytes.data()); // nobody writes to a network's weights
            m_tensors.emplace(entry.name, at::from_blob(
                                              values, entry.shape, [file](void*) {}, at::kFloat));
        }
    }
}

const at::Tensor& NetworkWeights::get(const std::string& name) const
{
    return m_tensors.at(name);
}

at::Device NetworkWeights::device() const
{
    return m_tensors.empty() ? at::Device(at::kCPU) : m_tensors.begin()->second.device();
}

NetworkWeights NetworkWeights::on(at::Device device) const
{
    NetworkWeights moved;
    for (const auto& [name, tensor] : m_tensors) {
        moved.m_tensors.emplace(name, tensor.to(device));
    }
    return moved;
}

NetworkWeights NetworkWeights::with(const std::map<std::string, at::Tensor>& others) const
{
    NetworkWeights mixed;
    mixed.m_tensors = others;
    mixed.m_tensors.insert(m_tensors.begin(), m_tensors.end()); // keeps what is there already
    return mixed;
}

std::string NetworkWeights::hash() const
{
    Sha256 hash;
    for (const auto& [name, tensor] : m_tensors) {
        hash.update(name);
        const auto values = tensor.cpu();
        hash.update({static_cast<const std::byte*>(values.const_data_ptr()), values.nbytes()});
    }
    return hash.hex();
}

Linear linear(const NetworkWeights& weights, const std::string& prefix)
{
    return {weights.get(prefix + ".weight"), weights.get(prefix + ".bias")};
}

Linear cellLayer(const NetworkWeights& weights, const std::string& prefix)
{
    const auto weight = weights.get(prefix + ".weight");
    return {weight.permute({2, 3, 1, 0}).reshape({-1, weight.size(0)}).contiguous(),
            weights.get(prefix + ".bias").repeat({4})};
}

Linear foldedConvolution(const NetworkWeights& weights, const std::string& prefix)
{
    constexpr double kEpsilon = 1e-5;
    const auto wide = [&](const char* name) { return weights.get(prefix + name).to(at::kDouble); };
    const auto factor = wide(".bn.weight") / (wide(".bn.running_var") + kEpsilon).sqrt();
    const auto bias = wide(".bn.bias") - wide(".bn.running_mean") * factor;
    return {(wide(".c.weight") * factor.view({-1, 1, 1, 1})).to(at::kFloat).contiguous(),
            bias.to(at::kFloat).contiguous()};
}

} // namespace icmoe
