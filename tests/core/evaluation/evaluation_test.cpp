#include "core/evaluation/CaseList.h"
#include "core/evaluation/Report.h"

#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace icmoe::evaluation {
namespace {

SliceMask rectangle(int width, int height, int x0, int y0, int x1, int y1)
{
    std::vector<Run> runs;
    for (int y = y0; y <= y1; ++y) {
        runs.push_back({static_cast<std::uint32_t>(y * width + x0), static_cast<std::uint32_t>(y * width + x1 + 1)});
    }
    return SliceMask::fromRuns(std::move(runs), width, height);
}

Proposal answer(SliceMask mask)
{
    Proposal proposal;
    proposal.candidates.push_back({std::move(mask), 1.0, "base", {}});
    return proposal;
}

std::vector<int> values(const SliceMask& mask, int value)
{
    std::vector<int> all;
    for (const std::uint8_t inside : mask.toBitmap()) {
        all.push_back(inside != 0 ? value : 0);
    }
    return all;
}

Protocol clicks(int most)
{
    return {Protocol::Kind::clicks, most};
}

TEST(EvaluationProtocol, Reliability_ComparesWhatWasExpectedWithWhatCame)
{
    const auto table = reliabilityOf({{0.92, 0.90}, {0.98, 0.90}, {1.0, 0.90}, {0.15, 0.35}});
    ASSERT_EQ(table.bins.size(), 10U);
    EXPECT_EQ(table.bins[9].count, 3U);
    EXPECT_NEAR(table.bins[9].mean.predicted, 2.9 / 3, 1e-12);
    EXPECT_NEAR(table.bins[1].mean.actual, 0.35, 1e-12);
    EXPECT_NEAR(table.calibrationError, (3 * (2.9 / 3 - 0.9) + 0.2) / 4, 1e-12);
    EXPECT_EQ(reliabilityOf({}).calibrationError, 0);
}

TEST(EvaluationProtocol, Text_BecomesAProtocol_OrIsRefused)
{
    EXPECT_EQ(parseProtocol("box")->kind, Protocol::Kind::box);
    EXPECT_EQ(parseProtocol("clicks:5")->clicks, 5);
    EXPECT_EQ(parseProtocol("clicks:5")->enough, 1);
    EXPECT_EQ(parseProtocol("noc")->clicks, 20);
    EXPECT_EQ(parseProtocol("noc")->enough, 0.9);
    EXPECT_EQ(parseProtocol("scribble")->kind, Protocol::Kind::scribble);
    for (const char* text : {"", "boxes", "clicks", "clicks:", "clicks:0", "clicks:21", "clicks:3x"}) {
        EXPECT_EQ(parseProtocol(text).error().code, ErrorCode::invalidArgument) << text;
    }
}

TEST(EvaluationProtocol, TightBox_IsFirstAndLastPixel)
{
    EXPECT_EQ(tightBox(rectangle(40, 30, 5, 6, 20, 16)), (BoxPrompt{5, 6, 20, 16}));
}

TEST(EvaluationProtocol, FirstClick_IsTheInteriorMostPixelOfTheObject)
{
    const auto click = nextClick(rectangle(40, 30, 5, 6, 15, 16), SliceMask(40, 30));
    ASSERT_TRUE(click);
    EXPECT_EQ(click->at, (Point2{10, 11}));
    EXPECT_TRUE(click->inside);
}

TEST(EvaluationProtocol, NextClick_GoesIntoTheLargestError_WithItsSign)
{
    const SliceMask truth = rectangle(60, 40, 5, 5, 24, 24);
    const auto missed = nextClick(truth, rectangle(60, 40, 5, 5, 14, 24));
    ASSERT_TRUE(missed);
    EXPECT_TRUE(missed->inside);
    EXPECT_GT(missed->at.x, 14);
    const auto wrong = nextClick(truth, truth.united(rectangle(60, 40, 30, 5, 50, 30)));
    ASSERT_TRUE(wrong);
    EXPECT_FALSE(wrong->inside);
    EXPECT_EQ(nextClick(truth, truth), std::nullopt);
}

TEST(EvaluationProtocol, Clicks_StopWhenNothingIsWrong_AndTheLastDiceStands)
{
    const SliceMask truth = rectangle(60, 40, 5, 5, 24, 24);
    int asked = 0;
    const auto score = playClicks(truth, clicks(5), [&](const std::vector<Prompt>& prompts) -> Result<Proposal> {
        ++asked;
        EXPECT_EQ(prompts.size(), static_cast<std::size_t>(asked));
        return answer(asked == 1 ? rectangle(60, 40, 5, 5, 14, 24) : truth);
    });
    ASSERT_TRUE(score);
    EXPECT_EQ(asked, 2);
    ASSERT_EQ(score->dice.size(), 5U);
    EXPECT_NEAR(score->dice[0], 2.0 / 3, 1e-9);
    EXPECT_EQ(score->dice[4], 1.0);
}

TEST(EvaluationProtocol, NumberOfClicks_EndsAtTheHighestDiceThatIsAskedFor)
{
    const SliceMask truth = rectangle(60, 40, 5, 5, 24, 24);
    int asked = 0;
    const auto score = playClicks(truth, *parseProtocol("noc"), [&](const std::vector<Prompt>&) -> Result<Proposal> {
        ++asked;
        return answer(rectangle(60, 40, 5, 5, asked == 1 ? 14 : 23, 24)); // never right, good at the second click
    });
    ASSERT_TRUE(score);
    EXPECT_EQ(asked, 2);
    const auto report = toJson({*score}, *parseProtocol("noc"));
    EXPECT_EQ(report["noc85"], 2.0);
    EXPECT_EQ(report["noc90_never"], 0.0);
    EXPECT_FALSE(report.contains("clicks"));
}

TEST(EvaluationProtocol, ClickOnATakenPixel_EndsTheSeries)
{
    const SliceMask truth = rectangle(60, 40, 5, 5, 24, 24);
    int asked = 0;
    const auto score = playClicks(truth, clicks(4), [&](const std::vector<Prompt>&) -> Result<Proposal> {
        ++asked;
        return answer(SliceMask(60, 40)); // the engine never answers: the same click again
    });
    ASSERT_TRUE(score);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(score->dice, (std::vector<double>{0, 0, 0, 0}));
}

TEST(EvaluationProtocol, EngineError_ComesBack)
{
    const auto failing = [](const std::vector<Prompt>&) -> Result<Proposal> {
        return fail(ErrorCode::engineFailed, "no");
    };
    EXPECT_EQ(playBox(rectangle(9, 9, 1, 1, 3, 3), failing).error().code, ErrorCode::engineFailed);
    EXPECT_EQ(playClicks(rectangle(9, 9, 1, 1, 3, 3), clicks(2), failing).error().code, ErrorCode::engineFailed);
}

TEST(EvaluationProtocol, ClicksToDice_CountsThoseThatNeverGetThereAsTheCap)
{
    const std::vector<CaseScore> scores{
        {"a", {0.5, 0.86, 0.9}, 0}, {"b", {0.9, 0.9, 0.9}, 0}, {"c", {0.1, 0.2, 0.3}, 0}};
    const auto reached = clicksTo(scores, 0.85, 3);
    EXPECT_NEAR(reached.mean, (2 + 1 + 3) / 3.0, 1e-9);
    EXPECT_NEAR(reached.neverShare, 1.0 / 3, 1e-9);
    EXPECT_NEAR(meanDice(scores, 0), 0.5, 1e-9);
}

TEST(EvaluationProtocol, Interval_ResamplesPicturesAndIsTheSameEachTime)
{
    std::vector<CaseScore> scores;
    for (int n = 0; n < 20; ++n) {
        scores.push_back({std::to_string(n / 2), {n % 4 < 2 ? 0.8 : 0.6}, 0});
    }
    const auto interval = bootstrapInterval(scores);
    EXPECT_EQ(interval, bootstrapInterval(scores));
    EXPECT_LT(interval[0], 0.7);
    EXPECT_GT(interval[1], 0.7);
    EXPECT_GT(interval[0], 0.6);
    // one picture says nothing about spread, however many cases it has
    EXPECT_EQ(bootstrapInterval({{"a", {0.5}, 0}, {"a", {0.7}, 0}})[0],
              bootstrapInterval({{"a", {0.5}, 0}, {"a", {0.7}, 0}})[1]);
}

TEST(EvaluationCases, LargestComponentOfEachValue_WithAHundredPixels_IsACase)
{
    auto picture = values(rectangle(100, 60, 1, 1, 20, 20), 1);       // 400 pixels
    const auto second = values(rectangle(100, 60, 30, 1, 34, 20), 1); // 100 pixels, smaller piece of the same value
    const auto other = values(rectangle(100, 60, 50, 30, 59, 39), 7); // 100 pixels
    const auto small = values(rectangle(100, 60, 70, 30, 78, 40), 9); // 99 pixels
    for (std::size_t n = 0; n < picture.size(); ++n) {
        picture[n] = picture[n] + second[n] + other[n] + small[n];
    }
    const auto cases = casesOn(picture, 100, 60, false);
    ASSERT_EQ(cases.size(), 2U);
    EXPECT_EQ(cases[0].truth, rectangle(100, 60, 1, 1, 20, 20));
    EXPECT_EQ(cases[1].value, 7);
}

TEST(EvaluationCases, PicturesHaveAtMostSixCases_InstanceSetsThree)
{
    std::vector<int> picture(400 * 20);
    for (int object = 0; object < 8; ++object) {
        for (int y = 0; y < 12 + object % 3; ++y) {
            for (int x = 0; x < 12; ++x) {
                picture[static_cast<std::size_t>(y * 400 + object * 20 + x)] = object + 1;
            }
        }
    }
    EXPECT_EQ(casesOn(picture, 400, 20, false).size(), 6U);
    const auto instances = casesOn(picture, 400, 20, true);
    ASSERT_EQ(instances.size(), 3U);
    EXPECT_EQ(instances[0].truth.area(), 14U * 12U);
}

TEST(EvaluationCases, LongListsAreThinnedToSixtyThatKeepBothEnds)
{
    EXPECT_EQ(chosenIndices(28).size(), 28U);
    EXPECT_EQ(chosenIndices(28, 4), (std::vector<std::size_t>{0, 9, 18, 27}));
    EXPECT_EQ(chosenIndices(28, 1), (std::vector<std::size_t>{0}));
    const auto chosen = chosenIndices(200);
    ASSERT_EQ(chosen.size(), 60U);
    EXPECT_EQ(chosen.front(), 0U);
    EXPECT_EQ(chosen.back(), 199U);
    EXPECT_EQ(chosen[1], 3U); // floor(199 / 59)
    EXPECT_EQ(std::set<std::size_t>(chosen.begin(), chosen.end()).size(), 60U);
}

TEST(EvaluationCases, FolderWithoutSets_AndMissingFolder_AreRefused)
{
    test::TemporaryFolder folder;
    EXPECT_EQ(findSets({folder.path()}).error().code, ErrorCode::emptyInput);
    EXPECT_EQ(findSets({folder / "nothing"}).error().code, ErrorCode::notFound);
}

TEST(EvaluationCases, RealSets_HaveTheirCases)
{
    const auto folder = test::shared("data/segmentation");
    if (folder.empty()) {
        GTEST_SKIP() << "the data beside the checkout is missing";
    }
    const auto polyps = findSets({folder / "endoscopy_polyp" / "val"});
    ASSERT_TRUE(polyps);
    EXPECT_EQ(polyps->front().name, "endoscopy_polyp");
    const auto cases = listCases(polyps->front(), {});
    ASSERT_TRUE(cases) << cases.error().oneLine();
    EXPECT_EQ(cases->size(), 28U);
    const auto picture = loadPicture(cases->front());
    ASSERT_TRUE(picture) << picture.error().oneLine();
    EXPECT_EQ((*picture)->channels, 3);

    const auto hippocampus = findSets({folder / "mr_hippocampus" / "val"});
    ASSERT_TRUE(hippocampus);
    const auto slices = listCases(hippocampus->front(), {});
    ASSERT_TRUE(slices) << slices.error().oneLine();
    ASSERT_FALSE(slices->empty());
    EXPECT_GE(slices->front().slice, 0);
    EXPECT_TRUE(loadPicture(slices->front()));

    std::stop_source stopped;
    stopped.request_stop();
    EXPECT_EQ(listCases(polyps->front(), stopped.get_token()).error().code, ErrorCode::cancelled);
}

TEST(EvaluationCases, RealScribbles_AreSetsOfTheirSources)
{
    const auto found = test::shared("data/evaluation_only/medscribble");
    if (found.empty()) {
        GTEST_SKIP() << "the data beside the checkout is missing";
    }
    const auto sets = findSets({found});
    ASSERT_TRUE(sets) << sets.error().oneLine();
    EXPECT_GE(sets->size(), 10U);
    std::size_t count = 0;
    for (const auto& set : *sets) {
        EXPECT_TRUE(set.name.starts_with("medscribble/")) << set.name;
        const auto cases = listCases(set, {});
        ASSERT_TRUE(cases) << cases.error().oneLine();
        for (const auto& one : *cases) {
            ++count;
            ASSERT_FALSE(one.scribbles.empty()) << one.picture;
            const auto strokes = readScribbles(one.scribbles.front(), one.truth.width(), one.truth.height());
            ASSERT_TRUE(strokes) << strokes.error().oneLine();
            EXPECT_TRUE(std::any_of(strokes->begin(), strokes->end(), [](const auto& s) { return s.inside; }));
        }
    }
    EXPECT_GE(count, 40U);
}

TEST(EvaluationCases, StrokesOfAnotherSize_AreRefused)
{
    const auto found = test::shared("data/evaluation_only/medscribble/ACDC_00/scribble_0.png");
    if (found.empty()) {
        GTEST_SKIP() << "the data beside the checkout is missing";
    }
    EXPECT_EQ(readScribbles(found, 100, 100).error().code, ErrorCode::geometryMismatch);
    EXPECT_EQ(readScribbles("none.png", 100, 100).error().code, ErrorCode::notFound);
}

TEST(EvaluationProtocol, Scribbles_AreAskedTogether)
{
    const auto truth = ellipseMask(60, 50, {30, 25}, 12, 9);
    const auto score = playScribbles(truth, {{{{30, 25}, {33, 26}}, true}, {{{2, 2}, {5, 2}}, false}},
                                     [&](std::vector<Prompt> prompts) -> Result<Proposal> {
                                         EXPECT_EQ(prompts.size(), 2U);
                                         EXPECT_NE(prompts[0].id, prompts[1].id);
                                         Proposal proposal;
                                         proposal.candidates.push_back({truth, 1, "test", {}});
                                         return proposal;
                                     });
    ASSERT_TRUE(score);
    EXPECT_EQ(score->dice, std::vector<double>{1.0});
}

} // namespace
} // namespace icmoe::evaluation
