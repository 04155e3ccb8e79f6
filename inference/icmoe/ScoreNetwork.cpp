#include "inference/icmoe/ScoreNetwork.h"

#include "inference/icmoe/TensorShapes.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <cmath>

namespace icmoe {
namespace {

constexpr std::int64_t kHidden = 32;

TensorShapes shapes(std::int64_t features)
{
    return {{"mean", {features}},
            {"scale", {features}},
            {"0.weight", {kHidden, features}},
            {"0.bias", {kHidden}},
            {"1.weight", {kHidden, kHidden}},
            {"1.bias", {kHidden}},
            {"2.weight", {1, kHidden}},
            {"2.bias", {1}}};
}

} // namespace

NamedTensors ScoreNetwork::fresh(std::int64_t features, std::uint64_t seed)
{
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    NamedTensors parameters;
    for (const auto& [name, shape] : shapes(features)) {
        auto tensor = at::zeros(shape);
        if (name.ends_with(".weight")) {
            tensor.normal_(0, std::sqrt(2.0 / static_cast<double>(shape[1])), generator);
        } else if (name == "scale") {
            tensor.fill_(1);
        }
        parameters.emplace(name, std::move(tensor));
    }
    return parameters;
}

ScoreNetwork::ScoreNetwork(NamedTensors parameters, std::int64_t features)
    : m_parameters(std::move(parameters))
{
    requireShapes(m_parameters, shapes(features), "the score network");
}

at::Tensor ScoreNetwork::operator()(const at::Tensor& features) const
{
    const auto& get = m_parameters;
    auto x = ((features - get.at("mean")) * get.at("scale")).clamp(-5, 5);
    x = at::gelu(at::linear(x, get.at("0.weight"), get.at("0.bias")));
    x = at::gelu(at::linear(x, get.at("1.weight"), get.at("1.bias")));
    return at::linear(x, get.at("2.weight"), get.at("2.bias")).squeeze(1).sigmoid();
}

} // namespace icmoe
