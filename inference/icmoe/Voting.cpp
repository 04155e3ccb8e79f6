#include "inference/icmoe/Voting.h"

#include "inference/icmoe/ExpertParameters.h"
#include "inference/icmoe/TensorShapes.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace icmoe {
namespace {

constexpr std::int64_t kHidden = 24;
constexpr std::int64_t kEmbedded = 8;
/// p, its entropy, mean and spread over voices, p − mean; predicted IoU, routing, score, familiarity, strangeness,
/// agreement with the mean, area; prompt maps; the projected embedding.
constexpr std::int64_t kFeatures = 5 + 7 + kPromptMaps + kEmbedded;
constexpr std::int64_t kSide = 128; ///< votes are cast at half the resolution and drawn out

TensorShapes shapes()
{
    return {{"embedding.weight", {kEmbedded, 256}},
            {"embedding.bias", {kEmbedded}},
            {"input.weight", {kHidden, kFeatures, 1, 1}},
            {"input.bias", {kHidden}},
            {"family", {static_cast<std::int64_t>(VoterFamily::count), kHidden}},
            {"around.weight", {kHidden, 1, 5, 5}},
            {"around.bias", {kHidden}},
            {"middle.weight", {kHidden, kHidden, 1, 1}},
            {"middle.bias", {kHidden}},
            {"output.weight", {1, kHidden, 1, 1}},
            {"bias", {static_cast<std::int64_t>(VoterFamily::count)}},
            {"judgement", {1}},
            {"familiar", {1}},
            {"cut", {1}},
            {"threshold", {1}}};
}

at::Tensor entropy(const at::Tensor& p)
{
    const auto q = p.clamp(1e-6, 1 - 1e-6);
    return -(q * q.log() + (1 - q) * (1 - q).log());
}

/// One value a voice, everywhere.
at::Tensor everywhere(const at::Tensor& perVoice)
{
    return perVoice.view({-1, 1, 1}).expand({-1, kSide, kSide});
}

} // namespace

NamedTensors VotingNetwork::fresh(std::uint64_t seed)
{
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    NamedTensors parameters;
    for (const auto& [name, shape] : shapes()) {
        auto tensor = at::zeros(shape);
        if (name.ends_with(".weight") && name != "output.weight") {
            const auto fan = static_cast<double>(tensor.numel() / shape[0]);
            tensor.normal_(0, std::sqrt(2 / fan), generator);
        } else if (name == "cut") {
            tensor.fill_(kEvenCut);
        } else if (name == "family") {
            tensor.normal_(0, 0.3, generator);
        }
        parameters.emplace(name, std::move(tensor));
    }
    return parameters;
}

VotingNetwork::VotingNetwork(NamedTensors parameters)
    : m_parameters(std::move(parameters))
{
    requireShapes(m_parameters, shapes(), "the voting network");
    if (!(cut() > 0 && cut() < 1)) {
        throw std::invalid_argument("the voting network's cut is no share");
    }
}

double VotingNetwork::threshold() const
{
    return m_parameters.at("threshold").item<double>();
}

double VotingNetwork::cut() const
{
    return m_parameters.at("cut").item<double>();
}

at::Tensor VotingNetwork::features(const Ballot& ballot) const
{
    const auto& get = m_parameters;
    const auto count = ballot.logits.size(0);
    const auto p = at::avg_pool2d(ballot.logits.sigmoid().unsqueeze(1), 2).squeeze(1); // V×128×128
    const auto mean = p.mean(0, true);
    const auto spread = (p - mean).square().mean(0, true).sqrt();
    const auto mask = (p >= 0.5).to(at::kFloat);
    const auto majority = (mean >= 0.5).to(at::kFloat);
    const auto both = (mask * majority).sum(at::IntArrayRef{1, 2});
    const auto either = at::maximum(mask, majority).sum(at::IntArrayRef{1, 2});
    const auto agreement = (both + 1) / (either + 1);
    const auto area = (mask.mean(at::IntArrayRef{1, 2}) + 1e-4).log() * 0.2;
    const auto familiarity = at::full({count}, static_cast<float>(ballot.familiarity), p.options());
    const auto strangeness = at::full({count}, static_cast<float>(ballot.strangeness), p.options());
    const auto ofVoices =
        at::stack({p * 2 - 1, entropy(p), mean.expand_as(p), spread.expand_as(p), p - mean,
                   everywhere(ballot.predictedIou), everywhere(ballot.routing), everywhere(ballot.score),
                   everywhere(familiarity), everywhere(strangeness), everywhere(agreement), everywhere(area)},
                  1); // V×12×128×128
    const auto maps = at::avg_pool2d(ballot.maps.unsqueeze(0), 2);
    const auto embedded = at::linear(ballot.embedding, get.at("embedding.weight"), get.at("embedding.bias"))
                              .t()
                              .view({1, kEmbedded, 64, 64});
    const auto shared = at::cat({maps, at::upsample_bilinear2d(embedded, {kSide, kSide}, false)}, 1);
    return at::cat({ofVoices, shared.expand({count, -1, -1, -1})}, 1);
}

at::Tensor VotingNetwork::weights(const Ballot& ballot) const
{
    return weightsOf(votes(ballot));
}

at::Tensor VotingNetwork::votes(const Ballot& ballot) const
{
    const auto& get = m_parameters;
    const auto family = get.at("family").index_select(0, ballot.families).view({-1, kHidden, 1, 1});
    auto x = at::gelu(at::conv2d(features(ballot), get.at("input.weight"), get.at("input.bias")) + family);
    x = x + at::gelu(at::conv2d(x, get.at("around.weight"), get.at("around.bias"), 1, 2, 1, kHidden));
    x = at::gelu(at::conv2d(x, get.at("middle.weight"), get.at("middle.bias")));
    const auto bias = get.at("bias").index_select(0, ballot.families).view({-1, 1, 1, 1});
    const auto judgement = get.at("judgement") + closeness(ballot.strangeness) * get.at("familiar");
    const auto score = (judgement * ballot.score).view({-1, 1, 1, 1});
    const auto votes = (at::conv2d(x, get.at("output.weight")) + bias + score).squeeze(1);
    return ballot.bias.defined() ? votes + ballot.bias.view({-1, 1, 1}) : votes;
}

double closeness(double strangeness)
{
    return std::clamp(1 - strangeness, 0.0, 1.0);
}

at::Tensor decided(const at::Tensor& p, double cut)
{
    return at::logit(p, 1e-7) - std::log(cut / (1 - cut));
}

at::Tensor weightsOf(const at::Tensor& votes)
{
    return at::upsample_bilinear2d(votes.unsqueeze(1), {2 * kSide, 2 * kSide}, false).squeeze(1).softmax(0);
}

Outcome tally(const at::Tensor& p, const at::Tensor& weights, double threshold, int usedHeight, int usedWidth)
{
    const auto count = p.size(0);
    const auto majority = (weights * p).sum(0) >= 0.5;
    const auto mean = weights.slice(1, 0, usedHeight).slice(2, 0, usedWidth).mean(at::IntArrayRef{1, 2});
    const auto heaviest = mean.argmax().item<std::int64_t>();
    Outcome outcome;
    auto kept = at::ones({count}, p.options());
    for (std::int64_t voice = 0; voice < count; ++voice) {
        const auto mask = p[voice] >= 0.5;
        const auto both = at::logical_and(mask, majority).sum().item<double>();
        const auto either = at::logical_or(mask, majority).sum().item<double>();
        const double agreement = either > 0 ? both / either : 1;
        outcome.dropped.push_back(voice != heaviest && agreement < threshold);
        kept[voice] = outcome.dropped.back() ? 0.0F : 1.0F;
    }
    const auto left = weights * kept.view({-1, 1, 1});
    const auto sum = left.sum(0, true);
    // where all that is left had no weight at all, the heaviest voice speaks alone
    auto alone = at::zeros({count, 1, 1}, p.options());
    alone[heaviest] = 1;
    outcome.weights = at::where(sum > 1e-12, left / sum.clamp_min(1e-12), alone);
    outcome.p = (outcome.weights * p).sum(0);
    return outcome;
}

at::Tensor disagreement(const at::Tensor& p, const Outcome& outcome)
{
    const auto same = ((p >= 0.5) == (outcome.p >= 0.5).unsqueeze(0)).to(at::kFloat);
    return (1 - (outcome.weights * same).sum(0)).clamp(0, 1);
}

} // namespace icmoe
