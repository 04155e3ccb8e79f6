#include "core/mask/Mask.h"
#include "core/mask/Metrics.h"
#include "core/mask/Segmentation.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace icmoe {
namespace {

std::vector<std::uint8_t> randomBitmap(int width, int height, double density, unsigned seed)
{
    std::mt19937 random(seed);
    std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(width * height));
    for (auto& pixel : bitmap) {
        pixel = std::uniform_real_distribution<>(0, 1)(random) < density ? 1 : 0;
    }
    return bitmap;
}

TEST(SliceMask, Bitmap_RoundTripsAtEveryDensity)
{
    for (const double density : {0.0, 0.01, 0.5, 0.99, 1.0}) {
        const auto bitmap = randomBitmap(37, 23, density, 1);
        EXPECT_EQ(SliceMask::fromBitmap(bitmap, 37, 23).toBitmap(), bitmap);
    }
}

TEST(SliceMask, SetOperations_EqualThoseOnBitmaps)
{
    for (unsigned seed = 0; seed < 50; ++seed) {
        const auto a = randomBitmap(19, 11, 0.2 + 0.01 * seed, seed);
        const auto b = randomBitmap(19, 11, 0.7 - 0.01 * seed, seed + 1000);
        const auto maskA = SliceMask::fromBitmap(a, 19, 11);
        const auto maskB = SliceMask::fromBitmap(b, 19, 11);
        auto either = a;
        auto both = a;
        auto only = a;
        for (std::size_t i = 0; i < a.size(); ++i) {
            either[i] = a[i] | b[i];
            both[i] = a[i] & b[i];
            only[i] = a[i] & static_cast<std::uint8_t>(1 - b[i]);
        }
        EXPECT_EQ(maskA.united(maskB), SliceMask::fromBitmap(either, 19, 11));
        EXPECT_EQ(maskA.intersected(maskB), SliceMask::fromBitmap(both, 19, 11));
        EXPECT_EQ(maskA.subtracted(maskB), SliceMask::fromBitmap(only, 19, 11));
        EXPECT_EQ(maskA.area(), static_cast<std::size_t>(std::count(a.begin(), a.end(), 1)));
    }
}

TEST(SliceMask, Bounds_OfARunThatWrapsRows_SpanTheWidth)
{
    const auto mask = SliceMask::fromRuns({{8, 12}}, 10, 5);
    EXPECT_EQ(mask.bounds(), (PixelBox{0, 0, 9, 1}));
    EXPECT_EQ(SliceMask::fromRuns({{12, 14}, {33, 34}}, 10, 5).bounds(), (PixelBox{2, 1, 3, 3}));
    EXPECT_FALSE(SliceMask(10, 5).bounds());
}

TEST(SliceMask, Contains_IsFalseOutsideThePicture)
{
    const auto mask = SliceMask::fromRuns({{0, 50}}, 10, 5);
    EXPECT_TRUE(mask.contains(9, 4));
    EXPECT_FALSE(mask.contains(10, 4));
    EXPECT_FALSE(mask.contains(-1, 0));
    EXPECT_FALSE(mask.contains(0, 5));
}

TEST(Shapes, EllipseArea_IsNearPiAB)
{
    const auto mask = ellipseMask(200, 200, {100, 100}, 50, 30);
    EXPECT_NEAR(static_cast<double>(mask.area()), std::acos(-1.0) * 50 * 30, 40);
    EXPECT_EQ(ellipseMask(10, 10, {4, 4}, 0.1, 0.1).area(), 1U);
}

TEST(Shapes, Stroke_HasNoGaps)
{
    const std::vector<Point2> path{{10, 10}, {90, 40}, {20, 80}};
    const auto mask = strokeMask(100, 100, path, 3, 3);
    EXPECT_EQ(connectedComponents(mask, false).size(), 1U);
    for (double t = 0; t <= 1; t += 0.01) {
        EXPECT_TRUE(
            mask.contains(static_cast<int>(std::lround(10 + 80 * t)), static_cast<int>(std::lround(10 + 30 * t))));
    }
    EXPECT_FALSE(mask.contains(50, 33));
}

TEST(Shapes, Polygon_TakesPixelsWhoseCentreIsInside)
{
    const std::vector<Point2> square{{1.5, 1.5}, {4.5, 1.5}, {4.5, 3.5}, {1.5, 3.5}};
    const auto mask = polygonMask(10, 10, square);
    EXPECT_EQ(mask.area(), 6U);
    EXPECT_EQ(mask.bounds(), (PixelBox{2, 2, 4, 3}));
}

TEST(Shapes, Outlines_EncloseTheirPixels)
{
    for (unsigned seed = 0; seed < 60; ++seed) {
        const double density = 0.3 + 0.3 * (seed % 3); // from islands to runs over several rows
        const auto mask = SliceMask::fromBitmap(randomBitmap(12, 9, density, seed), 12, 9);
        int edges = 0; // between a pixel inside and one outside
        for (int y = 0; y < 9; ++y) {
            for (int x = 0; x < 12; ++x) {
                for (const auto& [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
                    edges += mask.contains(x, y) && !mask.contains(x + dx, y + dy) ? 1 : 0;
                }
            }
        }
        double signedArea = 0;
        double length = 0;
        for (const auto& loop : outlines(mask)) {
            for (std::size_t i = 0; i < loop.size(); ++i) {
                const Point2 a = loop[i];
                const Point2 b = loop[(i + 1) % loop.size()];
                signedArea += (a.x * b.y - b.x * a.y) / 2;
                length += std::abs(a.x - b.x) + std::abs(a.y - b.y);
            }
        }
        EXPECT_NEAR(signedArea, static_cast<double>(mask.area()), 1e-9);
        EXPECT_NEAR(length, edges, 1e-9);
    }
}

TEST(Mask, CutAndPaste_AreInverse_InAll24OrientationsAndPlanes)
{
    const std::vector<Vec3> axes{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}};
    for (const Vec3 row : axes) {
        for (const Vec3 column : axes) {
            if (dot(row, column) != 0) {
                continue;
            }
            const auto geometry = Geometry::regular({5, 6, 7}, {0, 0, 0}, row, column, {1, 1, 1});
            Mask original(geometry->size());
            for (int k = 0; k < 7; ++k) {
                original.setSlice(k, SliceMask::fromBitmap(randomBitmap(5, 6, 0.5, static_cast<unsigned>(k)), 5, 6));
            }
            for (const Plane which : {Plane::axial, Plane::sagittal, Plane::coronal, Plane::acquisition}) {
                const SlicePlane plane(*geometry, which);
                Mask copy(geometry->size());
                for (int n = 0; n < plane.count(); ++n) {
                    const auto cut = original.cut(plane, n);
                    EXPECT_EQ(cut.contains(1, 2), original.contains(plane.voxel(1, 2, n)));
                    copy.paste(plane, n, cut);
                }
                EXPECT_EQ(copy, original);
            }
        }
    }
}

TEST(Metrics, Dice_OfEmptyMasksIsOne)
{
    const SliceMask nothing(10, 10);
    const auto some = SliceMask::fromRuns({{0, 10}}, 10, 10);
    EXPECT_EQ(dice(nothing, nothing), 1);
    EXPECT_EQ(dice(nothing, some), 0);
    EXPECT_DOUBLE_EQ(dice(some, SliceMask::fromRuns({{5, 15}}, 10, 10)), 0.5);
}

TEST(Metrics, Hausdorff95_IsInMillimetres)
{
    const auto a = ellipseMask(100, 100, {30, 50}, 10, 10);
    const auto b = ellipseMask(100, 100, {34, 50}, 10, 10);
    EXPECT_NEAR(hausdorff95(a, b, 1, 1), 4, 0.5);
    EXPECT_NEAR(hausdorff95(a, b, 0.5, 1), 2, 0.5);
    EXPECT_EQ(hausdorff95(SliceMask(30, 40), SliceMask(30, 40), 1, 1), 0);
    EXPECT_DOUBLE_EQ(hausdorff95(SliceMask(30, 40), SliceMask::fromRuns({{0, 1}}, 30, 40), 1, 1), 50);
}

TEST(Components, DiagonalNeighbours_AreOneOnlyWhenEightConnected)
{
    const auto mask = SliceMask::fromRuns({{0, 1}, {11, 13}}, 10, 5);
    EXPECT_EQ(connectedComponents(mask, true).size(), 1U);
    const auto apart = connectedComponents(mask, false);
    ASSERT_EQ(apart.size(), 2U);
    EXPECT_EQ(apart.front().area(), 2U);
}

TEST(Components, AUShape_IsOneComponent)
{
    const auto mask = SliceMask::fromRuns({{0, 1}, {4, 5}, {10, 11}, {14, 15}, {20, 25}}, 10, 5);
    EXPECT_EQ(connectedComponents(mask).size(), 1U);
}

TEST(InteriorMostPixel, CountsThePicturesBorderToo)
{
    const auto full = SliceMask::fromRuns({{0, 25}}, 5, 5);
    EXPECT_EQ(interiorMostPixel(full), (Point2{2, 2}));
    const auto disc = ellipseMask(50, 50, {20, 30}, 8, 8);
    EXPECT_EQ(interiorMostPixel(disc), (Point2{20, 30}));
    EXPECT_FALSE(interiorMostPixel(SliceMask(5, 5)));
    EXPECT_EQ(interiorMostPixel(SliceMask::fromRuns({{0, 10}}, 5, 5)), (Point2{0, 0})); // all alike: first in row order
}

class SegmentationEdits : public testing::Test {
protected:
    SegmentationEdits()
        : geometry(*Geometry::regular({20, 20, 4}, {0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {1, 1, 1}))
        , plane(geometry, Plane::axial)
        , segmentation(geometry.size())
    {
        first = *segmentation.labels().add("first");
        second = *segmentation.labels().add("second");
    }
    void lock(LabelId id)
    {
        Label label = *segmentation.labels().find(id);
        label.locked = true;
        segmentation.labels().put(label);
    }
    Geometry geometry;
    SlicePlane plane;
    Segmentation segmentation;
    LabelId first = 0;
    LabelId second = 0;
    SliceMask left = SliceMask::fromRuns({{0, 8}}, 20, 20);
    SliceMask right = SliceMask::fromRuns({{5, 15}}, 20, 20);
};

TEST_F(SegmentationEdits, EveryEdit_IsUndoneByItsPatch)
{
    for (const auto mode : {CombineMode::replace, CombineMode::add, CombineMode::subtract}) {
        const Segmentation before = segmentation;
        auto patch = segmentation.combine(first, plane, 1, left, mode, OverlapRule::activeLabelWins);
        ASSERT_TRUE(patch);
        const Segmentation after = segmentation;
        auto redo = segmentation.exchange(*patch);
        EXPECT_EQ(segmentation, before);
        segmentation.exchange(redo);
        EXPECT_EQ(segmentation, after);
    }
}

TEST_F(SegmentationEdits, ActiveLabelWins_TakesVoxelsFromOthers_ButNotFromLockedOnes)
{
    ASSERT_TRUE(segmentation.combine(first, plane, 1, left, CombineMode::add, OverlapRule::activeLabelWins));
    ASSERT_TRUE(segmentation.combine(second, plane, 1, right, CombineMode::add, OverlapRule::activeLabelWins));
    EXPECT_EQ(segmentation.mask(first).voxelCount(), 5U);
    EXPECT_EQ(segmentation.mask(second).voxelCount(), 10U);
    lock(second);
    ASSERT_TRUE(segmentation.combine(first, plane, 1, left, CombineMode::add, OverlapRule::activeLabelWins));
    EXPECT_EQ(segmentation.mask(first).voxelCount(), 5U);
    EXPECT_EQ(segmentation.mask(second).voxelCount(), 10U);
}

TEST_F(SegmentationEdits, KeepBoth_LeavesOverlaps)
{
    ASSERT_TRUE(segmentation.combine(first, plane, 1, left, CombineMode::add, OverlapRule::keepBoth));
    ASSERT_TRUE(segmentation.combine(second, plane, 1, right, CombineMode::add, OverlapRule::keepBoth));
    EXPECT_EQ(segmentation.mask(first).voxelCount(), 8U);
    EXPECT_EQ(segmentation.mask(second).voxelCount(), 10U);
}

TEST_F(SegmentationEdits, LockedOrUnknownLabels_AreRefused)
{
    lock(first);
    EXPECT_EQ(segmentation.combine(first, plane, 1, left, CombineMode::add, OverlapRule::keepBoth).error().code,
              ErrorCode::labelLocked);
    EXPECT_EQ(segmentation.combine(77, plane, 1, left, CombineMode::add, OverlapRule::keepBoth).error().code,
              ErrorCode::notFound);
}

TEST_F(SegmentationEdits, ReplaceWithNothing_ClearsTheSliceOnly)
{
    ASSERT_TRUE(segmentation.combine(first, plane, 1, left, CombineMode::add, OverlapRule::keepBoth));
    ASSERT_TRUE(segmentation.combine(first, plane, 2, left, CombineMode::add, OverlapRule::keepBoth));
    ASSERT_TRUE(segmentation.combine(first, plane, 1, SliceMask(20, 20), CombineMode::replace, OverlapRule::keepBoth));
    EXPECT_TRUE(segmentation.mask(first).slice(1).empty());
    EXPECT_EQ(segmentation.mask(first).slice(2), left);
}

TEST_F(SegmentationEdits, ImportOf_ReplacesLabelsOfTheSameName_AddsOthers_LeavesTheRest)
{
    ASSERT_TRUE(segmentation.combine(first, plane, 1, left, CombineMode::add, OverlapRule::keepBoth));
    ASSERT_TRUE(segmentation.combine(second, plane, 1, right, CombineMode::add, OverlapRule::keepBoth));
    Segmentation theirs(segmentation.size());
    const auto same = *theirs.labels().add(segmentation.labels().find(first)->name);
    const auto other = *theirs.labels().add("Somebody else's");
    ASSERT_TRUE(theirs.combine(same, plane, 3, left, CombineMode::add, OverlapRule::keepBoth));
    ASSERT_TRUE(theirs.combine(other, plane, 2, right, CombineMode::add, OverlapRule::keepBoth));
    auto imported = importOf(theirs, segmentation);
    ASSERT_TRUE(imported);
    EXPECT_EQ(imported->first, first);
    const auto before = segmentation;
    segmentation.labels() = imported->labels;
    const auto undo = segmentation.exchange(imported->patch);
    EXPECT_TRUE(segmentation.mask(first).slice(1).empty());
    EXPECT_EQ(segmentation.mask(first).slice(3), left);
    EXPECT_EQ(segmentation.mask(second).slice(1), right);
    EXPECT_EQ(segmentation.mask(segmentation.labels().findByName("Somebody else's")->id).slice(2), right);
    segmentation.exchange(undo);
    segmentation.labels() = before.labels();
    EXPECT_EQ(segmentation, before);
    lock(first);
    EXPECT_EQ(importOf(theirs, segmentation).error().code, ErrorCode::labelLocked);
    EXPECT_EQ(importOf(Segmentation({3, 3, 3}), segmentation).error().code, ErrorCode::geometryMismatch);
}

} // namespace
} // namespace icmoe
