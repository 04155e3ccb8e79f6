#include "TestPrompts.h"
#include "TestWeights.h"
#include "inference/icmoe/ExpertDecoder.h"
#include "inference/icmoe/PromptReading.h"
#include "inference/sam/MaskDecoder.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

namespace icmoe::test {
namespace {

const NetworkGrid kGrid = NetworkGrid::of(512, 384);

double relativeL2(const at::Tensor& a, const at::Tensor& b)
{
    return ((a - b).norm() / b.norm()).item<double>();
}

class ExpertsTest : public ::testing::Test {
protected:
    void SetUp() override
    {
        ICMOE_NEEDS_WEIGHTS();
        if (!s_weights) {
            const auto file = weights::loadLiteMedSam(weightFolders());
            ASSERT_TRUE(file) << file.error().oneLine();
            s_weights = std::make_unique<NetworkWeights>(file->tensors);
            s_prompts = std::make_unique<PromptEncoder>(*s_weights);
            s_decoder = std::make_unique<ExpertDecoder>(*s_weights, *s_prompts);
            at::manual_seed(7);
            s_picture.embedding = at::randn({1, 4096, 256}) * 0.2;
            s_picture.half = at::randn({1, kHalfTapChannels, 128, 128});
            s_picture.full = at::randn({1, kFullTapChannels, 128, 128});
            s_picture.image = at::rand({1, 3, 256, 256});
        }
    }
    static ExpertBatch batch(const std::vector<Prompt>& prompts, std::vector<std::int64_t> experts)
    {
        const auto reading = readPrompts(canonicalOrder(prompts), kGrid);
        ExpertBatch one = s_picture;
        one.maps = reading.maps;
        one.points = reading.points;
        one.kinds = reading.kinds;
        one.experts = std::move(experts);
        return one;
    }
    static std::vector<std::vector<Prompt>> promptSets()
    {
        return {{prompt(PointPrompt{{200, 150}, true})},
                {prompt(BoxPrompt{100, 80, 300, 250})},
                {prompt(PointPrompt{{200, 150}, true}), prompt(PointPrompt{{40, 30}, false}),
                 prompt(BoxPrompt{100, 80, 300, 250})},
                {prompt(ScribblePrompt{{{150, 150}, {180, 160}, {220, 170}}, true})},
                {prompt(LassoPrompt{{{100, 80}, {300, 90}, {280, 240}, {110, 230}}})}};
    }
    /// Experts that change a lot.
    static ExpertParameters disturbed(int count)
    {
        auto tensors = ExpertParameters::fresh(count, 3).clone().tensors();
        for (auto& [name, tensor] : tensors) {
            tensor.add_(at::randn(tensor.sizes()) * 0.03);
        }
        return ExpertParameters(tensors);
    }

    static inline std::unique_ptr<NetworkWeights> s_weights;
    static inline std::unique_ptr<PromptEncoder> s_prompts;
    static inline std::unique_ptr<ExpertDecoder> s_decoder;
    static inline ExpertBatch s_picture;
};

TEST_F(ExpertsTest, IC2_AFreshExpert_GivesTheBasesBits)
{
    const at::NoGradGuard noGrad;
    const auto fresh = ExpertParameters::fresh(3, 11);
    for (const auto& prompts : promptSets()) {
        const auto base = (*s_decoder)(fresh, batch(prompts, {}));
        for (std::int64_t expert = 0; expert < 3; ++expert) {
            const auto answer = (*s_decoder)(fresh, batch(prompts, {expert}));
            EXPECT_TRUE(at::equal(answer.logits, base.logits));
            EXPECT_TRUE(at::equal(answer.iou, base.iou));
            EXPECT_TRUE(at::equal(answer.cells, base.cells));
        }
    }
}

TEST_F(ExpertsTest, TheBaseInTheExpertsDecoder_IsTheMaskDecoder)
{
    const at::NoGradGuard noGrad;
    const MaskDecoder decoder(*s_weights, s_prompts->densePosition());
    const auto prepared = decoder.prepare(s_picture.embedding + s_prompts->noMask());
    for (const auto& prompts : promptSets()) {
        const auto asked = batch(prompts, {});
        const auto base = (*s_decoder)(ExpertParameters::fresh(1, 1), asked);
        const auto expected = decoder.decode(prepared, s_prompts->tokens(asked.points, asked.kinds));
        EXPECT_LE(relativeL2(base.logits[0], decoder.masks(expected, 0, 0, 1)[0]), 1e-5);
        EXPECT_LE((base.iou[0] - expected.iou[0][0]).abs().item<float>(), 1e-5F);
    }
}

TEST_F(ExpertsTest, AWindowOfTheMaskDecoder_HasTheValuesOfTheWhole)
{
    const at::NoGradGuard noGrad;
    const MaskDecoder decoder(*s_weights, s_prompts->densePosition());
    const auto prepared = decoder.prepare(s_picture.embedding + s_prompts->noMask());
    const auto decoded =
        decoder.decode(prepared, s_prompts->boxes(at::tensor({40.0F, 60.0F, 120.0F, 100.0F}).view({1, 4})));
    const auto window = cellsAround({40, 60, 120, 100}); // and 28, 18 around it
    EXPECT_EQ(window.x0, 3);
    EXPECT_EQ(window.y0, 10);
    EXPECT_EQ(window.x1, 38);
    EXPECT_EQ(window.y1, 30);
    const auto whole = decoder.masks(decoded, 0, 0, 2);
    const auto part = decoder.masks(decoded, 0, 0, 2, window);
    const auto inside = [](const at::Tensor& x) { return x.slice(1, 40, 120).slice(2, 12, 152); };
    EXPECT_LE((inside(part) - inside(whole)).abs().max().item<float>(), 1e-3F);
    EXPECT_EQ(part.slice(1, 0, 40).max().item<double>(), MaskDecoder::kOutsideLogit);
    EXPECT_EQ(part.slice(2, 152, 256).max().item<double>(), MaskDecoder::kOutsideLogit);
}

TEST_F(ExpertsTest, IC8_InABatchOrAlone_TheAnswerIsTheSame)
{
    const at::NoGradGuard noGrad;
    const auto experts = disturbed(4);
    for (const auto& prompts : promptSets()) {
        const auto together = (*s_decoder)(experts, batch(prompts, {2, 0, 3}));
        const auto again = (*s_decoder)(experts, batch(prompts, {2, 0, 3}));
        EXPECT_TRUE(at::equal(together.logits, again.logits));
        const std::vector<std::int64_t> order{2, 0, 3};
        for (std::size_t n = 0; n < order.size(); ++n) {
            const auto alone = (*s_decoder)(experts, batch(prompts, {order[n]}));
            const auto one = together.logits[static_cast<std::int64_t>(n)];
            EXPECT_LE((one - alone.logits[0]).abs().max().item<float>(), 1e-3F);
            EXPECT_LE(relativeL2(one, alone.logits[0]), 1e-5);
        }
    }
}

TEST_F(ExpertsTest, WhatIsKeptOfAPicture_ChangesNoBit)
{
    const at::NoGradGuard noGrad;
    const auto experts = disturbed(8);
    ExpertViews views;
    for (int round = 0; round < 2; ++round) { // more experts than are kept
        for (const std::vector<std::int64_t>& asked : {std::vector<std::int64_t>{2}, {0, 1, 3}, {4, 5, 6, 7}, {2, 0}}) {
            auto one = batch(promptSets()[2], asked);
            one.views = &views;
            const auto kept = (*s_decoder)(experts, one);
            one.views = nullptr;
            EXPECT_LE(relativeL2(kept.logits, (*s_decoder)(experts, one).logits), 1e-5);
            ExpertViews none;
            one.views = &none;
            EXPECT_TRUE(at::equal(kept.logits, (*s_decoder)(experts, one).logits));
        }
    }
}

TEST_F(ExpertsTest, MapsThatAreEmpty_NeedNoConvolution)
{
    const auto experts = disturbed(2);
    for (const auto& prompts : promptSets()) {
        const auto ofAllMaps = (*s_decoder)(experts, batch(prompts, {1, 0})); // as in training
        const at::NoGradGuard noGrad;
        EXPECT_LE(relativeL2((*s_decoder)(experts, batch(prompts, {1, 0})).logits, ofAllMaps.logits), 1e-5);
    }
}

TEST_F(ExpertsTest, WithoutTaps_TheFineBranchSeesThePictureAndThePrompts)
{
    const at::NoGradGuard noGrad;
    const auto experts = disturbed(1);
    auto zeros = batch(promptSets()[0], {0});
    zeros.half = at::zeros_like(zeros.half);
    zeros.full = at::zeros_like(zeros.full);
    auto none = zeros;
    none.half = none.full = at::Tensor();
    EXPECT_LE(relativeL2((*s_decoder)(experts, none).logits, (*s_decoder)(experts, zeros).logits), 1e-5);
}

TEST_F(ExpertsTest, TokensThatAreNone_ChangeNothing)
{
    const at::NoGradGuard noGrad;
    const auto experts = disturbed(1);
    auto padded = batch(promptSets()[0], {0});
    const auto answer = (*s_decoder)(experts, padded);
    padded.points = at::constant_pad_nd(padded.points, {0, 0, 0, 3}, 99);
    padded.kinds = at::constant_pad_nd(padded.kinds, {0, 3}, static_cast<double>(kNoToken));
    EXPECT_LE(relativeL2((*s_decoder)(experts, padded).logits, answer.logits), 1e-5);
}

TEST_F(ExpertsTest, IC9_TheOrderOfPrompts_ChangesNoBit)
{
    const at::NoGradGuard noGrad;
    const auto experts = disturbed(1);
    auto prompts = promptSets()[2];
    const auto answer = (*s_decoder)(experts, batch(prompts, {0}));
    std::reverse(prompts.begin(), prompts.end());
    EXPECT_TRUE(at::equal((*s_decoder)(experts, batch(prompts, {0})).logits, answer.logits));
}

TEST_F(ExpertsTest, AnExpert_HasAtMostAQuarterOfAMillionValues)
{
    EXPECT_LE(ExpertParameters::fresh(1, 1).valuesPerExpert(), 250000);
    EXPECT_GE(ExpertParameters::fresh(1, 1).valuesPerExpert(), 200000);
}

TEST_F(ExpertsTest, EveryParameter_GetsAGradient)
{
    auto tensors = disturbed(1).tensors();
    for (auto& [name, tensor] : tensors) {
        tensor.requires_grad_(true);
    }
    const auto answer = (*s_decoder)(ExpertParameters(tensors), batch(promptSets()[2], {0}));
    (answer.logits.square().mean() + answer.iou.sum()).backward();
    for (const auto& [name, tensor] : tensors) {
        ASSERT_TRUE(tensor.grad().defined()) << name;
        EXPECT_GT(tensor.grad().abs().sum().item<double>(), 0) << name;
    }
    for (const auto* name : {"mask_decoder.mask_tokens.weight", "mask_decoder.transformer.layers.0.mlp.lin1.weight"}) {
        EXPECT_FALSE(s_weights->get(name).requires_grad()) << name;
    }
}

} // namespace
} // namespace icmoe::test
