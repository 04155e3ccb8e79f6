#include "inference/icmoe/Quality.h"

#include "inference/icmoe/Dilation.h"
#include "inference/icmoe/PromptReading.h"

#include <ATen/ATen.h>
#include <stdexcept>

namespace icmoe {
namespace {

constexpr int kBand = 3; ///< pixels on either side of the outline
constexpr int kNewtonSteps = 12;
constexpr double kRidge = 1e-3; ///< times the number of answers

at::Tensor scaled(const NamedTensors& parameters, const at::Tensor& signs)
{
    return (signs - parameters.at("mean")) * parameters.at("scale");
}

} // namespace

at::Tensor boundaryBand(const at::Tensor& mask)
{
    const auto inside = mask.to(at::kFloat).unsqueeze(0);
    return at::logical_and(dilated(inside, kBand) > 0.5, eroded(inside, kBand) < 0.5)[0];
}

double meanOver(const at::Tensor& band, const at::Tensor& map)
{
    const auto share = band.to(at::kFloat);
    return ((map * share).sum() / share.sum().clamp_min(1)).item<double>();
}

at::Tensor answerSigns(const Ballot& ballot, const Outcome& outcome, const at::Tensor& disagreement)
{
    const auto mask = outcome.p >= 0.5;
    const auto band = boundaryBand(mask);
    const auto share = outcome.weights.mean(at::IntArrayRef{1, 2});
    const auto iou = ballot.predictedIou.to(share.device()).clamp(0, 1);
    double kept = 0;
    for (const bool dropped : outcome.dropped) {
        kept += dropped ? 0 : 1;
    }
    const double signs[kSigns] = {(iou * share).sum().item<double>(),
                                  iou.max().item<double>(),
                                  meanOver(band, disagreement),
                                  meanOver(band, (2 * outcome.p - 1).abs()),
                                  ballot.familiarity,
                                  ballot.strangeness,
                                  ballot.score.max().item<double>(),
                                  ballot.maps[kBoxInterior].max().item<double>(),
                                  0.1 * (mask.sum() + 1).log().item<double>(),
                                  kept / static_cast<double>(outcome.dropped.size())};
    return at::tensor(at::ArrayRef<double>(signs), at::kFloat);
}

QualityEstimate::QualityEstimate(NamedTensors parameters)
    : m_parameters(std::move(parameters))
{
    for (const auto& [name, size] : {std::pair{"mean", kSigns}, {"scale", kSigns}, {"weight", kSigns + 1}}) {
        const auto found = m_parameters.find(name);
        if (found == m_parameters.end() || found->second.dim() != 1 || found->second.size(0) != size) {
            throw std::invalid_argument(std::string("the estimate of quality lacks the tensor ") + name +
                                        " or it has another shape");
        }
    }
    if (m_parameters.size() != 3) {
        throw std::invalid_argument("the estimate of quality has too many tensors");
    }
}

NamedTensors QualityEstimate::fitted(const at::Tensor& signs, const at::Tensor& iou)
{
    const auto count = signs.size(0);
    if (count == 0) {
        throw std::invalid_argument("an estimate of quality needs answers");
    }
    NamedTensors parameters;
    parameters["mean"] = signs.mean(0);
    parameters["scale"] = 1 / ((signs - parameters["mean"]).square().mean(0).sqrt() + 1e-2);
    const auto x = at::cat({scaled(parameters, signs), at::ones({count, 1})}, 1).to(at::kDouble);
    const auto y = iou.to(at::kDouble);
    auto weight = at::zeros({kSigns + 1}, at::kDouble);
    const auto ridge = at::eye(kSigns + 1, at::kDouble) * (kRidge * static_cast<double>(count));
    for (int step = 0; step < kNewtonSteps; ++step) { // of the logistic likelihood, which has one maximum
        const auto p = at::matmul(x, weight).sigmoid();
        const auto slope = at::matmul(x.t(), y - p) - at::matmul(ridge, weight);
        const auto curve = at::matmul(x.t() * (p * (1 - p)), x) + ridge;
        weight = weight + at::linalg_solve(curve, slope);
    }
    parameters["weight"] = weight.to(at::kFloat);
    return parameters;
}

double QualityEstimate::operator()(const at::Tensor& signs) const
{
    const auto x = at::cat({scaled(m_parameters, signs), at::ones({1})});
    return (x * m_parameters.at("weight")).sum().sigmoid().item<double>();
}

} // namespace icmoe
