#include "inference/training/AdamW.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <cmath>

namespace icmoe::training {

AdamW::AdamW(std::map<std::string, at::Tensor> parameters, Options options)
    : m_parameters(std::move(parameters))
    , m_options(options)
{
    for (auto& [name, parameter] : m_parameters) {
        parameter.requires_grad_(true);
        m_first.emplace(name, at::zeros_like(parameter));
        m_second.emplace(name, at::zeros_like(parameter));
        m_average.emplace(name, parameter.detach().clone());
    }
}

void AdamW::zeroGradients()
{
    for (auto& [name, parameter] : m_parameters) {
        parameter.mutable_grad() = at::Tensor();
    }
}

std::vector<at::Tensor> AdamW::gradients()
{
    std::vector<at::Tensor> list;
    for (auto& [name, parameter] : m_parameters) {
        if (!parameter.grad().defined()) {
            parameter.mutable_grad() = at::zeros_like(parameter);
        }
        list.push_back(parameter.grad());
    }
    return list;
}

double AdamW::step(double factor)
{
    const at::NoGradGuard noGrad;
    std::vector<at::Tensor> gradients;
    std::vector<at::Tensor> learning;
    std::vector<at::Tensor> first;
    std::vector<at::Tensor> second;
    std::vector<at::Tensor> all;
    std::vector<at::Tensor> averages;
    for (const auto& [name, parameter] : m_parameters) {
        if (parameter.grad().defined()) {
            gradients.push_back(parameter.grad());
            learning.push_back(parameter);
            first.push_back(m_first.at(name));
            second.push_back(m_second.at(name));
        }
        all.push_back(parameter);
        averages.push_back(m_average.at(name));
    }
    // read at once: a device would wait for each
    const double length =
        gradients.empty() ? 0 : at::stack(at::_foreach_norm(gradients)).to(at::kDouble).norm().item<double>();
    if (!std::isfinite(length)) {
        return length; // a step of nonsense is not taken
    }
    const double cut = std::min(1.0, m_options.gradientNorm / (length + 1e-12));
    ++m_steps;
    const double correction1 = 1 - std::pow(m_options.beta1, static_cast<double>(m_steps));
    const double correction2 = 1 - std::pow(m_options.beta2, static_cast<double>(m_steps));
    const double rate = m_options.rate * factor;
    // the average follows faster in the beginning
    const double keep =
        std::min(m_options.averaging, (1.0 + static_cast<double>(m_steps)) / (10.0 + static_cast<double>(m_steps)));
    if (!gradients.empty()) { // all tensors at once: a device has few and long things to do
        const auto gradient = at::_foreach_mul(gradients, cut);
        at::_foreach_mul_(first, m_options.beta1);
        at::_foreach_add_(first, gradient, 1 - m_options.beta1);
        at::_foreach_mul_(second, m_options.beta2);
        at::_foreach_addcmul_(second, gradient, gradient, 1 - m_options.beta2);
        at::_foreach_mul_(learning, 1 - rate * m_options.weightDecay);
        auto scale = at::_foreach_div(second, correction2);
        at::_foreach_sqrt_(scale);
        at::_foreach_add_(scale, 1e-8);
        at::_foreach_addcdiv_(learning, first, scale, -rate / correction1);
    }
    at::_foreach_mul_(averages, keep);
    at::_foreach_add_(averages, all, 1 - keep);
    return length;
}

std::map<std::string, at::Tensor> AdamW::averaged() const
{
    std::map<std::string, at::Tensor> copies;
    for (const auto& [name, average] : m_average) {
        copies.emplace(name, average.clone());
    }
    return copies;
}

std::map<std::string, at::Tensor> AdamW::state() const
{
    std::map<std::string, at::Tensor> all;
    for (const auto& [name, parameter] : m_parameters) {
        all.emplace("parameter." + name, parameter.detach());
        all.emplace("first." + name, m_first.at(name));
        all.emplace("second." + name, m_second.at(name));
        all.emplace("average." + name, m_average.at(name));
    }
    all.emplace("steps", at::full({1}, static_cast<double>(m_steps), at::kFloat));
    return all;
}

void AdamW::restore(const std::map<std::string, at::Tensor>& state)
{
    const at::NoGradGuard noGrad;
    for (auto& [name, parameter] : m_parameters) {
        parameter.copy_(state.at("parameter." + name));
        m_first.at(name).copy_(state.at("first." + name));
        m_second.at(name).copy_(state.at("second." + name));
        m_average.at(name).copy_(state.at("average." + name));
    }
    m_steps = static_cast<std::int64_t>(state.at("steps").item<float>());
}

} // namespace icmoe::training
