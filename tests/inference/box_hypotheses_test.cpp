#include "inference/sam/BoxHypotheses.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace icmoe;

namespace {

Prompt prompt(auto shape)
{
    Prompt result;
    result.shape = std::move(shape);
    return result;
}

bool holds(const NetworkBox& box, double x, double y)
{
    return x >= box.x0 && x <= box.x1 && y >= box.y0 && y <= box.y1;
}

const NetworkGrid kGrid = NetworkGrid::of(512, 384);

} // namespace

TEST(NetworkGrid, PixelsThatAreNotSquare_AreMadeSquareFirst)
{
    const auto grid = NetworkGrid::of(100, 100, 0.5, 2.0); // 50 × 200 mm
    EXPECT_EQ(grid.squareWidth, 100);
    EXPECT_EQ(grid.squareHeight, 400);
    EXPECT_EQ(grid.usedHeight, 256);
    EXPECT_EQ(grid.usedWidth, 64);
    EXPECT_DOUBLE_EQ(grid.scaleX(), 0.64);
    EXPECT_DOUBLE_EQ(grid.scaleY(), 2.56);
}

TEST(NetworkGrid, ExtremeShapes_NeverBecomeEmptyOrHuge)
{
    EXPECT_EQ(NetworkGrid::of(5000, 2).usedHeight, 1);
    const auto flat = NetworkGrid::of(512, 512, 0.001, 1000);
    EXPECT_LE(flat.squareHeight, 8192);
    EXPECT_GE(flat.squareWidth, 1);
    EXPECT_EQ(NetworkGrid::of(64, 64, 0, -1).squareWidth, 64) << "unknown spacing counts as square";
}

TEST(BoxQuestion, DrawnBoxes_AreTruncatedAsTheReferenceDoesAndClipped)
{
    const auto question = askBoxes({prompt(BoxPrompt{3, 5, 100, 99}), prompt(BoxPrompt{-20, 0, 600, 383})}, kGrid);
    ASSERT_TRUE(question);
    EXPECT_FALSE(question->areGuesses);
    EXPECT_EQ(question->boxes[0], (NetworkBox{1, 2, 50, 49}));
    EXPECT_EQ(question->boxes[1], (NetworkBox{0, 0, 255, 191}));
    EXPECT_TRUE(question->notice.empty());
}

TEST(BoxQuestion, Click_BecomesAboutTenBoxesAroundIt)
{
    const auto question = askBoxes({prompt(PointPrompt{{200, 100}, true})}, kGrid);
    ASSERT_TRUE(question);
    EXPECT_TRUE(question->areGuesses);
    EXPECT_EQ(question->boxes.size(), 10U);
    for (const auto& box : question->boxes) {
        EXPECT_TRUE(holds(box, 100, 50));
        EXPECT_GE(box.x0, 0);
        EXPECT_LE(box.y1, 191) << "inside the part of the picture that is no padding";
    }
}

TEST(BoxQuestion, NegativeClick_StaysOutsideEveryGuess)
{
    const auto question = askBoxes({prompt(PointPrompt{{200, 100}, true}), prompt(PointPrompt{{240, 104}, false}),
                                    prompt(PointPrompt{{210, 60}, false})},
                                   kGrid);
    ASSERT_TRUE(question);
    for (const auto& box : question->boxes) {
        EXPECT_TRUE(holds(box, 100, 50));
        EXPECT_FALSE(holds(box, 120, 52));
        EXPECT_FALSE(holds(box, 105, 30));
    }
}

TEST(BoxQuestion, SeveralClicks_AreAllInsideEveryGuess)
{
    const auto question =
        askBoxes({prompt(PointPrompt{{100, 100}, true}), prompt(PointPrompt{{300, 200}, true})}, kGrid);
    ASSERT_TRUE(question);
    for (const auto& box : question->boxes) {
        EXPECT_TRUE(holds(box, 50, 50) && holds(box, 150, 100));
    }
}

TEST(BoxQuestion, StrokesAndLassos_SayThatTheirExpertsAreMissing)
{
    const auto stroke = askBoxes({prompt(ScribblePrompt{{{100, 100}, {140, 120}}, true})}, kGrid);
    ASSERT_TRUE(stroke);
    EXPECT_TRUE(stroke->areGuesses);
    EXPECT_NE(stroke->notice.find("no expert yet"), std::string::npos);
    const auto lasso = askBoxes({prompt(LassoPrompt{{{100, 100}, {200, 120}, {150, 180}}})}, kGrid);
    ASSERT_TRUE(lasso);
    EXPECT_EQ(lasso->boxes, (std::vector<NetworkBox>{{50, 50, 100, 90}}));
    EXPECT_NE(lasso->notice.find("no expert yet"), std::string::npos);
}

TEST(BoxQuestion, EarlierMask_IsUsedThroughItsBox)
{
    const auto mask = ellipseMask(512, 384, {100, 100}, 20, 10);
    const auto question = askBoxes({prompt(MaskPrompt{mask})}, kGrid);
    ASSERT_TRUE(question);
    EXPECT_EQ(question->boxes, (std::vector<NetworkBox>{{40, 45, 60, 55}}));
}

TEST(BoxQuestion, OnlyNegativePrompts_AreRefusedWithAHint)
{
    const auto question = askBoxes({prompt(PointPrompt{{10, 10}, false})}, kGrid);
    ASSERT_FALSE(question);
    EXPECT_EQ(question.error().code, ErrorCode::invalidArgument);
    EXPECT_FALSE(question.error().hint.empty());
}
