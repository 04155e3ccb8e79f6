#include "inference/icmoe/Dilation.h"
#include "inference/sam/BatchedProduct.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace icmoe::test {
namespace {

class BatchedProductTest : public ::testing::TestWithParam<std::int64_t> {
protected:
    void SetUp() override { at::manual_seed(5); }
    static double distance(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }
};

TEST_P(BatchedProductTest, IsTheProductOfEveryPair_HoweverManyThereAre)
{
    const auto a = at::randn({GetParam(), 5, 7});
    const auto b = at::randn({GetParam(), 9, 7}).transpose(1, 2);
    const auto base = at::randn({GetParam(), 5, 9});
    const auto one = at::randn({1, 5, 9});
    EXPECT_LE(distance(batchedProduct(a, b), at::matmul(a, b)), 1e-5);
    EXPECT_LE(distance(batchedSum(base, a, b), base + at::matmul(a, b)), 1e-5);
    EXPECT_LE(distance(batchedSum(one, a, b), one + at::matmul(a, b)), 1e-5);
}

TEST_P(BatchedProductTest, HasGradients)
{
    const auto a = at::randn({GetParam(), 2, 3}).requires_grad_(true);
    const auto b = at::randn({GetParam(), 3, 2});
    const auto base = at::randn({GetParam(), 2, 2}).requires_grad_(true);
    (batchedProduct(a, b).sum() + batchedSum(base, b.transpose(1, 2), b).sum()).backward();
    EXPECT_LE(distance(a.grad(), b.sum(2).unsqueeze(1).expand_as(a)), 1e-5);
    EXPECT_EQ(distance(base.grad(), at::ones_like(base)), 0);
}

INSTANTIATE_TEST_SUITE_P(Counts, BatchedProductTest, ::testing::Values(1, 2, 3, 7));

TEST(Dilation, ReachesAsFarAsAWindowOfPooling)
{
    const auto values = at::rand({2, 20, 30});
    for (const int reach : {1, 2, 4, 7}) {
        const auto pooled =
            at::max_pool2d(values.unsqueeze(0), {2 * reach + 1, 2 * reach + 1}, {1, 1}, {reach, reach}).squeeze(0);
        EXPECT_TRUE(at::equal(dilated(values, reach), pooled)) << reach;
        EXPECT_TRUE(at::equal(eroded(values, reach), 1 - dilated(1 - values, reach)));
    }
}

} // namespace
} // namespace icmoe::test
