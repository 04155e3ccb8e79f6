#include "core/image/Geometry.h"
#include "core/image/Plane.h"

#include <gtest/gtest.h>

namespace icmoe {
namespace {

constexpr double kTolerance = 1e-9;

void expectNear(Vec3 a, Vec3 b, double tolerance = kTolerance)
{
    EXPECT_NEAR(a.x, b.x, tolerance);
    EXPECT_NEAR(a.y, b.y, tolerance);
    EXPECT_NEAR(a.z, b.z, tolerance);
}

Geometry::Parameters tilted()
{
    Geometry::Parameters p;
    p.size = {4, 5, 3};
    p.spacingI = 0.5;
    p.spacingJ = 0.7;
    p.positions = {{0, 0, 0}, {0, 1, 4}, {0, 2, 8}};
    return p;
}

TEST(Geometry, ToVoxel_IsTheInverseOfToPatient_AlsoTiltedAndUneven)
{
    auto parameters = tilted();
    parameters.positions = {{-3, 7, 0}, {-3, 8, 4}, {-3, 8.5, 5}};
    const auto geometry = Geometry::make(parameters);
    ASSERT_TRUE(geometry);
    for (const Vec3 voxel : {Vec3{0, 0, 0}, Vec3{1.5, 2.25, 0.5}, Vec3{3, 4, 1.75}, Vec3{-2, 9, -1}, Vec3{1, 1, 3.5}}) {
        expectNear(geometry->toVoxel(geometry->toPatient(voxel)), voxel, 1e-9);
    }
}

TEST(Geometry, Tilt_IsMeasuredAndKeptInThePositions)
{
    const auto geometry = Geometry::make(tilted());
    ASSERT_TRUE(geometry);
    EXPECT_NEAR(geometry->tiltDegrees(), 14.036, 1e-3);
    EXPECT_FALSE(geometry->isRegular());
    expectNear(geometry->toPatient({0, 0, 1}), {0, 1, 4});
}

TEST(Geometry, UnevenGaps_GiveEachSliceItsOwnVolume)
{
    Geometry::Parameters p;
    p.size = {2, 2, 3};
    p.positions = {{0, 0, 0}, {0, 0, 2}, {0, 0, 6}};
    const auto geometry = Geometry::make(p);
    ASSERT_TRUE(geometry);
    EXPECT_DOUBLE_EQ(geometry->voxelVolume(0), 2);
    EXPECT_DOUBLE_EQ(geometry->voxelVolume(1), 3);
    EXPECT_DOUBLE_EQ(geometry->voxelVolume(2), 4);
    EXPECT_NEAR(geometry->unevenness(), 1, 1e-12);
}

TEST(Geometry, SameGrid_SeesAHalfPixelShift)
{
    const auto a = Geometry::regular({4, 4, 4}, {0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {1, 1, 2});
    const auto b = Geometry::regular({4, 4, 4}, {0.5, 0, 0}, {1, 0, 0}, {0, 1, 0}, {1, 1, 2});
    EXPECT_TRUE(a->sameGrid(*a));
    EXPECT_FALSE(a->sameGrid(*b));
    EXPECT_TRUE(a->sameGrid(*b, 0.6));
}

TEST(Geometry, UnsoundParameters_AreRefused)
{
    const auto refused = [](auto change) {
        auto p = tilted();
        change(p);
        const auto made = Geometry::make(p);
        return !made && made.error().code == ErrorCode::invalidArgument;
    };
    EXPECT_TRUE(refused([](auto& p) { p.size.width = 0; }));
    EXPECT_TRUE(refused([](auto& p) { p.spacingI = -1; }));
    EXPECT_TRUE(refused([](auto& p) { p.spacingJ = std::nan(""); }));
    EXPECT_TRUE(refused([](auto& p) { p.positions.pop_back(); }));
    EXPECT_TRUE(refused([](auto& p) { p.rowDirection = {1, 0.1, 0}; }));
    EXPECT_TRUE(refused([](auto& p) { p.columnDirection = {1, 0, 0}; }));
    EXPECT_TRUE(refused([](auto& p) { std::swap(p.positions[0], p.positions[2]); }));
}

TEST(Letters, NameTheSideThePatientIsOn)
{
    EXPECT_EQ(lettersOf({-15, 8, 15}), "R 15 P 8 S 15");
    EXPECT_EQ(lettersOf({15.04, -8, -15}, 1), "L 15.0 A 8.0 I 15.0");
    EXPECT_EQ(letterOf({-1, 0, 0}), "R");
    EXPECT_EQ(letterOf({0.7, -0.7, 0.1}), "LA");
}

struct Orientation {
    Vec3 row;
    Vec3 column;
};

std::vector<Orientation> axisAligned()
{
    const std::vector<Vec3> axes{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}};
    std::vector<Orientation> all;
    for (const Vec3 row : axes) {
        for (const Vec3 column : axes) {
            if (dot(row, column) == 0) {
                all.push_back({row, column});
            }
        }
    }
    return all;
}

TEST(SlicePlane, InAll24Orientations_PlanesLookAsRadiologistsLook)
{
    const auto orientations = axisAligned();
    ASSERT_EQ(orientations.size(), 24U);
    for (const auto& o : orientations) {
        const auto geometry = Geometry::regular({3, 4, 5}, {10, 20, 30}, o.row, o.column, {1, 2, 3});
        ASSERT_TRUE(geometry);
        const SlicePlane axial(*geometry, Plane::axial);
        EXPECT_EQ(letterOf(axial.directionX()), "L");
        EXPECT_EQ(letterOf(axial.directionY()), "P");
        const SlicePlane coronal(*geometry, Plane::coronal);
        EXPECT_EQ(letterOf(coronal.directionX()), "L");
        EXPECT_EQ(letterOf(coronal.directionY()), "I");
        const SlicePlane sagittal(*geometry, Plane::sagittal);
        EXPECT_EQ(letterOf(sagittal.directionX()), "P");
        EXPECT_EQ(letterOf(sagittal.directionY()), "I");
        for (const auto& plane : {axial, coronal, sagittal}) {
            // one pixel to the right moves by spacingX along directionX in the patient
            const Index3 a = plane.voxel(0, 0, 1);
            const Index3 b = plane.voxel(1, 0, 1);
            const auto patient = [&](Index3 v) { return geometry->toPatient({double(v.i), double(v.j), double(v.k)}); };
            expectNear(patient(b) - patient(a), plane.directionX() * plane.spacingX());
            const Index3 c = plane.voxel(0, 1, 1);
            expectNear(patient(c) - patient(a), plane.directionY() * plane.spacingY());
            const Point2 back = plane.point(plane.voxel(Point2{1.25, 0.5}, 1));
            EXPECT_DOUBLE_EQ(back.x, 1.25);
            EXPECT_DOUBLE_EQ(back.y, 0.5);
        }
    }
}

TEST(SlicePlane, Acquisition_IsTheStoredSlice)
{
    const auto geometry = Geometry::regular({3, 4, 5}, {0, 0, 0}, {0, 1, 0}, {0, 0, -1}, {1, 2, 3});
    const SlicePlane plane(*geometry, Plane::acquisition);
    EXPECT_EQ(plane.voxel(1, 2, 3), (Index3{1, 2, 3}));
    EXPECT_EQ(plane.count(), 5);
    EXPECT_EQ(acquisitionPlaneName(*geometry), Plane::sagittal);
}

TEST(PlaneName, GoesThereAndBack)
{
    for (const Plane plane : {Plane::axial, Plane::sagittal, Plane::coronal, Plane::acquisition}) {
        EXPECT_EQ(planeFromName(name(plane)), plane);
    }
    EXPECT_FALSE(planeFromName("oblique"));
}

} // namespace
} // namespace icmoe
