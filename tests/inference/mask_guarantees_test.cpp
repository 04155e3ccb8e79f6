#include "inference/sam/MaskGuarantees.h"

#include "core/mask/Metrics.h"

#include <gtest/gtest.h>

using namespace icmoe;

namespace {

constexpr int kSide = 200;

Prompt prompt(auto shape)
{
    Prompt result;
    result.shape = std::move(shape);
    return result;
}
Prompt click(int x, int y, bool inside)
{
    return prompt(PointPrompt{{static_cast<double>(x), static_cast<double>(y)}, inside});
}
SliceMask disc(double x, double y, double radius)
{
    return ellipseMask(kSide, kSide, {x, y}, radius, radius);
}

} // namespace

TEST(Guarantees, SoundMask_IsLeftAlone)
{
    const auto mask = disc(100, 100, 30);
    EXPECT_EQ(keepGuarantees(mask, {click(100, 100, true), click(10, 10, false)}), mask);
    EXPECT_EQ(keepGuarantees(mask, {prompt(BoxPrompt{70, 70, 130, 130})}), mask);
}

TEST(Guarantees, MissedClick_AddsASmallDisc)
{
    const auto mask = disc(100, 100, 30);
    const auto kept = keepGuarantees(mask, {click(100, 100, true), click(160, 160, true)});
    EXPECT_TRUE(kept.contains(160, 160));
    EXPECT_TRUE(mask.subtracted(kept).empty());
    EXPECT_LE(kept.area() - mask.area(), 30U);
    EXPECT_TRUE(keepGuarantees(SliceMask(kSide, kSide), {click(5, 0, true)}).contains(5, 0));
}

TEST(Guarantees, WrongClick_TakesItsOwnComponentOrASmallDisc)
{
    const auto object = disc(60, 100, 30);
    const auto other = disc(150, 100, 20);
    EXPECT_EQ(keepGuarantees(object.united(other), {click(60, 100, true), click(150, 105, false)}), object);
    const auto dented = keepGuarantees(object, {click(60, 100, true), click(75, 100, false)});
    EXPECT_FALSE(dented.contains(75, 100));
    EXPECT_TRUE(dented.contains(60, 100));
    EXPECT_LE(object.area() - dented.area(), 30U);
}

TEST(Guarantees, NeighbouringClicksOfBothKinds_AreBothHonoured)
{
    const auto kept = keepGuarantees(disc(100, 100, 30), {click(100, 100, true), click(101, 100, false),
                                                          click(180, 180, true), click(181, 180, false)});
    EXPECT_TRUE(kept.contains(100, 100));
    EXPECT_FALSE(kept.contains(101, 100));
    EXPECT_TRUE(kept.contains(180, 180));
    EXPECT_FALSE(kept.contains(181, 180));
}

TEST(Guarantees, MaskOfABox_LeaksAtMostFifteenPercentOfItsArea)
{
    const BoxPrompt box{80, 80, 119, 119}; // 1600 pixels
    const auto kept = keepGuarantees(disc(100, 100, 60), {prompt(box)});
    const std::vector<Point2> corners{{79.5, 79.5}, {119.5, 79.5}, {119.5, 119.5}, {79.5, 119.5}};
    const auto outside = kept.subtracted(polygonMask(kSide, kSide, corners));
    EXPECT_GT(outside.area(), 0U) << "a small leak is left, the object may be larger than the box";
    EXPECT_LE(outside.area(), 240U);
    EXPECT_EQ(keepGuarantees(disc(100, 100, 60), {prompt(box)}, {.limitLeak = false}), disc(100, 100, 60));
}

TEST(Guarantees, SmallIslandsThatTouchNoPrompt_AreDropped)
{
    const auto object = disc(60, 100, 30);
    const auto island = disc(150, 100, 4);
    EXPECT_EQ(keepGuarantees(object.united(island), {click(60, 100, true)}), object);
    EXPECT_EQ(keepGuarantees(object.united(island), {click(60, 100, true), click(150, 100, true)}),
              object.united(island));
    const auto stroke = prompt(ScribblePrompt{{{140, 100}, {160, 100}}, true});
    EXPECT_EQ(keepGuarantees(object.united(island), {stroke}), object.united(island));
    EXPECT_EQ(keepGuarantees(object.united(island), {click(60, 100, true)}, {.dropIslands = false}),
              object.united(island));
}
