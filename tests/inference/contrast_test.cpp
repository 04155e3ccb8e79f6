#include "inference/training/Contrast.h"

#include "inference/icmoe/Routing.h"
#include "inference/training/RoutedTraining.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace icmoe::test {
namespace {

using namespace icmoe::training;

at::Tensor units(std::int64_t count, std::int64_t width = 16)
{
    const auto x = at::randn({count, width});
    return x / x.norm(2, at::IntArrayRef{1}, true);
}

std::map<int, at::Tensor> centresOf(const Embedded& keys)
{
    MemoryBank bank(1000);
    for (std::size_t n = 0; n < keys.classes.size(); ++n) {
        bank.add(keys.classes[n], keys.vectors[static_cast<std::int64_t>(n)].unsqueeze(0), n);
    }
    return bank.centres();
}

TEST(Contrast, IC12_WithoutSharpnessAndWithOnePositive_ItIsInfoNce)
{
    at::manual_seed(1);
    const Embedded anchors{units(1), {3}};
    const Embedded keys{units(7), {3, 1, 1, 2, kNearBackground, 4, 5}};
    const ContrastOptions options{.temperature = 0.2, .sharpness = 0};
    const auto loss = contrastiveLoss(anchors, keys, centresOf(keys), options);
    const auto scores = at::matmul(anchors.vectors, keys.vectors.t()) / options.temperature;
    const auto expected = -scores.log_softmax(1)[0][0];
    EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-5);
}

TEST(Contrast, IC12_WhatCannotBeCompared_GivesZeroAndFiniteGradients)
{
    at::manual_seed(2);
    const Embedded none{at::zeros({0, 16}), {}};
    const Embedded keys{units(3), {1, 1, 2}};
    EXPECT_EQ(contrastiveLoss(none, keys, {}, {}).item<double>(), 0);
    const std::vector<std::pair<Embedded, Embedded>> cases{
        {{units(1), {1}}, {at::Tensor(), {}}}, // no key at all
        {{units(2), {7, 7}}, keys},            // a class without a positive
        {{units(1), {1}}, {units(2), {1, 1}}}, // one class, no negative
        {{units(1), {1}}, {units(2), {1, 2}}}, // one pixel each
        {{units(3), {1, 2, 9}}, keys},         // some of each
    };
    for (auto [anchors, other] : cases) {
        anchors.vectors.requires_grad_(true);
        const auto loss = contrastiveLoss(anchors, other, centresOf(keys), {});
        EXPECT_TRUE(std::isfinite(loss.item<double>()));
        loss.backward();
        EXPECT_TRUE(anchors.vectors.grad().isfinite().all().item<bool>());
    }
}

TEST(Contrast, IC12_GradientsAreThoseOfFiniteDifferences)
{
    at::manual_seed(3);
    const Embedded keys{units(6).to(at::kDouble), {1, 1, 2, 2, 3, kFarBackground}};
    Embedded anchors{units(3).to(at::kDouble).requires_grad_(true), {1, 2, 2}};
    std::map<int, at::Tensor> centres;
    for (const auto& [classIndex, centre] : centresOf(keys)) {
        centres.emplace(classIndex, centre);
    }
    const auto value = [&](const at::Tensor& x) {
        return contrastiveLoss({x, anchors.classes}, keys, centres, {}).item<double>();
    };
    contrastiveLoss(anchors, keys, centres, {}).backward();
    const auto gradient = anchors.vectors.grad();
    const auto x = anchors.vectors.detach();
    for (const auto& [row, column] : std::vector<std::pair<int, int>>{{0, 0}, {0, 7}, {1, 3}, {2, 15}}) {
        constexpr double kStep = 1e-5;
        auto up = x.clone();
        auto down = x.clone();
        up[row][column] += kStep;
        down[row][column] -= kStep;
        EXPECT_NEAR((value(up) - value(down)) / (2 * kStep), gradient[row][column].item<double>(), 1e-4);
    }
}

TEST(Contrast, WhatIsEasilyConfused_IsPushedApartMost)
{
    at::manual_seed(4);
    Embedded anchors{units(1), {1}};
    const auto near = units(1);
    const auto far = -near;
    const Embedded keys{at::cat({units(1), near, far}), {1, 2, 3}};
    std::map<int, at::Tensor> centres{{1, near[0]}, {2, near[0]}, {3, far[0]}}; // class 2 looks like class 1
    const auto gradient = [&](double sharpness) {
        anchors.vectors = anchors.vectors.detach().requires_grad_(true);
        contrastiveLoss(anchors, keys, centres, {.temperature = 0.5, .sharpness = sharpness}).backward();
        return at::matmul(anchors.vectors.grad(), near.t()).item<double>(); // push away from class 2
    };
    EXPECT_GT(gradient(3), gradient(0));
}

TEST(Contrast, TheBank_IsBounded_AndGivesNoKeysOfTheSamePicture)
{
    MemoryBank bank(4);
    bank.add(1, units(3), 10);
    bank.add(1, units(3), 11);
    bank.add(2, units(2), 11);
    EXPECT_EQ(bank.size(), 6U);
    EXPECT_EQ(bank.keysWithout({}).classes.size(), 6U);
    EXPECT_EQ(bank.keysWithout({11}).classes, (std::vector<int>{1}));
    EXPECT_TRUE(bank.keysWithout({10, 11}).classes.empty());
}

TEST(Contrast, AnchorsLieInTheObject_HalfOfThemHard)
{
    auto cover = at::zeros({64, 64});
    cover.slice(0, 20, 44).slice(1, 20, 44).fill_(1);
    auto p = cover.clone();
    p.slice(0, 20, 24).fill_(0.1F); // the answer misses some rows
    Random random(1);
    const auto cells = anchorCells(cover, p, 64, random);
    EXPECT_EQ(cells.size(), 64U);
    int hard = 0;
    for (const auto cell : cells) {
        EXPECT_GE(cover.flatten()[cell].item<float>(), 0.5F);
        const auto row = cell / 64;
        const auto column = cell % 64;
        hard += row < 24 || row == 43 || column == 20 || column == 43 ? 1 : 0;
    }
    EXPECT_EQ(hard, 32);
    for (const auto cell : backgroundCells(cover, true, 16, random)) {
        EXPECT_EQ(cover.flatten()[cell].item<float>(), 0);
    }
}

TEST(Contrast, Centred_TakesAwayWhatAllClassesShare)
{
    at::manual_seed(2);
    const auto shared = at::zeros({8, 16}) + 5 * at::randn({16});
    const auto own = at::cat({at::randn({1, 16}).expand({4, 16}), at::randn({1, 16}).expand({4, 16})});
    const Embedded embedded{shared + own, {1, 1, 1, 1, 2, 2, 2, 2}};
    const auto cohesion = cohesionOf(centred(embedded));
    EXPECT_NEAR(cohesion.within, 1, 1e-4);
    EXPECT_NEAR(cohesion.between, -1, 1e-4); // of two classes, each lies opposite the other
}

TEST(Contrast, Cohesion_IsHighForSeparateClasses)
{
    const auto a = units(1).expand({4, -1});
    const auto cohesion = cohesionOf({at::cat({a, -a}), {1, 1, 1, 1, 2, 2, 2, 2}});
    EXPECT_NEAR(cohesion.within, 1, 1e-5);
    EXPECT_NEAR(cohesion.between, -1, 1e-5);
}

TEST(Prototypes, EveryClassHasAnExpert_AndExpertsShareTheWork)
{
    at::manual_seed(6);
    Embedded regions;
    std::vector<at::Tensor> vectors;
    const auto directions = at::randn({12, 256});
    for (int k = 0; k < 12; ++k) {
        for (int n = 0; n < 5; ++n) {
            vectors.push_back(directions[k] + 0.2 * at::randn({256}));
            regions.classes.push_back(k);
        }
    }
    regions.vectors = at::stack(vectors);
    const auto dealt = dealClasses(regions, 12, 4);
    std::vector<int> load(4, 0);
    for (const auto owner : dealt.owner) {
        ASSERT_GE(owner, 0);
        ASSERT_LT(owner, 4);
        ++load[static_cast<std::size_t>(owner)];
    }
    EXPECT_LE(*std::max_element(load.begin(), load.end()), 4);
    EXPECT_GE(*std::min_element(load.begin(), load.end()), 1);
}

TEST(Routing, ANamedLabel_GoesToItsPrototype_OtherwiseTheNearest)
{
    auto parameters = Routing::fresh(4, 1);
    parameters["prototypes"] = at::eye(3, 64);
    parameters["owner"] = at::tensor({2, 0, 1}, at::kLong);
    const Routing routing(parameters);
    auto query = at::zeros({64});
    query[1] = 0.9F;
    query[0] = 0.1F;
    const auto nearest = routing.semantic(query, std::nullopt);
    EXPECT_EQ(nearest.prototype, 1);
    EXPECT_EQ(nearest.expert, 0);
    EXPECT_NEAR(nearest.familiarity, 0.9, 1e-6);
    EXPECT_GT(nearest.weight, 0.9);
    const auto named = routing.semantic(query, 2);
    EXPECT_EQ(named.expert, 1);
    EXPECT_EQ(named.weight, 1);
    parameters.erase("owner");
    EXPECT_THROW(Routing{parameters}, std::invalid_argument);
}

TEST(Routing, TopTwo_SharesSumToOne_AndTiesGoToTheSmallerNumber)
{
    const auto choice = Routing::topTwo(at::tensor({0.5F, 2.0F, 2.0F, -1.0F}));
    EXPECT_EQ(choice.experts[0], 1);
    EXPECT_EQ(choice.experts[1], 2);
    EXPECT_NEAR(choice.weights[0], 0.5, 1e-6);
    EXPECT_NEAR(choice.weights[0] + choice.weights[1], 1, 1e-12);
    const auto first = Routing::topTwo(at::tensor({3.0F, 1.0F, 2.0F}));
    EXPECT_EQ(first.experts[0], 0);
    EXPECT_EQ(first.experts[1], 2);
    EXPECT_GT(first.weights[0], 0.7);
}

} // namespace
} // namespace icmoe::test
