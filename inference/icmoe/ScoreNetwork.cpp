#include "inference/icmoe/ScoreNetwork.h"

#include "inference/icmoe/TensorShapes.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <cmath>
#include <string>

namespace icmoe {
namespace {

constexpr std::int64_t kHidden = 32;

constexpr std::int64_t kCompared = 3; // columns of each feature

TensorShapes shapes(std::int64_t features)
{
    return {{"mean", {kCompared * features}},
            {"scale", {kCompared * features}},
            {"0.weight", {kScoreMembers, kCompared * features, kHidden}},
            {"0.bias", {kScoreMembers, 1, kHidden}},
            {"1.weight", {kScoreMembers, kHidden, kHidden}},
            {"1.bias", {kScoreMembers, 1, kHidden}},
            {"2.weight", {kScoreMembers, kHidden, 1}},
            {"2.bias", {kScoreMembers, 1, 1}}};
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

at::Tensor ScoreNetwork::compared(const at::Tensor& features)
{
    return at::cat({features, features - features.mean(0), features - features.amax(0)}, 1);
}

at::Tensor ScoreNetwork::ofMembers(const at::Tensor& rows) const
{
    const auto& get = m_parameters;
    const auto layer = [&](const at::Tensor& x, const std::string& name) {
        return at::matmul(x, get.at(name + ".weight")) + get.at(name + ".bias");
    };
    const auto x = ((rows - get.at("mean")) * get.at("scale")).clamp(-5, 5);
    return layer(at::gelu(layer(at::gelu(layer(x, "0")), "1")), "2").squeeze(2).sigmoid();
}

} // namespace icmoe
