#include "inference/icmoe/Domains.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace icmoe::test {
namespace {

/// Two sets that lie apart, ten pictures each, with an own deviation of 0.1.
std::vector<Domains::Picture> twoSets()
{
    at::manual_seed(9);
    std::vector<Domains::Picture> pictures;
    for (const auto& [set, centre] : {std::pair{"dark", 0.0}, {"bright", 4.0}}) {
        for (int n = 0; n < 10; ++n) {
            pictures.push_back({centre + 0.1 * at::randn({kPictureSigns}), set, set + std::to_string(n)});
        }
    }
    return pictures;
}

TEST(Domains, APictureOfAKnownSet_IsNotStrange_AnotherIs)
{
    const Domains domains(Domains::fitted(twoSets()));
    for (const double centre : {0.0, 4.0}) {
        EXPECT_LT(domains.strangeness(centre + 0.1 * at::randn({kPictureSigns})), 0.6);
    }
    EXPECT_GT(domains.strangeness(2 + 0.1 * at::randn({kPictureSigns})), 1); // between them
    EXPECT_GT(domains.strangeness(9 + 0.1 * at::randn({kPictureSigns})), 1);
}

TEST(Domains, SlicesOfOneVolume_AreNoNeighbours)
{
    const auto alone = twoSets();
    auto doubled = alone;
    for (const auto& picture : alone) {
        doubled.push_back({picture.signs + 0.001, picture.set, picture.source});
    }
    const auto apart = [](const std::vector<Domains::Picture>& pictures) {
        return Domains::fitted(pictures).at("apart").item<double>();
    };
    EXPECT_NEAR(apart(doubled), apart(alone), 0.3 * apart(alone));
}

TEST(Domains, ASetCountsAsMuchAsAnother_HoweverManyPicturesItHas)
{
    auto uneven = twoSets();
    for (int n = 0; n < 100; ++n) {
        uneven.push_back({0.1 * at::randn({kPictureSigns}), "dark", "more " + std::to_string(n)});
    }
    EXPECT_GT(Domains(Domains::fitted(uneven)).strangeness(2 + 0.1 * at::randn({kPictureSigns})), 1);
}

TEST(Domains, TheSigns_AreThoseOfTheSliceAlone)
{
    const auto grid = NetworkGrid::of(512, 256); // the lower half is padding
    auto embedding = at::randn({4096, 256});
    const auto signs = pictureSigns(embedding, grid);
    EXPECT_EQ(signs.sizes(), at::IntArrayRef({kPictureSigns}));
    embedding.slice(0, 2048).fill_(77);
    EXPECT_TRUE(at::equal(pictureSigns(embedding, grid), signs));
    embedding.slice(0, 0, 10).fill_(77);
    EXPECT_FALSE(at::equal(pictureSigns(embedding, grid), signs));
}

TEST(Domains, OnePicture_OrAMissingTensor_IsRefused)
{
    EXPECT_THROW((void)Domains::fitted({}), std::invalid_argument);
    EXPECT_THROW((void)Domains::fitted({twoSets().front()}), std::invalid_argument);
    auto parameters = Domains::fitted(twoSets());
    parameters.erase("apart");
    EXPECT_THROW(Domains{parameters}, std::invalid_argument);
}

} // namespace
} // namespace icmoe::test
