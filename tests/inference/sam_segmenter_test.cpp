// SAM and MedSAM behind core's interface, with a quick encoder and made-up weights: which masks answer which prompts,
// invariants and refusals. What the masks show means nothing here; sam_parity_test compares them with the reference.
#include "ReferencePictures.h"
#include "SamCheckpoint.h"
#include "inference/sam/EngineDescription.h"
#include "inference/sam/SamPrompts.h"
#include "inference/sam/SamSegmenter.h"
#include "inference/weights/Safetensors.h"
#include "tests/support/TestSupport.h"

#include <algorithm>
#include <dlfcn.h>
#include <fstream>
#include <gtest/gtest.h>

using namespace icmoe;
using weights::findModel;

namespace {

Prompt prompt(auto shape, PromptId id = 1)
{
    Prompt result;
    result.id = id;
    result.shape = std::move(shape);
    return result;
}

const BoxPrompt kBox{35, 85, 145, 195};
const PointPrompt kClick{{90, 140}, true};
const PointPrompt kAway{{20, 20}, false};

SliceImage picture()
{
    auto image = *test::referencePicture("discs300x200");
    image.key = "discs";
    image.range.name = "uint8";
    image.slice = 3;
    return image;
}

std::unique_ptr<Segmenter> quickSegmenter(std::string_view model, bool guarantees = false)
{
    const weights::VitShape shape{2, 64, 2, {1}};
    auto file = std::make_shared<weights::WeightsFile>();
    file->bytes = weights::writeSafetensors(test::NamedTensors::of(shape).table()).value();
    file->tensors = weights::readSafetensors(file->bytes).value();
    file->sha256 = "made up";
    EngineOptions options;
    options.guarantees = guarantees;
    return makeSam(std::move(file), *findModel(model), shape, options).value();
}

class SamSegmenterTest : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override
    {
        m_segmenter = quickSegmenter(GetParam());
        m_embedding = m_segmenter->encode(picture(), {}, {}).value();
    }
    Proposal answer(const std::vector<Prompt>& prompts)
    {
        auto proposal = m_segmenter->predict(picture(), *m_embedding, prompts, {});
        EXPECT_TRUE(proposal) << proposal.error().oneLine();
        return proposal.value_or(Proposal{});
    }
    bool isMedSam() const { return std::string_view(GetParam()) == "medsam-vit-b"; }

    std::unique_ptr<Segmenter> m_segmenter;
    std::shared_ptr<const Embedding> m_embedding;
};

std::vector<std::string> voters(const Proposal& proposal)
{
    std::vector<std::string> names;
    for (const auto& candidate : proposal.candidates) {
        names.push_back(candidate.voter);
    }
    return names;
}

SamGrid samGrid()
{
    return SamGrid::of(SamRecipe::sam, 200, 300); // 683 × 1024
}

SamQuestions ask(const std::vector<Prompt>& prompts, const SamGrid& grid = samGrid())
{
    return askSam(canonicalOrder(prompts), grid).value();
}

} // namespace

TEST_P(SamSegmenterTest, Box_IsAnsweredOnTheSlicesOwnGridWithTheEnginesName)
{
    const auto proposal = answer({prompt(kBox)});
    EXPECT_EQ(voters(proposal), isMedSam() ? std::vector<std::string>{"base"}
                                           : (std::vector<std::string>{"base", "base best of masks 1 to 3"}));
    EXPECT_EQ(proposal.candidates[0].mask.width(), 200);
    EXPECT_EQ(proposal.candidates[0].mask.height(), 300);
    EXPECT_FALSE(proposal.candidates[0].mask.empty());
    EXPECT_EQ(proposal.engine.engine, isMedSam() ? "MedSAM ViT-B" : "SAM ViT-B");
    EXPECT_EQ(proposal.engine.weightsSha256, "made up");
    EXPECT_EQ(proposal.engine.precision, "fp32");
    EXPECT_EQ(proposal.engine.range, "uint8");
    EXPECT_EQ(proposal.imageKey, "discs");
    EXPECT_EQ(proposal.slice, 3);
    EXPECT_TRUE(proposal.notice.empty());
}

TEST_P(SamSegmenterTest, OneClick_IsAnsweredByThreeRankedMasks)
{
    const auto proposal = answer({prompt(kClick)});
    ASSERT_EQ(proposal.candidates.size(), 3U);
    EXPECT_GE(proposal.candidates[0].predictedIou, proposal.candidates[1].predictedIou);
    EXPECT_GE(proposal.candidates[1].predictedIou, proposal.candidates[2].predictedIou);
    auto names = voters(proposal);
    std::ranges::sort(names);
    EXPECT_EQ(names, isMedSam() ? std::vector<std::string>(3, "box hypothesis")
                                : (std::vector<std::string>{"base mask 1", "base mask 2", "base mask 3"}));
}

TEST_P(SamSegmenterTest, FurtherClicks_ChangeTheAnswer)
{
    const auto one = answer({prompt(kBox), prompt(kClick, 2)});
    const auto two = answer({prompt(kBox), prompt(kClick, 2), prompt(PointPrompt{{120, 180}, false}, 3)});
    EXPECT_EQ(one.candidates[0].mask == two.candidates[0].mask, isMedSam()) << "MedSAM hears boxes alone";
    EXPECT_TRUE(one.candidates[0].voter == "base");
}

TEST_P(SamSegmenterTest, SeveralBoxes_AreAnsweredByTheirUnion)
{
    const BoxPrompt other{10, 200, 100, 290};
    const auto both = answer({prompt(kBox), prompt(other, 2)}).candidates[0].mask;
    EXPECT_EQ(both, answer({prompt(kBox)}).candidates[0].mask.united(answer({prompt(other)}).candidates[0].mask));
}

TEST_P(SamSegmenterTest, OrderAndRepetition_ChangeNoBit)
{
    const auto first = answer({prompt(kClick), prompt(kAway, 2), prompt(kBox, 3)});
    const auto again = m_segmenter->encode(picture(), {}, {}).value();
    EXPECT_EQ(m_segmenter->serialize(*again), m_segmenter->serialize(*m_embedding));
    const auto second =
        m_segmenter->predict(picture(), *again, {prompt(kBox, 9), prompt(kAway, 8), prompt(kClick, 7)}, {}).value();
    ASSERT_EQ(first.candidates.size(), second.candidates.size());
    for (std::size_t n = 0; n < first.candidates.size(); ++n) {
        EXPECT_EQ(first.candidates[n].mask, second.candidates[n].mask);
        EXPECT_EQ(first.candidates[n].predictedIou, second.candidates[n].predictedIou);
    }
}

TEST_P(SamSegmenterTest, EmbeddingFromBytes_AnswersWithTheSameBits)
{
    const auto bytes = m_segmenter->serialize(*m_embedding);
    EXPECT_EQ(bytes.size(), m_embedding->byteSize());
    const auto restored = m_segmenter->deserialize(bytes).value();
    const auto cold = m_segmenter->predict(picture(), *restored, {prompt(kBox)}, {}).value();
    EXPECT_EQ(answer({prompt(kBox)}).candidates[0].mask, cold.candidates[0].mask);
    EXPECT_EQ(m_segmenter->deserialize(std::span(bytes).first(100)).error().code, ErrorCode::malformedFile);
}

TEST_P(SamSegmenterTest, UnsoundRequests_AreRefused)
{
    const auto refusal = [&](const std::vector<Prompt>& prompts) {
        const auto proposal = m_segmenter->predict(picture(), *m_embedding, prompts, {});
        return proposal ? ErrorCode::internal : proposal.error().code;
    };
    EXPECT_EQ(refusal({}), ErrorCode::emptyInput);
    EXPECT_EQ(refusal({prompt(kAway)}), ErrorCode::invalidArgument);
    EXPECT_EQ(refusal({prompt(PointPrompt{{10, 10}, true}), prompt(PointPrompt{{10, 10}, false}, 2)}),
              ErrorCode::conflictingPrompts);
    std::stop_source stop;
    const auto before = m_segmenter->encodeCount();
    const auto cancelled = m_segmenter->encode(picture(), stop.get_token(), [&] { stop.request_stop(); });
    EXPECT_EQ(cancelled.error().code, ErrorCode::cancelled);
    EXPECT_EQ(m_segmenter->encodeCount(), before);
    EXPECT_EQ(m_segmenter->predict(picture(), *m_embedding, {prompt(kBox)}, stop.get_token()).error().code,
              ErrorCode::cancelled);
    EXPECT_EQ(m_segmenter->encode(SliceImage{}, {}, {}).error().code, ErrorCode::emptyInput);
    auto cut = picture();
    cut.pixels.pop_back();
    EXPECT_EQ(m_segmenter->encode(cut, {}, {}).error().code, ErrorCode::invalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Families, SamSegmenterTest, ::testing::Values("sam-vit-b", "medsam-vit-b"),
                         [](const auto& given) {
                             return std::string(given.param).starts_with("medsam") ? "MedSam" : "Sam";
                         });

TEST(SamGuarantees, Clicks_AreHonoured)
{
    const auto segmenter = quickSegmenter("sam-vit-b", true);
    const auto embedding = segmenter->encode(picture(), {}, {}).value();
    const auto proposal = segmenter->predict(picture(), *embedding, {prompt(kClick), prompt(kAway, 2)}, {}).value();
    for (const auto& candidate : proposal.candidates) {
        EXPECT_TRUE(candidate.mask.contains(90, 140));
        EXPECT_FALSE(candidate.mask.contains(20, 20));
    }
}

TEST(SamPrompts, ClicksAndBox_AreGivenTogetherInNetworkPixels)
{
    const auto asked = ask({prompt(kClick), prompt(kAway, 2), prompt(kBox, 3)});
    ASSERT_EQ(asked.parts.size(), 1U);
    const auto& part = asked.parts.front();
    EXPECT_DOUBLE_EQ(part.box->x0, 35 * 683.0 / 200) << "corners keep their fractions";
    EXPECT_DOUBLE_EQ(part.box->y1, 195 * 1024.0 / 300);
    ASSERT_EQ(part.points.size(), 2U);
    EXPECT_EQ(std::ranges::count(part.points, true, &SamPoint::isInside), 1);
    EXPECT_TRUE(part.mask.empty());
    EXPECT_FALSE(part.isOneClick());
    EXPECT_TRUE(ask({prompt(kClick)}).parts.front().isOneClick());
    EXPECT_FALSE(ask({prompt(kClick), prompt(kAway, 2)}).parts.front().isOneClick());
}

TEST(SamPrompts, ClicksOfSeveralBoxes_GoWhereTheyLie)
{
    const BoxPrompt left{0, 0, 50, 50};
    const BoxPrompt right{100, 100, 150, 150};
    const auto inLeft = prompt(PointPrompt{{20, 20}, true}, 3);
    const auto inRight = prompt(PointPrompt{{120, 120}, false}, 4);
    const auto apart = ask({prompt(left), prompt(right, 2), inLeft, inRight});
    ASSERT_EQ(apart.parts.size(), 2U);
    for (const auto& part : apart.parts) {
        ASSERT_EQ(part.points.size(), 1U);
        EXPECT_EQ(part.points.front().isInside, part.box->x0 == 0);
    }
    const auto further = ask({prompt(left), prompt(right, 2), inRight, prompt(PointPrompt{{80, 250}, true}, 5)});
    ASSERT_EQ(further.parts.size(), 3U);
    EXPECT_FALSE(further.parts.back().box);
    EXPECT_EQ(further.parts.back().points.size(), 2U) << "negative clicks hold everywhere";
}

TEST(SamPrompts, StrokesAndLassos_AreReadWithANotice)
{
    ScribblePrompt stroke;
    for (int x = 0; x < 100; ++x) {
        stroke.path.push_back({x + 20.0, 140.0});
    }
    const auto asked = ask({prompt(stroke)});
    ASSERT_EQ(asked.parts.front().points.size(), 8U);
    EXPECT_DOUBLE_EQ(asked.parts.front().points.front().at.x, 20 * 683.0 / 200);
    EXPECT_DOUBLE_EQ(asked.parts.front().points.back().at.x, 119 * 683.0 / 200);
    EXPECT_EQ(asked.notice, "Strokes were read as clicks along them");
    const auto lasso = ask({prompt(LassoPrompt{{{40, 90}, {140, 100}, {100, 190}}})});
    EXPECT_DOUBLE_EQ(lasso.parts.front().box->y1, 190 * 1024.0 / 300);
    EXPECT_EQ(lasso.notice, "The lasso's box was answered");
    EXPECT_EQ(ask({prompt(stroke), prompt(LassoPrompt{{{40, 90}, {140, 100}, {100, 190}}}, 2)}).parts.size(), 1U);
}

TEST(SamPrompts, Mask_IsGivenAsLogitsWithItsBox)
{
    const auto mask = ellipseMask(200, 300, {90, 140}, 40, 50);
    const auto asked = ask({prompt(MaskPrompt{mask})});
    const auto& part = asked.parts.front();
    ASSERT_EQ(part.mask.size(), 256U * 256U);
    const auto at = [&](double x, double y) { // slice pixels
        const auto column = static_cast<std::size_t>(x * samGrid().scaleX() / 4);
        return part.mask[static_cast<std::size_t>(y * samGrid().scaleY() / 4) * 256 + column];
    };
    EXPECT_EQ(at(90, 140), 6.0F);
    EXPECT_EQ(at(90, 180), 6.0F);
    EXPECT_EQ(at(90, 200), -6.0F);
    EXPECT_EQ(part.mask.back(), -6.0F) << "the padding lies outside";
    EXPECT_DOUBLE_EQ(part.box->x0, 50 * 683.0 / 200);
    const auto segmenter = quickSegmenter("sam-vit-b");
    const auto embedding = segmenter->encode(picture(), {}, {}).value();
    const auto withMask = segmenter->predict(picture(), *embedding, {prompt(MaskPrompt{mask})}, {}).value();
    const auto bounds = *mask.bounds();
    const auto boxAlone =
        segmenter
            ->predict(picture(), *embedding,
                      {prompt(BoxPrompt{double(bounds.x0), double(bounds.y0), double(bounds.x1), double(bounds.y1)})},
                      {})
            .value();
    EXPECT_NE(withMask.candidates[0].mask, boxAlone.candidates[0].mask);
}

TEST(SamPrompts, MedSam_HearsBoxesOnItsStretchedPicture)
{
    const auto grid = SamGrid::of(SamRecipe::medsam, 200, 300);
    const auto drawn = ask({prompt(kBox), prompt(kClick, 2)}, grid);
    ASSERT_EQ(drawn.parts.size(), 1U);
    EXPECT_FALSE(drawn.areGuesses);
    EXPECT_TRUE(drawn.parts.front().points.empty());
    EXPECT_DOUBLE_EQ(drawn.parts.front().box->x0, 35 * 1024.0 / 200);
    EXPECT_DOUBLE_EQ(drawn.parts.front().box->y0, 85 * 1024.0 / 300);
    const auto guessed = ask({prompt(kClick)}, grid);
    EXPECT_TRUE(guessed.areGuesses);
    EXPECT_GE(guessed.parts.size(), 8U);
    for (const auto& part : guessed.parts) {
        EXPECT_LE(part.box->x0, 90 * 1024.0 / 200);
        EXPECT_GE(part.box->x1, 90 * 1024.0 / 200);
        EXPECT_LE(part.box->x1, 1024);
    }
}

TEST(CreateSam, UnknownNamesAndMissingWeights_AreNamed)
{
    const test::TemporaryFolder folder;
    EngineOptions options;
    options.weightFolders = {folder.path()};
    for (const char* name : {"", "litemedsam", "sam", "sam-vit-x"}) {
        options.family = name;
        EXPECT_EQ(createSam(options).error().code, ErrorCode::invalidArgument) << name;
    }
    options.family = "sam-vit-h";
    EXPECT_EQ(createSam(options).error().code, ErrorCode::weightsMissing);
    EXPECT_NE(createSam(options).error().hint.find("--family sam"), std::string::npos);
    EXPECT_NE(describeEngine(options).weightsError->message.find("sam_vit_h"), std::string::npos);
    std::ofstream(folder / "sam_vit_h.safetensors") << "junk";
    EXPECT_EQ(createSam(options).error().code, ErrorCode::weightsCorrupt);
    void* library = ::dlopen(ICMOE_BINARY_DIR "/libicmoe_inference.so", RTLD_NOW | RTLD_GLOBAL);
    ASSERT_NE(library, nullptr) << ::dlerror();
    const auto entry = reinterpret_cast<EngineLibraryEntry>(::dlsym(library, "icmoe_engine_library"));
    EXPECT_EQ(entry()->createSegmenter(options).error().code, ErrorCode::weightsCorrupt) << "the door leads there";
}

TEST(SamCheckpoint, Import_ChecksTheStructureAndGuardsEveryBit)
{
    const test::TemporaryFolder folder;
    const auto checkpoint = folder / "sam_vit_b.pth";
    test::writeSamCheckpoint(checkpoint, *weights::samShape("vit_b"), "cuda:0");
    const auto imported = weights::importModel(checkpoint, "sam", folder / "weights");
    ASSERT_TRUE(imported) << imported.error().oneLine();
    EXPECT_EQ(imported->model->name, "sam-vit-b");
    EXPECT_EQ(imported->path, folder / "weights" / "sam_vit_b.safetensors");
    EXPECT_FALSE(imported->isPinned);
    {
        const auto loaded = weights::loadWeights({folder / "none", folder / "weights"}, *findModel("sam-vit-b"));
        ASSERT_TRUE(loaded) << loaded.error().oneLine();
        EXPECT_EQ(loaded->sha256, imported->sha256);
        EXPECT_EQ(loaded->tensors.size(), 314U);
        const auto& last = loaded->tensors.back();
        const auto values = test::namedWeight(last.name, last.shape);
        EXPECT_TRUE(std::ranges::equal(last.bytes, std::as_bytes(std::span(values))));
    }
    // a second import of the same weights, already converted, changes nothing
    const auto time = std::filesystem::last_write_time(imported->path);
    const auto again = weights::importModel(imported->path, "sam", folder / "weights");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->sha256, imported->sha256);
    EXPECT_EQ(std::filesystem::last_write_time(imported->path), time);

    const auto error = [&](std::string_view name) {
        const auto loaded = weights::readWeights(imported->path, *findModel(name));
        return loaded ? ErrorCode::internal : loaded.error().code;
    };
    EXPECT_EQ(error("sam-vit-l"), ErrorCode::weightsUnknown) << "the file holds another variant";
    {
        std::fstream file(imported->path, std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(200 << 20);
        file.put('\x55');
    }
    EXPECT_EQ(error("sam-vit-b"), ErrorCode::weightsCorrupt);
    std::filesystem::remove(imported->path.string() + std::string(weights::kHashEnding));
    EXPECT_EQ(error("sam-vit-b"), ErrorCode::weightsCorrupt) << "no hash, no weights";
}
