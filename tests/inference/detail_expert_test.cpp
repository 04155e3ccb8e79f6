#include "inference/icmoe/DetailExpert.h"

#include "TestPrompts.h"
#include "inference/icmoe/PromptReading.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

namespace icmoe::test {
namespace {

at::Tensor discAt(double x, double y, double radius)
{
    const auto line = at::arange(256, at::kFloat);
    return ((line - x).square().view({1, 256}) + (line - y).square().view({256, 1}) < radius * radius).to(at::kFloat);
}

/// Two pictures, each with a first answer.
ExpertBatch someBatch()
{
    at::manual_seed(3);
    ExpertBatch batch;
    batch.embedding = 0.2 * at::randn({2, 4096, 256});
    batch.half = at::randn({2, kHalfTapChannels, 128, 128});
    batch.full = at::randn({2, kFullTapChannels, 128, 128});
    batch.image = at::rand({2, 3, 256, 256});
    const auto reading = readPrompts({prompt(PointPrompt{{200, 150}, true})}, NetworkGrid::of(512, 384));
    batch.maps = reading.maps.repeat({2, 1, 1, 1});
    batch.maps[0][kPreviousMask].copy_(0.9 * discAt(100, 80, 20));
    batch.maps[1][kPreviousMask].copy_(0.7 * discAt(60, 120, 35));
    return batch;
}

NamedTensors disturbed()
{
    at::manual_seed(5);
    auto parameters = DetailExpert::fresh(1);
    for (auto& [name, tensor] : parameters) {
        tensor = tensor + 0.02 * at::randn(tensor.sizes());
    }
    return parameters;
}

ExpertBatch alone(const ExpertBatch& batch, std::int64_t n)
{
    ExpertBatch one = batch;
    for (auto* tensor : {&one.embedding, &one.half, &one.full, &one.image, &one.maps}) {
        *tensor = tensor->slice(0, n, n + 1);
    }
    return one;
}

TEST(DetailExpert, Fresh_AnswersWithTheFirstAnswer)
{
    const at::NoGradGuard noGrad;
    const auto batch = someBatch();
    const auto answers = DetailExpert(DetailExpert::fresh(1))(batch);
    EXPECT_TRUE(at::equal(answers.logits > 0, batch.maps.select(1, kPreviousMask) > 0.5));
    EXPECT_EQ(answers.iou.sizes(), at::IntArrayRef({2}));
}

TEST(DetailExpert, Fresh_EveryLevelReachesTheMask)
{
    auto parameters = DetailExpert::fresh(1);
    parameters.at("mask.weight").add_(0.1);
    for (auto& [name, tensor] : parameters) {
        tensor.requires_grad_(true);
    }
    const DetailExpert expert(parameters);
    expert(someBatch()).logits.square().mean().backward();
    for (const auto& [name, tensor] : parameters) {
        if (name.starts_with("up.") || name.starts_with("down.") || name.ends_with(".1.weight")) {
            EXPECT_GT(tensor.grad().abs().max().item<double>(), 0) << name;
        }
    }
}

TEST(DetailExpert, Fresh_SmallStepsMoveTheMaskALittle)
{
    const at::NoGradGuard noGrad;
    auto parameters = DetailExpert::fresh(1);
    const auto before = DetailExpert(parameters)(someBatch()).logits;
    parameters.at("mask.weight").add_(0.01 * at::randn(parameters.at("mask.weight").sizes()));
    const auto moved = DetailExpert(parameters)(someBatch()).logits - before;
    EXPECT_LT(moved.square().mean().sqrt().item<double>(), 0.3);
    EXPECT_GT(moved.square().mean().sqrt().item<double>(), 0.01);
}

TEST(DetailExpert, FitsAPack)
{
    const auto parameters = DetailExpert::fresh(1);
    EXPECT_LE(values(parameters), 900'000);
    RecordProperty("values", std::to_string(values(parameters)));
}

TEST(DetailExpert, IC8_InABatchOrAlone_TheAnswerIsTheSame)
{
    const at::NoGradGuard noGrad;
    const auto batch = someBatch();
    const DetailExpert expert(disturbed());
    const auto together = expert(batch);
    EXPECT_TRUE(at::equal(expert(batch).logits, together.logits));
    for (std::int64_t n = 0; n < 2; ++n) {
        const auto one = expert(alone(batch, n));
        EXPECT_LE((one.logits[0] - together.logits[n]).abs().max().item<double>(), 1e-3);
        EXPECT_LE((one.iou[0] - together.iou[n]).abs().item<double>(), 1e-4);
    }
}

TEST(DetailExpert, OnePictureServesManyQuestions)
{
    const at::NoGradGuard noGrad;
    auto batch = someBatch();
    for (auto* tensor : {&batch.embedding, &batch.half, &batch.full, &batch.image}) {
        *tensor = tensor->slice(0, 0, 1);
    }
    const auto answers = DetailExpert(disturbed())(batch);
    EXPECT_EQ(answers.logits.sizes(), at::IntArrayRef({2, 256, 256}));
    EXPECT_FALSE(at::equal(answers.logits[0], answers.logits[1]));
}

TEST(DetailExpert, ABaseWithoutTaps_IsAnsweredAsWell)
{
    const at::NoGradGuard noGrad;
    auto batch = someBatch();
    batch.half = at::Tensor();
    batch.full = at::Tensor();
    const auto answers = DetailExpert(disturbed())(batch);
    EXPECT_TRUE(answers.logits.isfinite().all().item<bool>());
}

TEST(DetailExpert, EveryParameter_HasAGradient)
{
    auto parameters = disturbed();
    for (auto& [name, tensor] : parameters) {
        tensor.requires_grad_(true);
    }
    const auto answers = DetailExpert(parameters)(someBatch());
    (answers.logits.square().mean() + answers.iou.sum()).backward();
    for (const auto& [name, tensor] : parameters) {
        ASSERT_TRUE(tensor.grad().defined()) << name;
        EXPECT_GT(tensor.grad().abs().max().item<double>(), 0) << name;
    }
}

TEST(DetailExpert, AMissingTensor_IsRefused)
{
    auto parameters = DetailExpert::fresh(1);
    parameters.erase("middle.0.weight");
    EXPECT_THROW(DetailExpert{parameters}, std::invalid_argument);
}

} // namespace
} // namespace icmoe::test
