#include "core/mask/Strokes.h"

#include "core/mask/Metrics.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace icmoe {
namespace {

TEST(Strokes, EachPieceBecomesAPathOverAllItsPixels_WithoutJumps)
{
    std::vector<std::uint8_t> picture(40 * 30, 0);
    for (int n = 0; n < 12; ++n) {
        picture[static_cast<std::size_t>((3 + n) * 40 + 4 + n)] = 1; // a diagonal
        picture[static_cast<std::size_t>(20 * 40 + 20 + n)] = 1;     // a line
    }
    const auto paths = strokePaths(SliceMask::fromBitmap(picture, 40, 30));
    ASSERT_EQ(paths.size(), 2U);
    for (const auto& path : paths) {
        ASSERT_EQ(path.size(), 12U);
        for (std::size_t n = 1; n < path.size(); ++n) {
            EXPECT_LE(std::hypot(path[n].x - path[n - 1].x, path[n].y - path[n - 1].y), 1.5);
        }
    }
    EXPECT_TRUE(strokePaths(SliceMask(10, 10)).empty());
}

TEST(Strokes, StrokeThroughAnObject_FollowsItsBend_AndStaysInItsInnerHalf)
{
    // an L of 10 pixels' width whose arms are 60 and 40 long
    std::vector<std::uint8_t> bitmap(100 * 80, 0);
    for (std::size_t y = 0; y < 80; ++y) {
        for (std::size_t x = 0; x < 100; ++x) {
            const bool upright = x >= 10 && x < 20 && y >= 10 && y < 70;
            const bool lying = x >= 10 && x < 50 && y >= 60 && y < 70;
            bitmap[y * 100 + x] = upright || lying ? 1 : 0;
        }
    }
    const auto object = SliceMask::fromBitmap(bitmap, 100, 80);
    const auto path = strokeThrough(object);
    ASSERT_FALSE(path.empty());
    const auto depth = borderDistance(object).value();
    for (std::size_t n = 0; n < path.size(); ++n) {
        EXPECT_GE(depth.squared[depth.index(int(path[n].x), int(path[n].y))], 6.25); // half of 5 pixels
        if (n > 0) {
            EXPECT_LE(std::abs(path[n].x - path[n - 1].x), 1);
            EXPECT_LE(std::abs(path[n].y - path[n - 1].y), 1);
        }
    }
    const auto [low, high] = std::minmax(path.front(), path.back(), [](auto a, auto b) { return a.y < b.y; });
    EXPECT_LE(low.y, 14);
    EXPECT_GE(high.x, 45);
    EXPECT_EQ(path, strokeThrough(object));
}

TEST(Strokes, StrokeThroughOnePixel_IsThatPixel_ThroughNothingIsNone)
{
    EXPECT_EQ(strokeThrough(ellipseMask(20, 20, {7, 9}, 0.4, 0.4)), (std::vector<Point2>{{7, 9}}));
    EXPECT_TRUE(strokeThrough(SliceMask(20, 20)).empty());
}

} // namespace
} // namespace icmoe
