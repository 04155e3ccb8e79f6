#include "inference/icmoe/LabelSearch.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace icmoe::test {
namespace {

/// Cells of two kinds, and a prototype of the second.
struct Scene {
    Scene()
    {
        at::manual_seed(4);
        const auto elsewhere = at::randn({256});
        const auto structure = at::randn({256});
        auto cells = elsewhere.repeat({64, 64, 1}) + 0.1 * at::randn({64, 64, 256});
        cells.slice(0, 20, 30).slice(1, 8, 24).copy_(structure + 0.1 * at::randn({10, 16, 256}));
        cells.slice(0, 50, 53).slice(1, 50, 53).copy_(structure.expand({3, 3, 256})); // a smaller one
        embedding = cells.reshape({4096, 256});
        auto parameters = Routing::fresh(4, 1);
        const Routing plain(parameters);
        parameters["prototypes"] = at::stack({plain.project(structure), plain.project(at::randn({256}))});
        parameters["owner"] = at::zeros({2}, at::kLong);
        routing.emplace(parameters);
    }
    at::Tensor embedding;
    std::optional<Routing> routing;
};

TEST(LabelSearch, ANamedStructure_IsFoundWhereCellsResembleIt)
{
    const Scene scene;
    const auto grid = NetworkGrid::of(512, 512); // a cell is eight slice pixels
    const auto box = findClass(*scene.routing, 0, scene.embedding, grid);
    ASSERT_TRUE(box) << box.error().oneLine();
    EXPECT_NEAR(box->x0, 8 * 8, 8.1);
    EXPECT_NEAR(box->y0, 20 * 8, 8.1);
    EXPECT_NEAR(box->x1, 24 * 8, 8.1);
    EXPECT_NEAR(box->y1, 30 * 8, 8.1);
}

TEST(LabelSearch, WhatIsNotThere_IsNotFound)
{
    Scene scene;
    const auto grid = NetworkGrid::of(512, 512);
    const auto nothing = scene.embedding[0].repeat({4096, 1});
    EXPECT_EQ(findClass(*scene.routing, 0, nothing, grid).error().code, ErrorCode::notFound);
}

TEST(LabelSearch, Names_AreComparedWithoutCase)
{
    const std::vector<std::string> classes{"Polyp", "Left ventricle"};
    EXPECT_EQ(classNamed(classes, "left Ventricle"), 1);
    EXPECT_EQ(classNamed(classes, "ventricle"), std::nullopt);
}

} // namespace
} // namespace icmoe::test
