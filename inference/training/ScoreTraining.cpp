#include "inference/training/ScoreTraining.h"

#include "inference/icmoe/Judge.h"
#include "inference/icmoe/ScoreNetwork.h"
#include "inference/training/AdamW.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <algorithm>
#include <set>

namespace icmoe::training {
namespace {

/// Lists of masks that compete, padded to the longest.
struct MaskLists {
    at::Tensor rows;  ///< [N, M, 3 · features], compared
    at::Tensor dice;  ///< [N, M]
    at::Tensor there; ///< [N, M] 1, or 0 where a list is shorter
};

MaskLists listsOf(const std::vector<at::Tensor>& features, const std::vector<at::Tensor>& dice)
{
    std::int64_t longest = 0;
    for (const auto& one : dice) {
        longest = std::max(longest, one.size(0));
    }
    std::vector<at::Tensor> rows;
    std::vector<at::Tensor> values;
    std::vector<at::Tensor> there;
    for (std::size_t n = 0; n < features.size(); ++n) {
        const auto missing = longest - dice[n].size(0);
        rows.push_back(at::constant_pad_nd(ScoreNetwork::compared(features[n]), {0, 0, 0, missing}));
        values.push_back(at::constant_pad_nd(dice[n], {0, missing}));
        there.push_back(at::constant_pad_nd(at::ones_like(dice[n]), {0, missing}));
    }
    return {at::stack(rows), at::stack(values), at::stack(there)};
}

/// Of the guesses of all members [members, B, M] about B lists: each mask's Dice, and which mask is the best.
at::Tensor scoreLoss(const at::Tensor& guesses, const at::Tensor& dice, const at::Tensor& there)
{
    constexpr double kSharpness = 1 / 0.05;
    constexpr double kShareOfBest = 0.1;
    const auto absent = (1 - there) * -1e4;
    const auto target = (dice * kSharpness + absent).softmax(-1);
    const auto best = (target * (guesses * kSharpness + absent).log_softmax(-1)).sum(-1);
    const auto error = ((guesses - dice).square() * there).sum(-1) / there.sum(-1);
    return error.mean() - kShareOfBest * best.mean();
}

std::size_t ofPicture(const std::string& picture)
{
    return seedOf(1, picture) % JudgeFolds::kOfPictures;
}

/// Of all lists but those that `isLeftOut`. Empty where none is left.
template<typename IsLeftOut>
NamedTensors fitWithout(const IsLeftOut& isLeftOut, const std::vector<JudgedVoices>& lists, const ScoreOptions& options)
{
    std::vector<at::Tensor> features;
    std::vector<at::Tensor> dice;
    for (const auto& list : lists) {
        if (!isLeftOut(list)) {
            features.push_back(list.features);
            dice.push_back(list.dice.to(list.features.device()));
        }
    }
    return features.empty() ? NamedTensors() : fitScores(features, dice, options);
}

/// Scores of those ballots for which `is` holds.
template<typename Is>
void scoreThose(const NamedTensors& judge, std::vector<KeptBallot>& ballots, const Is& is)
{
    if (judge.empty()) {
        return;
    }
    const at::NoGradGuard noGrad;
    const ScoreNetwork network(judge, kVoiceFeatures);
    for (auto& kept : ballots) {
        if (is(kept)) {
            kept.ballot.score = network(kept.features);
        }
    }
}

} // namespace

NamedTensors fitScores(const std::vector<at::Tensor>& features, const std::vector<at::Tensor>& dice,
                       const ScoreOptions& options)
{
    constexpr std::size_t kBatch = 16;
    const auto width = features.front().size(1);
    const auto lists = listsOf(features, dice);
    const auto device = lists.rows.device();
    auto parameters = on(device, ScoreNetwork::fresh(width, options.seed));
    const auto all = lists.rows.index({lists.there > 0});
    const auto mean = all.mean(0);
    parameters.at("mean").copy_(mean);
    parameters.at("scale").copy_(1 / ((all - mean).square().mean(0).sqrt() + 1e-3));
    NamedTensors learned = parameters;
    learned.erase("mean");
    learned.erase("scale");
    AdamW optimizer(learned, {.rate = 3e-3, .weightDecay = 1e-3, .averaging = 0.995});
    const ScoreNetwork network(parameters, width); // shares the optimizer's tensors
    for (int step = 0; step < options.steps; ++step) {
        Random random(seedOf(options.seed, options.name + " step " + std::to_string(step)));
        std::vector<std::int64_t> drawn(kBatch);
        std::generate(drawn.begin(), drawn.end(),
                      [&] { return static_cast<std::int64_t>(random.below(features.size())); });
        const auto places = at::tensor(drawn, at::kLong).to(device);
        const auto rows = lists.rows.index_select(0, places);
        const auto guesses = network.ofMembers(rows.flatten(0, 1)).view({kScoreMembers, rows.size(0), rows.size(1)});
        optimizer.zeroGradients();
        scoreLoss(guesses, lists.dice.index_select(0, places), lists.there.index_select(0, places)).backward();
        optimizer.step(rateFactor(step, options.steps));
    }
    auto averaged = optimizer.averaged();
    averaged.emplace("mean", parameters.at("mean").detach());
    averaged.emplace("scale", parameters.at("scale").detach());
    return averaged;
}

JudgeFolds::JudgeFolds(const std::vector<JudgedVoices>& lists)
{
    std::set<std::string> sets;
    for (const auto& list : lists) {
        sets.insert(list.set);
    }
    for (const auto& set : sets) {
        m_ofSet.emplace(set, kOfPictures + m_ofSet.size() % kOfSets);
    }
}

std::size_t JudgeFolds::of(const KeptBallot& kept) const
{
    return kept.isOfKnownSet ? ofPicture(kept.picture) : ofSet(kept.set);
}

bool JudgeFolds::isIn(std::size_t fold, const JudgedVoices& list) const
{
    return (fold < kOfPictures ? ofPicture(list.picture) : ofSet(list.set)) == fold;
}

std::size_t JudgeFolds::ofSet(const std::string& set) const
{
    const auto found = m_ofSet.find(set);
    return found != m_ofSet.end() ? found->second : kOfPictures; // no list is of that set, so any judge will do
}

NamedTensors fitJudge(const std::vector<JudgedVoices>& lists, const ScoreOptions& options)
{
    return fitWithout([](const JudgedVoices&) { return false; }, lists, options);
}

void scoreUnseen(const std::vector<JudgedVoices>& lists, const ScoreOptions& options, std::vector<KeptBallot>& ballots)
{
    const JudgeFolds folds(lists);
    for (std::size_t fold = 0; fold < JudgeFolds::kCount; ++fold) {
        const auto isOfFold = [&](const KeptBallot& kept) { return folds.of(kept) == fold; };
        if (std::any_of(ballots.begin(), ballots.end(), isOfFold)) {
            const auto judge =
                fitWithout([&](const JudgedVoices& list) { return folds.isIn(fold, list); }, lists, options);
            scoreThose(judge, ballots, isOfFold);
        }
    }
}

void score(const NamedTensors& judge, std::vector<KeptBallot>& ballots)
{
    scoreThose(judge, ballots, [](const KeptBallot&) { return true; });
}

} // namespace icmoe::training
