// countVotes() against LibTorch's operators.
#include "inference/icmoe/VoteCount.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace icmoe::test {
namespace {

double distance(const at::Tensor& a, const at::Tensor& b)
{
    return (a - b).abs().max().item<double>();
}

void expectSame(const at::Tensor& logits, const at::Tensor& votes, double threshold, int height, int width)
{
    const auto own = countVotes(logits, votes, threshold, height, width);
    const auto reference = countVotesWithOperators(logits, votes, threshold, height, width);
    EXPECT_EQ(own.outcome.dropped, reference.outcome.dropped);
    EXPECT_LE(distance(own.outcome.weights, reference.outcome.weights), 1e-6);
    EXPECT_LE(distance(own.outcome.p, reference.outcome.p), 1e-6);
    // where p is a half, or a logit nothing, rounding decides on which side
    const auto clear = at::logical_and((reference.outcome.p - 0.5).abs() > 1e-5, logits.abs().amin(0) > 1e-6);
    EXPECT_LE(distance(own.disagreement * clear, reference.disagreement * clear), 1e-6);
}

at::Tensor discs(std::int64_t voices)
{
    const auto x = at::arange(256, at::kFloat).view({1, 256}) - 120;
    const auto y = at::arange(256, at::kFloat).view({256, 1}) - 130;
    return (40 - (x * x + y * y).sqrt()).unsqueeze(0) + 3 * at::randn({voices, 256, 256});
}

TEST(VoteCount, IsWhatTheOperatorsSay_ForAnyNumberOfVoices)
{
    at::manual_seed(1);
    for (const std::int64_t voices : {1, 2, 5, 11, 16, 23}) {
        for (const double spread : {0.0, 1.0, 4.0}) { // of votes beyond 30 a float itself rounds by more than 1e-6
            expectSame(3 * at::randn({voices, 256, 256}), spread * at::randn({voices, 128, 128}), 0, 256, 256);
            expectSame(discs(voices), spread * at::randn({voices, 128, 128}), 0.5, 256, 200);
        }
    }
}

TEST(VoteCount, DropsTheVoicesThatTheOperatorsDrop)
{
    at::manual_seed(2);
    auto logits = discs(6);
    logits[1] = -logits[1];
    logits[4] = at::full({256, 256}, -3);
    const auto votes = at::randn({6, 128, 128});
    expectSame(logits, votes, 0.4, 180, 256);
    expectSame(logits, votes, 1.1, 256, 256); // all but the heaviest
    const auto dropped = countVotes(logits, votes, 0.4, 180, 256).outcome.dropped;
    EXPECT_EQ(dropped, (std::vector<bool>{false, true, false, false, true, false}));
}

TEST(VoteCount, WhereAllThatIsLeftHasNoWeight_TheHeaviestSpeaksAlone_AsInTheOperators)
{
    at::manual_seed(3);
    auto logits = discs(3);
    logits[1] = -discs(1)[0];
    auto votes = at::zeros({3, 128, 128});
    votes[0].fill_(60); // the heaviest over the picture
    votes[1].slice(0, 0, 20).fill_(300);
    expectSame(logits, votes, 0.5, 256, 256);
    const auto count = countVotes(logits, votes, 0.5, 256, 256);
    EXPECT_TRUE(count.outcome.dropped[1]);
    EXPECT_EQ(count.outcome.weights[0][0].min().item<float>(), 1);
}

TEST(VoteCount, OneVoice_IsTheAnswer_AndEqualVotesAreTheMean)
{
    at::manual_seed(4);
    const auto one = countVotes(discs(1), at::randn({1, 128, 128}), 0.9, 256, 256);
    EXPECT_EQ(one.outcome.weights.min().item<float>(), 1);
    EXPECT_EQ(one.disagreement.max().item<float>(), 0);
    const auto logits = discs(7);
    const auto mean = countVotes(logits, at::zeros({7, 128, 128}), 0, 256, 256);
    EXPECT_LE(distance(mean.outcome.p, logits.sigmoid().mean(0)), 1e-6);
}

TEST(VoteCount, TheSameQuestion_GivesTheSameBits)
{
    at::manual_seed(5);
    const auto logits = discs(9);
    const auto votes = at::randn({9, 128, 128});
    const auto first = countVotes(logits, votes, 0.5, 256, 256);
    const auto second = countVotes(logits, votes, 0.5, 256, 256);
    EXPECT_TRUE(at::equal(first.outcome.p, second.outcome.p));
    EXPECT_TRUE(at::equal(first.outcome.weights, second.outcome.weights));
    EXPECT_TRUE(at::equal(first.disagreement, second.disagreement));
}

TEST(VoteCount, LogitsAndVotesOfDifferentVoices_AreRefused)
{
    EXPECT_THROW((void)countVotes(at::zeros({3, 256, 256}), at::zeros({2, 128, 128}), 0, 256, 256),
                 std::invalid_argument);
}

} // namespace
} // namespace icmoe::test
