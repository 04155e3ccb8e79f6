// Networks, answers and training on another device than the processor: a pretended one everywhere, a GPU where one is.
#include "PretendDevice.h"
#include "ReferencePictures.h"
#include "TestPrompts.h"
#include "TestWeights.h"
#include "core/mask/Metrics.h"
#include "inference/icmoe/Foundation.h"
#include "inference/icmoe/IcMoeSegmenter.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/sam/TensorDevice.h"
#include "inference/training/ExpertTraining.h"
#include "tests/support/TestSupport.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace icmoe::test {
namespace {

std::vector<std::vector<Prompt>> questions()
{
    const auto click = prompt(PointPrompt{{250, 200}, true});
    return {{click},
            {prompt(BoxPrompt{130, 125, 380, 315})},
            {click, prompt(PointPrompt{{60, 60}, false}), prompt(ScribblePrompt{{{200, 180}, {300, 250}}, true})},
            {prompt(LassoPrompt{{{140, 140}, {370, 140}, {370, 300}, {140, 300}}})}};
}

const auto kShippedPack = std::filesystem::path(ICMOE_SOURCE_DIR) / "resources/packs/icmoe.safetensors";

class TensorDeviceTest : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override
    {
        ICMOE_NEEDS_WEIGHTS();
        if (isGpu() && !tensorBackend().isThere) {
            GTEST_SKIP() << "no GPU: " << tensorBackend().text;
        }
        m_device = isGpu() ? at::Device(at::kCUDA, 0) : pretendDevice();
        m_options.weightFolders = weightFolders();
        m_options.device = ComputeDevice::processor;
    }
    static bool isGpu() { return std::string_view(GetParam()) == "gpu"; }
    [[nodiscard]] std::unique_ptr<Segmenter> engineOn(at::Device device) const
    {
        const auto file = weights::loadLiteMedSam(m_options.weightFolders);
        auto options = m_options;
        options.experts = kShippedPack.string();
        return makeIcMoeSegmenter(*file, findPack(options, file->sha256).value(), options, device);
    }

    /// Returns the base's SHA-256.
    std::string trainThere(TrainOptions options) const
    {
        options.weightFolders = m_options.weightFolders;
        options.batch = 2;
        options.work = m_folder / "work";
        const auto foundation =
            Foundation::load(options.weightFolders, options.model, Precision::fp32, m_device).value();
        const auto report = training::trainExperts(
            options, [](const TrainProgress&) {}, {}, *foundation);
        EXPECT_TRUE(report) << report.error().oneLine();
        return foundation->sha256();
    }

    TemporaryFolder m_folder;
    at::Device m_device{at::kCPU};
    EngineOptions m_options;
};

INSTANTIATE_TEST_SUITE_P(On, TensorDeviceTest, ::testing::Values("pretended", "gpu"),
                         [](const auto& one) { return std::string(one.param); });

TEST_P(TensorDeviceTest, TheExperts_AnswerAsOnTheProcessor)
{
    const auto here = engineOn(at::kCPU);
    const auto there = engineOn(m_device);
    const auto image = boxPicture();
    const auto ours = here->encode(image, {}, {}).value();
    const auto theirs = there->encode(image, {}, {}).value();
    for (const auto& prompts : questions()) {
        for (const bool isPreview : {true, false}) {
            const auto ask = [&](Segmenter& engine, const Embedding& embedding) {
                return isPreview ? engine.preview(image, embedding, prompts, {})
                                 : engine.predict(image, embedding, prompts, {});
            };
            const auto expected = ask(*here, *ours);
            const auto answer = ask(*there, *theirs);
            ASSERT_TRUE(expected && answer) << answer.error().oneLine();
            EXPECT_GT(iou(expected->candidates.front().mask, answer->candidates.front().mask), 0.995);
            ASSERT_EQ(expected->vote->voters.size(), answer->vote->voters.size());
            for (std::size_t n = 0; n < answer->vote->voters.size(); ++n) {
                EXPECT_EQ(expected->vote->voters[n].name, answer->vote->voters[n].name);
                EXPECT_NEAR(expected->vote->voters[n].weight, answer->vote->voters[n].weight, 0.02);
            }
        }
    }
    const auto cached = there->deserialize(there->serialize(*theirs));
    ASSERT_TRUE(cached);
    EXPECT_TRUE(there->predict(image, **cached, questions().front(), {}));
    EXPECT_EQ(there->info().threads, here->info().threads);
}

TEST_P(TensorDeviceTest, ALabelAlone_IsLookedForThere)
{
    const auto there = engineOn(m_device);
    const auto image = boxPicture();
    const auto embedding = there->encode(image, {}, {}).value();
    const auto answer = there->predict(image, *embedding, {prompt(LabelPrompt{"Spleen"})}, {});
    EXPECT_TRUE(answer || answer.error().code == ErrorCode::notFound) << answer.error().oneLine();
}

TEST_P(TensorDeviceTest, AllPhasesOfTheTrainingRunThere)
{
    TrainOptions options;
    options.synthetic = 4;
    options.voteShare = 0.4;
    options.steps = {{"basic", 1},  {"detail", 2},   {"semantic", 2}, {"adaptive", 1}, {"questions", 4},
                     {"judge", 50}, {"sessions", 4}, {"selector", 5}, {"vote", 1},     {"joint", 1}};
    options.out = m_folder / "pack.safetensors";
    const auto base = trainThere(options);
    const auto pack = Pack::read(options.out, base);
    ASSERT_TRUE(pack);
    EXPECT_GT(pack->basic.get("token.prompt").abs().max().item<float>(), 0);
    EXPECT_TRUE(pack->voter.at("output.weight").isfinite().all().item<bool>());
}

TEST_P(TensorDeviceTest, TheWholeDecoderIsTrainedThere)
{
    TrainOptions options;
    options.synthetic = 2;
    options.voteShare = 0;
    options.phases = {"decoder"};
    options.steps = {{"decoder", 1}};
    trainThere(options);
    EXPECT_TRUE(std::filesystem::exists(m_folder / "work/decoder.safetensors"));
}

TEST(TensorDevice, WithoutAGpu_TheProcessorAnswersAndAskingForOneIsAnError)
{
    if (tensorBackend().isThere) {
        GTEST_SKIP() << "there is a GPU";
    }
    EXPECT_TRUE(chooseDevice(ComputeDevice::automatic)->is_cpu());
    EXPECT_TRUE(chooseDevice(ComputeDevice::processor)->is_cpu());
    const auto asked = chooseDevice(ComputeDevice::cuda);
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code, ErrorCode::engineUnavailable);
    EXPECT_NE(asked.error().message.find("networks on the processor"), std::string::npos);
    EngineOptions options;
    options.weightFolders = weightFolders();
    options.device = ComputeDevice::cuda;
    EXPECT_FALSE(createEngine(options));
}

} // namespace
} // namespace icmoe::test
