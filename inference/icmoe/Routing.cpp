#include "inference/icmoe/Routing.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <cmath>
#include <stdexcept>

namespace icmoe {
namespace {

constexpr std::int64_t kProjected = 128;
constexpr std::int64_t kRouted = 32;
constexpr double kTemperature = 0.1;

} // namespace

NamedTensors Routing::fresh(int adaptiveExperts, std::uint64_t seed)
{
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    const auto random = [&](std::int64_t out, std::int64_t in) {
        return at::zeros({out, in}).normal_(0, 1 / std::sqrt(static_cast<double>(in)), generator);
    };
    constexpr std::int64_t kInput = 256 + 256 + kCaseStatistics;
    return {{"g.0.weight", random(kProjected, 256)},
            {"g.0.bias", at::zeros({kProjected})},
            {"g.1.weight", random(kMeaning, kProjected)},
            {"g.1.bias", at::zeros({kMeaning})},
            {"router.0.weight", random(kRouted, kInput)},
            {"router.0.bias", at::zeros({kRouted})},
            {"router.1.weight", random(adaptiveExperts, kRouted)},
            {"router.1.bias", at::zeros({adaptiveExperts})},
            {"router.noise.weight", at::zeros({adaptiveExperts, kRouted})},
            {"router.noise.bias", at::zeros({adaptiveExperts})}};
}

Routing::Routing(NamedTensors parameters)
    : m_parameters(std::move(parameters))
{
    const auto router = m_parameters.find("router.1.bias");
    const auto adaptive = router != m_parameters.end() ? static_cast<int>(router->second.size(0)) : 0;
    auto expected = fresh(adaptive, 0);
    const auto prototypes = m_parameters.find("prototypes");
    if (prototypes != m_parameters.end()) {
        const auto count = prototypes->second.size(0);
        expected.emplace("prototypes", at::empty({count, kMeaning}));
        expected.emplace("owner", at::empty({count}));
    }
    if (m_parameters.size() != expected.size()) {
        throw std::invalid_argument("the routing has too many or too few tensors");
    }
    for (const auto& [name, tensor] : expected) {
        const auto found = m_parameters.find(name);
        if (found == m_parameters.end() || found->second.sizes() != tensor.sizes()) {
            throw std::invalid_argument("the routing lacks the tensor " + name + " or it has another shape");
        }
    }
}

at::Tensor Routing::project(const at::Tensor& x) const
{
    const auto& get = m_parameters;
    const auto hidden = at::gelu(at::linear(x, get.at("g.0.weight"), get.at("g.0.bias")));
    const auto y = at::linear(hidden, get.at("g.1.weight"), get.at("g.1.bias"));
    return y / y.norm(2, at::IntArrayRef{-1}, true).clamp_min(1e-6);
}

at::Tensor Routing::pooled(const at::Tensor& embedding, const at::Tensor& mask)
{
    const auto cells = at::avg_pool2d(mask.to(embedding.device()).unsqueeze(0).unsqueeze(0), 4).flatten(); // 4096
    return at::matmul(cells, embedding) / cells.sum().clamp_min(1e-6);
}

SemanticChoice Routing::semantic(const at::Tensor& query, std::optional<std::int64_t> named) const
{
    const auto& prototypes = m_parameters.at("prototypes");
    const auto owners = m_parameters.at("owner").to(at::kCPU, at::kLong).contiguous();
    const auto cosines = at::matmul(prototypes, query).cpu().contiguous();
    const auto* cosine = cosines.const_data_ptr<float>();
    const auto* owner = owners.const_data_ptr<std::int64_t>();
    SemanticChoice choice;
    std::vector<double> best; // of each expert's prototypes
    for (std::int64_t k = 0; k < cosines.size(0); ++k) {
        best.resize(std::max(best.size(), static_cast<std::size_t>(owner[k]) + 1), -1.0);
        auto& of = best[static_cast<std::size_t>(owner[k])];
        of = std::max(of, static_cast<double>(cosine[k]));
        if (cosine[k] > cosine[choice.prototype]) {
            choice.prototype = k;
        }
    }
    choice.familiarity = cosine[choice.prototype];
    if (named) {
        choice.prototype = *named;
        choice.expert = owner[*named];
        return choice;
    }
    choice.expert = owner[choice.prototype];
    double sum = 0;
    for (const double of : best) {
        sum += std::exp((of - choice.familiarity) / kTemperature);
    }
    choice.weight = 1 / sum;
    return choice;
}

at::Tensor Routing::hidden(const at::Tensor& pooled, const at::Tensor& summary, const at::Tensor& statistics) const
{
    const auto input = at::cat({pooled, summary, statistics}, 1);
    return at::gelu(at::linear(input, m_parameters.at("router.0.weight"), m_parameters.at("router.0.bias")));
}

at::Tensor Routing::scores(const at::Tensor& pooled, const at::Tensor& summary, const at::Tensor& statistics) const
{
    return at::linear(hidden(pooled, summary, statistics), m_parameters.at("router.1.weight"),
                      m_parameters.at("router.1.bias"));
}

at::Tensor Routing::noise(const at::Tensor& pooled, const at::Tensor& summary, const at::Tensor& statistics) const
{
    return at::softplus(at::linear(hidden(pooled, summary, statistics), m_parameters.at("router.noise.weight"),
                                   m_parameters.at("router.noise.bias"))) +
           1e-2;
}

AdaptiveChoice Routing::topTwo(const at::Tensor& scores)
{
    const auto values = scores.cpu().contiguous();
    const auto* score = values.const_data_ptr<float>();
    AdaptiveChoice choice;
    std::int64_t first = 0;
    for (std::int64_t n = 1; n < values.size(0); ++n) {
        first = score[n] > score[first] ? n : first;
    }
    std::int64_t second = first == 0 ? 1 : 0;
    for (std::int64_t n = second + 1; n < values.size(0); ++n) {
        second = n != first && score[n] > score[second] ? n : second;
    }
    choice.experts[0] = first;
    choice.experts[1] = second;
    choice.weights[0] = 1 / (1 + std::exp(static_cast<double>(score[second]) - score[first]));
    choice.weights[1] = 1 - choice.weights[0];
    return choice;
}

} // namespace icmoe
