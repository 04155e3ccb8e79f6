#include "inference/icmoe/Voting.h"

#include "inference/icmoe/Judge.h"
#include "inference/icmoe/PromptReading.h"
#include "inference/icmoe/ScoreNetwork.h"
#include "inference/training/Losses.h"

#include <ATen/ATen.h>
#include <cmath>
#include <gtest/gtest.h>

namespace icmoe::test {
namespace {

/// Voices that differ: noisy versions of a disc, one of them elsewhere.
Ballot ballot(std::int64_t voices)
{
    at::manual_seed(3);
    Ballot one;
    const auto x = at::arange(256, at::kFloat).view({1, 256}) - 120;
    const auto y = at::arange(256, at::kFloat).view({256, 1}) - 130;
    const auto disc = 40 - (x * x + y * y).sqrt();
    one.logits = disc.unsqueeze(0) + 3 * at::randn({voices, 256, 256});
    one.logits[voices - 1] = -disc;
    one.families = at::arange(voices, at::kLong) % static_cast<std::int64_t>(VoterFamily::count);
    one.predictedIou = at::rand({voices});
    one.routing = at::ones({voices});
    one.score = at::rand({voices});
    one.maps = at::rand({7, 256, 256});
    one.embedding = at::randn({4096, 256});
    one.familiarity = 0.7;
    return one;
}

Ballot permuted(const Ballot& ballot, const at::Tensor& order)
{
    Ballot other = ballot;
    for (auto* tensor : {&other.logits, &other.families, &other.predictedIou, &other.routing, &other.score}) {
        *tensor = tensor->index_select(0, order);
    }
    return other;
}

/// A network whose votes differ from place to place.
VotingNetwork disturbed()
{
    at::manual_seed(5);
    auto parameters = VotingNetwork::fresh(1);
    for (auto& [name, tensor] : parameters) {
        tensor = tensor + 0.3 * at::randn(tensor.sizes());
    }
    return VotingNetwork(parameters);
}

TEST(Judge, SeesEachVoiceAlike_WhateverTheOrder)
{
    const auto asked = ballot(6);
    const auto grey = at::rand({256, 256});
    const auto features = voiceFeatures(asked, grey, 256, 200);
    EXPECT_EQ(features.sizes(), (at::IntArrayRef{6, kVoiceFeatures}));
    EXPECT_TRUE(features.isfinite().all().item<bool>());
    const auto order = at::tensor({3, 1, 5, 0, 4, 2}, at::kLong);
    const auto other = voiceFeatures(permuted(asked, order), grey, 256, 200);
    EXPECT_LE((features.index_select(0, order) - other).abs().max().item<float>(), 1e-4F);
}

TEST(Judge, KnowsTheBoxThatWasDrawn_ElseTheMasksOwnBounds)
{
    constexpr std::int64_t kTightness = 4;
    auto asked = ballot(2);
    asked.logits[0] = 5;
    asked.logits[0].slice(0, 100, 256).fill_(-5); // rows 0 to 99, the whole width
    asked.maps = at::zeros({7, 256, 256});
    const auto grey = at::rand({256, 256});
    EXPECT_NEAR(voiceFeatures(asked, grey, 256, 256)[0][kTightness].item<double>(), 1, 1e-5);
    asked.maps[kBoxInterior].slice(0, 0, 50).fill_(1); // half of it
    EXPECT_NEAR(voiceFeatures(asked, grey, 256, 256)[0][kTightness].item<double>(), 0.5, 1e-5);
}

TEST(Judge, ScoresLieBetweenZeroAndOne_AndTensorsOfAnotherShapeAreRefused)
{
    const auto features = voiceFeatures(ballot(4), at::rand({256, 256}), 256, 256);
    const ScoreNetwork judge(ScoreNetwork::fresh(kVoiceFeatures, 3), kVoiceFeatures);
    const auto scores = judge(features);
    EXPECT_EQ(scores.sizes(), (at::IntArrayRef{4}));
    EXPECT_GE(scores.min().item<float>(), 0);
    EXPECT_LE(scores.max().item<float>(), 1);
    EXPECT_THROW((ScoreNetwork{ScoreNetwork::fresh(kMaskFeatures, 3), kVoiceFeatures}), std::invalid_argument);
    auto fewer = ScoreNetwork::fresh(kVoiceFeatures, 3);
    fewer.erase("1.bias");
    EXPECT_THROW((ScoreNetwork{fewer, kVoiceFeatures}), std::invalid_argument);
}

TEST(Voting, IC3_WeightsAreNoneNegative_SumToOne_AndTheAnswerLiesBetweenTheVoices)
{
    const auto network = disturbed();
    const auto asked = ballot(8);
    const auto p = asked.logits.sigmoid();
    const auto weights = network.weights(asked);
    for (const double threshold : {0.0, 0.5, 2.0}) {
        const auto outcome = tally(p, weights, threshold, 256, 200);
        EXPECT_GE(outcome.weights.min().item<float>(), 0);
        EXPECT_LE((outcome.weights.sum(0) - 1).abs().max().item<float>(), 1e-6F);
        EXPECT_LE((p.amin(0) - outcome.p).max().item<float>(), 1e-6F);
        EXPECT_LE((outcome.p - p.amax(0)).max().item<float>(), 1e-6F);
    }
    EXPECT_GT(weights.std(0).max().item<float>(), 0.01F);
}

TEST(Voting, IC4_TheOrderOfVoices_ChangesNothing)
{
    const auto network = disturbed();
    const auto asked = ballot(6);
    const auto order = at::tensor({3, 1, 5, 0, 4, 2}, at::kLong);
    const auto weights = network.weights(asked);
    const auto other = network.weights(permuted(asked, order));
    EXPECT_LE((weights.index_select(0, order) - other).abs().max().item<float>(), 1e-4F);
    const auto p = asked.logits.sigmoid();
    EXPECT_LE((tally(p, weights, 0.4, 256, 256).p - tally(p.index_select(0, order), other, 0.4, 256, 256).p)
                  .abs()
                  .max()
                  .item<float>(),
              1e-4F);
}

TEST(Voting, IC6_OneVoice_IsTheAnswer)
{
    const auto network = disturbed();
    auto asked = ballot(1);
    const auto p = asked.logits.sigmoid();
    const auto outcome = tally(p, network.weights(asked), 0.9, 256, 256);
    EXPECT_TRUE(at::equal(outcome.p, p[0]));
    EXPECT_EQ(disagreement(p, outcome).max().item<float>(), 0);
}

TEST(Voting, AVoiceThatSpeaksOfSomethingElse_IsDropped_ButNeverTheHeaviest)
{
    const auto asked = ballot(4);
    const auto p = asked.logits.sigmoid();
    const auto equal = at::full({4, 256, 256}, 0.25F);
    const auto outcome = tally(p, equal, 0.3, 256, 256);
    EXPECT_EQ(outcome.dropped, (std::vector<bool>{false, false, false, true}));
    EXPECT_EQ(outcome.weights[3].max().item<float>(), 0);
    const auto none = tally(p, equal, 1.1, 256, 256);
    EXPECT_EQ(std::count(none.dropped.begin(), none.dropped.end(), false), 1);
}

TEST(Voting, TheMask_IsWhereTheMeanReachesTheCut)
{
    const auto p = at::tensor({0.39F, 0.41F, 0.49F, 0.51F, 1.0F});
    EXPECT_TRUE(at::equal(decided(p, kEvenCut) >= 0, p >= 0.5));
    EXPECT_TRUE(at::equal(decided(p, 0.4) >= 0, p >= 0.4));
    EXPECT_TRUE(decided(p, 0.4).isfinite().all().item<bool>());
}

TEST(Voting, TheJudge_CountsMoreOnFamiliarPictures)
{
    auto parameters = VotingNetwork::fresh(1);
    parameters.at("judgement").fill_(2);
    parameters.at("familiar").fill_(10);
    const VotingNetwork network(parameters);
    auto asked = ballot(3);
    asked.score = at::tensor({0.9F, 0.5F, 0.5F});
    const auto weightOfBest = [&](double strangeness) {
        asked.strangeness = strangeness;
        return network.weights(asked)[0].mean().item<double>();
    };
    EXPECT_NEAR(weightOfBest(-0.5), 1 / (1 + 2 * std::exp(-12 * 0.4)), 1e-4);
    EXPECT_NEAR(weightOfBest(1.5), 1 / (1 + 2 * std::exp(-2 * 0.4)), 1e-4);
    EXPECT_GT(weightOfBest(0.3), weightOfBest(0.6));
}

TEST(Voting, TwoEmptyMasks_Agree)
{
    const auto p = at::full({2, 256, 256}, 0.1F);
    const auto outcome = tally(p, at::full({2, 256, 256}, 0.5F), 0.9, 256, 256);
    EXPECT_EQ(outcome.dropped, (std::vector<bool>{false, false}));
}

TEST(Voting, AFreshNetwork_GivesAllTheSame)
{
    const VotingNetwork network(VotingNetwork::fresh(1));
    EXPECT_LE((network.weights(ballot(5)) - 0.2).abs().max().item<float>(), 1e-6F);
    EXPECT_LE(values(network.parameters()), 20000);
    auto broken = VotingNetwork::fresh(1);
    broken.erase("bias");
    EXPECT_THROW(VotingNetwork{broken}, std::invalid_argument);
    for (const float noShare : {0.0F, 1.0F, std::nanf("")}) {
        broken = VotingNetwork::fresh(1);
        broken.at("cut").fill_(noShare);
        EXPECT_THROW(VotingNetwork{broken}, std::invalid_argument);
    }
}

TEST(Losses, IC11_TheTargetVote_SumsToOne_AndTendsToTheBestVoice)
{
    const auto asked = ballot(5);
    const auto p = asked.logits.sigmoid();
    const auto truth = (asked.logits[0] > 0).to(at::kFloat).unsqueeze(0);
    const auto target = training::targetVote(p, truth, 1.0);
    EXPECT_LE((target.sum(0) - 1).abs().max().item<float>(), 1e-5F);
    const auto cold = training::targetVote(p, truth, 1e-4);
    const auto clamped = p.clamp(1e-6, 1 - 1e-6);
    const auto likelihood = truth * clamped + (1 - truth) * (1 - clamped);
    const auto sorted = std::get<0>(likelihood.sort(0, true));
    const auto clear = (sorted[0] - sorted[1]) > 0.01; // where one voice is the best
    const auto best = likelihood.argmax(0);
    const auto ofBest = cold.gather(0, best.unsqueeze(0))[0];
    EXPECT_GE(ofBest.masked_select(clear).min().item<float>(), 0.999F);
}

TEST(Losses, IC11_LoadBalance_IsZeroForUniformUse_AndLargestForOne)
{
    const auto uniform = at::full({4}, 0.25F);
    EXPECT_NEAR(training::loadBalanceLoss(uniform, uniform).item<double>(), 0, 1e-6);
    auto one = at::zeros({4});
    one[2] = 1;
    const double most = training::loadBalanceLoss(one, one).item<double>();
    EXPECT_NEAR(most, 6, 1e-4); // CV² of one out of four is 3
    EXPECT_LT(training::loadBalanceLoss(at::tensor({0.7F, 0.1F, 0.1F, 0.1F}), uniform).item<double>(), most);
}

TEST(Losses, LabelConsistency_IsZeroForTheTargetItself_AndPunishesTrustInTheWrongVoice)
{
    const auto p = at::stack({at::full({8, 8}, 0.9F), at::full({8, 8}, 0.2F)});
    const auto truth = at::ones({8, 8});
    const auto target = training::targetVote(p, truth.unsqueeze(0), 0.5);
    EXPECT_NEAR(training::labelConsistencyLoss(p, target, truth, 0.5).item<double>(), 0, 1e-5);
    const auto right = at::stack({at::full({8, 8}, 0.9F), at::full({8, 8}, 0.1F)});
    EXPECT_LT(training::labelConsistencyLoss(p, right, truth, 0.5).item<double>(),
              training::labelConsistencyLoss(p, right.flip(0), truth, 0.5).item<double>());
    const auto agreeing = at::full({2, 8, 8}, 0.4F);
    EXPECT_NEAR(training::labelConsistencyLoss(agreeing, right, truth, 0.5).item<double>(), 0, 1e-6);
}

TEST(Losses, MaskLoss_IsSmallerForABetterMask)
{
    const auto truth = (at::arange(400).view({20, 20}) > 200).to(at::kFloat);
    const auto good = (truth - 0.5) * 10;
    EXPECT_LT(training::maskLoss(good, truth).item<double>(), 0.1);
    EXPECT_GT(training::maskLoss(-good, truth).item<double>(), 1);
}

} // namespace
} // namespace icmoe::test
