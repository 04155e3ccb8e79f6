// Experts on SAM and MedSAM, with a quick encoder and made-up weights: what the masks show means nothing here.
#include "ReferencePictures.h"
#include "SamCheckpoint.h"
#include "inference/icmoe/Foundation.h"
#include "inference/icmoe/IcMoeSegmenter.h"
#include "inference/weights/Safetensors.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

namespace icmoe::test {
namespace {

const weights::VitShape kShape{2, 64, 2, {1}};

std::shared_ptr<const weights::WeightsFile> weightsFile()
{
    auto file = std::make_shared<weights::WeightsFile>();
    file->bytes = weights::writeSafetensors(NamedTensors::of(kShape).table()).value();
    file->tensors = weights::readSafetensors(file->bytes).value();
    file->sha256 = std::string(64, 'a');
    return file;
}

std::shared_ptr<const Pack> packThatLearnedNothing()
{
    auto pack = std::make_shared<Pack>();
    pack->baseSha256 = std::string(64, 'a');
    pack->taps = TapProjection::none();
    pack->basic = ExpertParameters::fresh(kBasicExperts, 1);
    pack->semantic = ExpertParameters::fresh(2, 2);
    pack->adaptive = ExpertParameters::fresh(4, 3);
    pack->routing = Routing::fresh(4, 4);
    pack->routing["prototypes"] = at::eye(2, kMeaning);
    pack->routing["owner"] = at::arange(2, at::kLong);
    pack->description.classes = {"a", "b"};
    pack->selector = ScoreNetwork::fresh(kMaskFeatures, 5);
    pack->voter = VotingNetwork::fresh(6);
    return pack;
}

SliceImage picture()
{
    auto image = *referencePicture("discs300x200");
    image.key = "discs";
    image.range.name = "uint8";
    return image;
}

class SamExpertsTest : public ::testing::TestWithParam<const char*> {
protected:
    const weights::Model& model() const { return *weights::findModel(GetParam()); }
};

TEST_P(SamExpertsTest, IC2_AFreshExpertGivesTheBasesOwnBits)
{
    Foundation foundation(weightsFile(), model(), kShape, Precision::fp32);
    const at::NoGradGuard noGrad;
    const auto input = foundation.prepare(picture());
    ASSERT_TRUE(input) << input.error().oneLine();
    EXPECT_EQ(input->image.max().item<int>(), 255);
    const auto features = foundation.encode(*input, TapProjection::none(), [] { return true; });
    ASSERT_TRUE(features);
    EXPECT_FALSE(features->hasTaps());

    const PromptEncoder prompts(foundation.weights(), kNetworkSide, foundation.convention().centre);
    const ExpertDecoder decoder(foundation.weights(), prompts);
    ExpertBatch batch;
    batch.embedding = features->embedding.to(at::kFloat).unsqueeze(0);
    batch.image = features->image.to(at::kFloat).unsqueeze(0) / 255;
    batch.maps = at::zeros({1, kPromptMaps, 256, 256});
    batch.points = at::tensor({30.25F, 40.5F, 141.0F, 120.75F}).view({1, 2, 2});
    batch.kinds = at::tensor({float(kCorner0), float(kCorner1)}).view({1, 2});
    const auto base = decoder(ExpertParameters(), batch);
    const auto fresh = ExpertParameters::fresh(kBasicExperts, 7);
    for (const std::int64_t expert : {kClickExpert, kStrokeExpert, kBoxExpert}) {
        batch.experts = {expert};
        EXPECT_TRUE(at::equal(decoder(fresh, batch).logits, base.logits));
    }

    // the same box in the network's own pixels, asked as the family's segmenter asks
    const PromptEncoder own(foundation.weights(), 1024);
    const MaskDecoder published(foundation.weights(), own.densePosition());
    const auto decoded =
        published.decode(published.prepare(batch.embedding + own.noMask()), own.boxes(batch.points.view({1, 4}) * 4));
    EXPECT_LE((published.masks(decoded, 0, 0, 1)[0] - base.logits[0]).abs().max().item<float>(), 1e-3F);
}

TEST_P(SamExpertsTest, APackVotesOnItAndItsEmbeddingSurvivesTheDisk)
{
    const auto segmenter = makeIcMoeSegmenter(weightsFile(), model(), kShape, packThatLearnedNothing(), {});
    const auto embedding = segmenter->encode(picture(), {}, {});
    ASSERT_TRUE(embedding) << embedding.error().oneLine();
    const auto bytes = segmenter->serialize(**embedding);
    EXPECT_EQ(bytes.size(), PictureFeatures::byteSize(false));
    const auto again = segmenter->deserialize(bytes);
    ASSERT_TRUE(again);
    Prompt click;
    click.id = 1;
    click.shape = PointPrompt{{90, 140}, true};
    const auto warm = segmenter->predict(picture(), **embedding, {click}, {});
    const auto cold = segmenter->predict(picture(), **again, {click}, {});
    ASSERT_TRUE(warm && cold) << warm.error().oneLine();
    EXPECT_EQ(warm->engine.engine, "IC-MoE");
    EXPECT_EQ(warm->engine.weightsSha256, std::string(64, 'a'));
    ASSERT_TRUE(warm->vote);
    EXPECT_GE(warm->vote->voters.size(), 5U);
    EXPECT_TRUE(warm->candidates.front().mask.contains(90, 140));
    EXPECT_EQ(warm->candidates.front().mask, cold->candidates.front().mask);
}

INSTANTIATE_TEST_SUITE_P(Families, SamExpertsTest, ::testing::Values("sam-vit-b", "medsam-vit-b"),
                         [](const auto& tested) { return std::string(tested.index == 0 ? "Sam" : "MedSam"); });

} // namespace
} // namespace icmoe::test
