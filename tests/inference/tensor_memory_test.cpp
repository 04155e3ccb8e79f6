#include "inference/sam/TensorMemory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace icmoe::test {
namespace {

constexpr std::int64_t kLarge = std::int64_t{3} << 20; // floats

class TensorMemory : public ::testing::Test {
protected:
    void SetUp() override { keepTensorMemory(std::size_t{64} << 20); }
    void TearDown() override { keepTensorMemory(0); }
};

TEST_F(TensorMemory, ABlockThatWasGivenBack_ServesTheNextTensorOfItsSize)
{
    const void* address = at::empty({kLarge}, at::kFloat).data_ptr();
    EXPECT_GE(keptTensorMemory(), static_cast<std::size_t>(kLarge) * 4);
    const auto again = at::empty({kLarge - 1000}, at::kFloat);
    EXPECT_EQ(again.data_ptr(), address);
    EXPECT_EQ(keptTensorMemory(), 0U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(again.data_ptr()) % 64, 0U);
}

TEST_F(TensorMemory, NoMoreIsKeptThanAllowed)
{
    std::vector<at::Tensor> many;
    for (int n = 0; n < 10; ++n) {
        many.push_back(at::ones({kLarge}, at::kFloat));
    }
    many.clear();
    EXPECT_LE(keptTensorMemory(), std::size_t{64} << 20);
    EXPECT_GT(keptTensorMemory(), std::size_t{32} << 20);
    keepTensorMemory(std::size_t{16} << 20);
    EXPECT_LE(keptTensorMemory(), std::size_t{16} << 20);
    keepTensorMemory(0);
    EXPECT_EQ(keptTensorMemory(), 0U);
}

TEST_F(TensorMemory, EmptyAndSmallTensors_AreAsEver)
{
    EXPECT_EQ(at::empty({0}).numel(), 0);
    EXPECT_EQ(at::ones({3}).sum().item<float>(), 3);
    EXPECT_EQ(keptTensorMemory(), 0U);
}

TEST_F(TensorMemory, BlocksMayBeGivenBackOnAnotherThread)
{
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([t] {
            for (int n = 0; n < 50; ++n) {
                auto tensor = at::full({200000 + 1000 * t}, static_cast<float>(t));
                std::thread([moved = std::move(tensor), t] { EXPECT_EQ(moved[199999].item<float>(), t); }).join();
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_LE(keptTensorMemory(), std::size_t{64} << 20);
}

} // namespace
} // namespace icmoe::test
