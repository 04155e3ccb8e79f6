#include "inference/training/VoteTraining.h"

#include "core/mask/Metrics.h"
#include "inference/icmoe/Quality.h"
#include "inference/training/Losses.h"
#include "inference/training/ScoreTraining.h"
#include "inference/training/VoteSessions.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <algorithm>
#include <map>
#include <span>

namespace icmoe::training {
namespace {

constexpr double kHeldOutShare = 0.1;
constexpr double kFirstJudgement = 8; ///< the vote begins as a soft choice of the highest score
constexpr double kFurtherJudgements[] = {0, 10, 20, 40, 80};
constexpr double kCuts[] = {kEvenCut, 0.475, 0.45, 0.425, 0.4, 0.35};
constexpr double kThresholds[] = {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7};

double diceOf(const at::Tensor& logits, const KeptBallot& kept)
{
    return icmoe::dice(maskAbove(onSlice(logits, kept.grid)), kept.object->truth);
}

at::Tensor ballotLoss(const VotingNetwork& network, const KeptBallot& kept, const VoteOptions& options)
{
    const auto ballot = unpacked(kept);
    return voteLoss(ballot, network.weights(ballot), kept.grid, kept.truth.to(at::kFloat), options);
}

Outcome tally(const at::Tensor& p, const at::Tensor& weights, double threshold, const KeptBallot& kept)
{
    return icmoe::tally(p, weights, threshold, kept.grid.usedHeight, kept.grid.usedWidth);
}

/// The vote's answer to one ballot.
struct Verdict {
    Outcome outcome;
    at::Tensor signs; ///< answerSigns()
    double dice = 0;
    double iou = 0;
};

Verdict verdictOf(const VotingNetwork& network, const KeptBallot& kept, const Ballot& ballot)
{
    const auto p = ballot.logits.sigmoid();
    Verdict verdict;
    verdict.outcome = tally(p, network.weights(ballot), network.threshold(), kept);
    verdict.signs = answerSigns(ballot, verdict.outcome, disagreement(p, verdict.outcome));
    const auto mask = maskAbove(onSlice(decided(verdict.outcome.p, network.cut()), kept.grid));
    verdict.dice = icmoe::dice(mask, kept.object->truth);
    verdict.iou = icmoe::iou(mask, kept.object->truth);
    return verdict;
}

/// The value of the highest Dice; the first of equals. `playing` gives for a ballot what each value is worth there.
template<typename Value, typename Playing>
Value bestOf(std::span<const Value> values, const std::vector<KeptBallot>& ballots, const Playing& playing)
{
    const at::NoGradGuard noGrad;
    std::vector<double> sums(values.size());
    constexpr std::size_t kStep = 2; // an even part of all pools
    for (std::size_t n = 0; n < ballots.size(); n += kStep) {
        const auto diceWith = playing(ballots[n]);
        for (std::size_t k = 0; k < values.size(); ++k) {
            sums[k] += diceWith(values[k]);
        }
    }
    const double nearly = 1e-4 * static_cast<double>(ballots.size() / kStep);
    const auto best = *std::max_element(sums.begin(), sums.end());
    const auto first = std::find_if(sums.begin(), sums.end(), [&](double sum) { return sum >= best - nearly; });
    return values[first - sums.begin()];
}

double diceOfVote(const Outcome& outcome, double cut, const KeptBallot& kept)
{
    return diceOf(decided(outcome.p, cut), kept);
}

/// How much more the judge's score should count than its gradient made it, everywhere and the more the closer a picture
/// is to those that the experts know: the loss is of probabilities, which gain by averaging where masks lose.
struct Leaning {
    double judgement = 0;
    double familiar = 0;
};

Leaning bestLeaning(const VotingNetwork& network, const std::vector<KeptBallot>& ballots)
{
    std::vector<Leaning> leanings;
    for (const double judgement : kFurtherJudgements) {
        for (const double familiar : kFurtherJudgements) {
            leanings.push_back({judgement, familiar});
        }
    }
    return bestOf<Leaning>(leanings, ballots, [&network](const KeptBallot& kept) {
        const auto ballot = unpacked(kept);
        return [&kept, p = ballot.logits.sigmoid(), votes = network.votes(ballot),
                score = ballot.score.view({-1, 1, 1}), close = closeness(ballot.strangeness)](const Leaning& leaning) {
            const auto further = leaning.judgement + close * leaning.familiar;
            return diceOfVote(tally(p, weightsOf(votes + further * score), 0, kept), kEvenCut, kept);
        };
    });
}

double bestCut(const VotingNetwork& network, const std::vector<KeptBallot>& ballots)
{
    return bestOf<double>(kCuts, ballots, [&network](const KeptBallot& kept) {
        const auto ballot = unpacked(kept);
        return [&kept, outcome = tally(ballot.logits.sigmoid(), network.weights(ballot), 0, kept)](double cut) {
            return diceOfVote(outcome, cut, kept);
        };
    });
}

double bestThreshold(const VotingNetwork& network, const std::vector<KeptBallot>& ballots)
{
    return bestOf<double>(kThresholds, ballots, [&network](const KeptBallot& kept) {
        const auto ballot = unpacked(kept);
        return [&kept, cut = network.cut(), p = ballot.logits.sigmoid(), weights = network.weights(ballot)](
                   double threshold) { return diceOfVote(tally(p, weights, threshold, kept), cut, kept); };
    });
}

NamedTensors fitQuality(const VotingNetwork& network, const std::vector<KeptBallot>& ballots)
{
    const at::NoGradGuard noGrad;
    std::vector<at::Tensor> signs;
    std::vector<double> iou;
    for (const auto& kept : ballots) {
        const auto ballot = unpacked(kept);
        const auto verdict = verdictOf(network, kept, ballot);
        signs.push_back(verdict.signs);
        iou.push_back(verdict.iou);
    }
    return QualityEstimate::fitted(at::stack(signs), at::tensor(at::ArrayRef<double>(iou), at::kFloat));
}

VoteTable tableOf(const VotingNetwork& network, const QualityEstimate& quality, const std::vector<KeptBallot>& ballots)
{
    const at::NoGradGuard noGrad;
    VoteTable table;
    table.cases = static_cast<int>(ballots.size());
    const double share = 1.0 / std::max(1, table.cases);
    std::vector<evaluation::QualityPair> pairs;
    for (const auto& kept : ballots) {
        const auto ballot = unpacked(kept);
        for (std::int64_t n = 0; n < ballot.logits.size(0); ++n) {
            auto& [sum, count] = table.voices[kept.names[static_cast<std::size_t>(n)]];
            sum += kept.dice[n].item<double>();
            ++count;
        }
        const auto diceOfVoice = [&](const at::Tensor& sign) {
            return kept.dice[sign.argmax().item<std::int64_t>()].item<double>();
        };
        const auto verdict = verdictOf(network, kept, ballot);
        table.best += share * kept.dice.max().item<double>();
        table.base += share * kept.dice[0].item<double>(); // it speaks first
        table.mean += share * diceOf(decided(ballot.logits.sigmoid().mean(0), kEvenCut), kept);
        table.vote += share * verdict.dice;
        table.quickest += share * diceOfVoice(ballot.predictedIou);
        table.scored += share * diceOfVoice(ballot.score);
        pairs.push_back({quality(verdict.signs), verdict.iou});
    }
    for (auto& [name, of] : table.voices) {
        of.first /= std::max(1, of.second);
    }
    table.reliability = evaluation::reliabilityOf(pairs);
    return table;
}

} // namespace

at::Tensor voteLoss(const Ballot& ballot, const at::Tensor& weights, const NetworkGrid& grid, const at::Tensor& truth,
                    const VoteOptions& options)
{
    const auto p = ballot.logits.sigmoid();
    const auto wanted = usedPart(truth, grid);
    const auto own = maskLoss(decided(usedPart((weights * p).sum(0), grid), kEvenCut), wanted);
    const auto alone = maskLoss(usedPart(ballot.logits[0], grid), wanted).detach(); // what the base says comes first
    return own + options.guard * (own - alone).clamp_min(0) +
           options.labelConsistency *
               labelConsistencyLoss(usedPart(p, grid), usedPart(weights, grid), wanted, options.temperature);
}

Result<NamedTensors> trainSelector(const Council& council, ViewLibrary& library, const VoteOptions& options,
                                   const StepProgress& progress, std::stop_token stop)
{
    std::vector<at::Tensor> features;
    std::vector<at::Tensor> dice;
    const CaseSampler sampler(library, options.setWeights, options.views);
    for (int n = 0; n < options.questions; ++n) {
        if (stop.stop_requested()) {
            return fail(ErrorCode::cancelled, "interrupted");
        }
        const at::NoGradGuard noGrad;
        Random random(seedOf(options.seed, "selector " + std::to_string(n)));
        const auto one = sampler.draw(random);
        const auto& view = library.views()[one.view];
        const auto picture = library.features(one.view);
        if (!picture) {
            return fail(picture.error());
        }
        auto prompts =
            openWith(random.uniform() < 0.85 ? Opening::click : Opening::scribble, one.object->truth, random);
        if (random.uniform() < 0.3) {
            if (const auto more = firstClick(one.object->truth, random)) {
                addClick(prompts, *more);
            }
        }
        prompts = canonicalOrder(std::move(prompts));
        const auto question = council.ask(prompts, view.grid);
        if (!question || !question->areGuesses) {
            continue;
        }
        const auto context = council.prepare(*picture, view.grid);
        const auto list = council.hypotheses(context, question->boxes);
        features.push_back(hypothesisFeatures(list, Council::sceneOf(context, readPrompts(prompts, view.grid))));
        auto truth = at::empty({static_cast<std::int64_t>(list.size())});
        for (std::size_t k = 0; k < list.size(); ++k) {
            truth[static_cast<std::int64_t>(k)] =
                icmoe::dice(maskAbove(onSlice(list[k].logits, view.grid)), one.object->truth);
        }
        dice.push_back(truth.to(features.back().device()));
        progress({n + 1, options.questions, 0, 0, 0, 0});
    }
    if (features.empty()) {
        return fail(ErrorCode::emptyInput, "there is no picture for the selector", {}, "Raise --vote-share");
    }
    return fitScores(features, dice, {options.selectorSteps, options.seed, "selector"});
}

namespace {

Result<std::vector<VoteSessions>> sessionsOf(const std::vector<VotePool>& pools, ViewLibrary& library,
                                             const VoteOptions& options)
{
    std::vector<VoteSessions> sessions;
    for (const auto& pool : pools) {
        if (pool.views.empty()) {
            return fail(ErrorCode::emptyInput, "there is no picture for the vote in the pool " + pool.name, {},
                        "Raise --vote-share");
        }
        sessions.emplace_back(pool, library, options, options.sessions);
    }
    return sessions;
}

} // namespace

Status playSessions(const std::vector<VotePool>& pools, ViewLibrary& library, const VoteOptions& options, int worker,
                    int workers, const StepProgress& progress, const std::stop_token& stop)
{
    auto sessions = sessionsOf(pools, library, options);
    if (!sessions) {
        return fail(sessions.error());
    }
    for (int n = 0; n < options.cases; ++n) {
        if (stop.stop_requested()) {
            return fail(ErrorCode::cancelled, "interrupted");
        }
        auto& own = (*sessions)[static_cast<std::size_t>(n) % pools.size()];
        const auto round = n / static_cast<int>(pools.size()); // so that each worker plays all pools
        if (round % workers == worker && !own.isKept(n)) {
            if (auto played = own.play(n); !played) {
                return fail(played.error());
            }
        }
        progress({n + 1, options.cases, 0, 0, 0, 0});
    }
    return {};
}

Result<TrainedVote> trainVote(const std::vector<VotePool>& pools, ViewLibrary& library, const VoteOptions& options,
                              const StepProgress& progress, std::stop_token stop)
{
    auto sessions = sessionsOf(pools, library, options);
    if (!sessions) {
        return fail(sessions.error());
    }
    std::vector<KeptBallot> ballots;
    std::vector<JudgedVoices> judged;
    std::map<std::string, std::vector<KeptBallot>> heldOut;
    // at least one of every pool
    const int unseen = std::max(static_cast<int>(options.cases * kHeldOutShare), static_cast<int>(pools.size()));
    for (int n = 0; n < options.cases; ++n) {
        if (stop.stop_requested()) {
            return fail(ErrorCode::cancelled, "interrupted");
        }
        const auto pool = static_cast<std::size_t>(n) % pools.size();
        auto played = (*sessions)[pool].play(n);
        if (!played) {
            return fail(played.error());
        }
        if (n >= unseen) {
            for (const auto& kept : played->ballots) {
                judged.push_back({kept.features, kept.dice, kept.picture, kept.set});
            }
            std::move(played->between.begin(), played->between.end(), std::back_inserter(judged));
        }
        auto& kept = n < unseen ? heldOut[pools[pool].name] : ballots;
        std::move(played->ballots.begin(), played->ballots.end(), std::back_inserter(kept));
        progress({n + 1, options.cases + options.steps, 0, 0, 0, 0});
    }
    TrainedVote trained;
    if (options.judge) {
        const ScoreOptions judging{options.judgeSteps, options.seed, "judge"};
        scoreUnseen(judged, judging, ballots);
        trained.judge = fitJudge(judged, judging);
        for (auto& [pool, unjudged] : heldOut) {
            score(trained.judge, unjudged);
        }
    }
    auto parameters = on(ballots.at(0).truth.device(), VotingNetwork::fresh(options.seed));
    if (options.judge) {
        parameters.at("judgement").fill_(kFirstJudgement);
    }
    NamedTensors learned = parameters;
    for (const auto* searched : kSearched) {
        learned.erase(searched);
    }
    AdamW optimizer(learned, {.rate = 1e-2, .averaging = 0.995});
    const VotingNetwork network(parameters); // shares the optimizer's tensors
    double running = 0;
    for (int step = 0; step < options.steps; ++step) {
        if (stop.stop_requested()) {
            return fail(ErrorCode::cancelled, "interrupted");
        }
        Random random(seedOf(options.seed, "vote step " + std::to_string(step)));
        optimizer.zeroGradients();
        double sum = 0;
        for (int k = 0; k < options.batch; ++k) {
            const auto loss = ballotLoss(network, ballots[random.below(ballots.size())], options) / options.batch;
            loss.backward();
            sum += loss.item<double>();
        }
        optimizer.step(rateFactor(step, options.steps));
        running = step == 0 ? sum : 0.98 * running + 0.02 * sum;
        progress({options.cases + step + 1, options.cases + options.steps, running, 0, 0, 0});
    }
    trained.parameters = optimizer.averaged();
    const auto setTo = [&](const char* name, double value) {
        trained.parameters[name] = at::full({1}, static_cast<float>(value), trained.parameters.at("bias").options());
    };
    setTo("threshold", 0);
    setTo("familiar", 0);
    setTo("cut", kEvenCut);
    if (options.judge) {
        const auto leaning = bestLeaning(VotingNetwork(trained.parameters), ballots);
        trained.parameters["judgement"] = trained.parameters.at("judgement") + leaning.judgement;
        setTo("familiar", leaning.familiar);
    }
    setTo("cut", bestCut(VotingNetwork(trained.parameters), ballots));
    setTo("threshold", bestThreshold(VotingNetwork(trained.parameters), ballots));
    const VotingNetwork averaged(trained.parameters);
    trained.quality = fitQuality(averaged, ballots);
    for (const auto& [pool, unseenBallots] : heldOut) {
        trained.tables.emplace(pool, tableOf(averaged, QualityEstimate(trained.quality), unseenBallots));
    }
    return trained;
}

} // namespace icmoe::training
