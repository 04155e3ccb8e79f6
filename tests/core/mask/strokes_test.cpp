#include "core/mask/Strokes.h"

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

} // namespace
} // namespace icmoe
