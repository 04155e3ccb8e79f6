// LiteMedSAM behind core's interface: answers, invariants, refusals, and the published figure for boxes.
#include "ReferencePictures.h"
#include "TestWeights.h"
#include "core/base/AtomicFile.h"
#include "core/mask/Metrics.h"
#include "inference/sam/EngineDescription.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/weights/WeightsFile.h"
#include "tests/support/TestSupport.h"

#include <algorithm>
#include <dlfcn.h>
#include <gtest/gtest.h>

using namespace icmoe;

namespace {

EngineOptions options()
{
    EngineOptions result;
    result.weightFolders = test::weightFolders();
    return result;
}

Prompt prompt(auto shape, PromptId id = 1)
{
    Prompt result;
    result.id = id;
    result.shape = std::move(shape);
    return result;
}

SliceImage picture()
{
    auto image = *test::referencePicture("box512"); // a bright box, columns 137 to 375, rows 131 to 309
    image.key = "box512";
    image.range.name = "uint8";
    image.slice = 3;
    return image;
}

SliceMask truth()
{
    const std::vector<Point2> corners{{136.5, 130.5}, {375.5, 130.5}, {375.5, 309.5}, {136.5, 309.5}};
    return polygonMask(512, 512, corners);
}

/// One segmenter and one encoded picture for all tests of a kind.
class SegmenterTest : public ::testing::Test {
protected:
    static void SetUpTestSuite()
    {
        if (!test::hasWeights()) {
            return;
        }
        s_segmenter = createLiteMedSam(options()).value();
        s_embedding = s_segmenter->encode(picture(), {}, {}).value();
    }
    static void TearDownTestSuite()
    {
        s_embedding.reset();
        s_segmenter.reset();
    }
    void SetUp() override { ICMOE_NEEDS_WEIGHTS(); }

    static Proposal answer(const std::vector<Prompt>& prompts)
    {
        auto proposal = s_segmenter->predict(picture(), *s_embedding, prompts, {});
        EXPECT_TRUE(proposal) << proposal.error().oneLine();
        return proposal.value_or(Proposal{});
    }

    static inline std::unique_ptr<Segmenter> s_segmenter;
    static inline std::shared_ptr<const Embedding> s_embedding;
};

const BoxPrompt kBox{137, 131, 375, 309};

} // namespace

TEST_F(SegmenterTest, Box_IsAnsweredByMask0AndMask1WithTheEnginesName)
{
    const auto proposal = answer({prompt(kBox)});
    ASSERT_EQ(proposal.candidates.size(), 2U);
    EXPECT_EQ(proposal.candidates[0].voter, "base");
    EXPECT_EQ(proposal.candidates[1].voter, "base mask 1");
    EXPECT_GE(dice(proposal.candidates[0].mask, truth()), 0.97);
    EXPECT_GE(proposal.candidates[0].predictedIou, 0.8);
    EXPECT_EQ(proposal.engine.engine, "LiteMedSAM");
    EXPECT_EQ(proposal.engine.weightsSha256, weights::kLiteMedSamSha256);
    EXPECT_EQ(proposal.engine.precision, "fp32");
    EXPECT_EQ(proposal.engine.expertsRevision, "none");
    EXPECT_EQ(proposal.engine.range, "uint8");
    EXPECT_EQ(proposal.imageKey, "box512");
    EXPECT_EQ(proposal.slice, 3);
    EXPECT_TRUE(proposal.notice.empty());
    EXPECT_GT(proposal.decodeSeconds, 0);
}

TEST_F(SegmenterTest, SeveralBoxes_AreAnsweredByTheirUnion)
{
    const BoxPrompt left{137, 131, 250, 309};
    const BoxPrompt right{250, 131, 375, 309};
    const auto both = answer({prompt(left, 1), prompt(right, 2)});
    const auto first = answer({prompt(left)});
    const auto second = answer({prompt(right)});
    EXPECT_GE(dice(both.candidates[0].mask, first.candidates[0].mask.united(second.candidates[0].mask)), 0.995);
}

TEST_F(SegmenterTest, Click_IsAnsweredThroughBoxesAndHonoured)
{
    const auto proposal = answer({prompt(PointPrompt{{256, 220}, true})});
    ASSERT_EQ(proposal.candidates.size(), 3U);
    EXPECT_EQ(proposal.candidates[0].voter, "box hypothesis");
    for (const auto& candidate : proposal.candidates) {
        EXPECT_TRUE(candidate.mask.contains(256, 220));
    }
    EXPECT_GE(proposal.candidates[0].predictedIou, proposal.candidates[1].predictedIou);
    const auto corrected = answer({prompt(PointPrompt{{256, 220}, true}), prompt(PointPrompt{{300, 240}, false}, 2)});
    for (const auto& candidate : corrected.candidates) {
        EXPECT_TRUE(candidate.mask.contains(256, 220));
        EXPECT_FALSE(candidate.mask.contains(300, 240));
    }
}

TEST_F(SegmenterTest, StrokeAndLasso_AreAnsweredWithANotice)
{
    const auto stroke = answer({prompt(ScribblePrompt{{{200, 200}, {300, 240}}, true})});
    EXPECT_NE(stroke.notice.find("no expert yet"), std::string::npos);
    EXPECT_FALSE(stroke.candidates[0].mask.empty());
    const auto lasso = answer({prompt(LassoPrompt{{{130, 125}, {380, 128}, {378, 312}, {134, 310}}})});
    EXPECT_NE(lasso.notice.find("no expert yet"), std::string::npos);
    EXPECT_GE(dice(lasso.candidates[0].mask, truth()), 0.95);
}

TEST_F(SegmenterTest, OrderAndIdsOfPrompts_ChangeNoBit)
{
    const auto a = prompt(kBox, 1);
    const auto b = prompt(BoxPrompt{20, 20, 80, 90}, 2);
    const auto c = prompt(PointPrompt{{256, 220}, true}, 3);
    const auto d = prompt(PointPrompt{{140, 300}, false}, 4);
    const auto reference = answer({a, b, c, d});
    auto swapped = d;
    swapped.id = 77;
    const auto other = answer({c, swapped, b, a});
    ASSERT_EQ(reference.candidates.size(), other.candidates.size());
    for (std::size_t n = 0; n < other.candidates.size(); ++n) {
        EXPECT_EQ(reference.candidates[n].mask, other.candidates[n].mask);
        EXPECT_EQ(reference.candidates[n].predictedIou, other.candidates[n].predictedIou);
    }
}

TEST_F(SegmenterTest, Repetition_GivesTheSameBits)
{
    const auto again = s_segmenter->encode(picture(), {}, {}).value();
    EXPECT_EQ(s_segmenter->serialize(*again), s_segmenter->serialize(*s_embedding));
    const auto first = answer({prompt(PointPrompt{{256, 220}, true})});
    const auto second = s_segmenter->predict(picture(), *again, {prompt(PointPrompt{{256, 220}, true})}, {}).value();
    ASSERT_EQ(first.candidates.size(), second.candidates.size());
    for (std::size_t n = 0; n < first.candidates.size(); ++n) {
        EXPECT_EQ(first.candidates[n].mask, second.candidates[n].mask);
        EXPECT_EQ(first.candidates[n].predictedIou, second.candidates[n].predictedIou);
    }
}

TEST_F(SegmenterTest, EmbeddingFromBytes_AnswersWithTheSameBits)
{
    const auto bytes = s_segmenter->serialize(*s_embedding);
    EXPECT_EQ(bytes.size(), s_embedding->byteSize());
    const auto restored = s_segmenter->deserialize(bytes);
    ASSERT_TRUE(restored);
    const auto warm = answer({prompt(kBox)});
    const auto cold = s_segmenter->predict(picture(), **restored, {prompt(kBox)}, {}).value();
    EXPECT_EQ(warm.candidates[0].mask, cold.candidates[0].mask);
    EXPECT_EQ(warm.candidates[0].predictedIou, cold.candidates[0].predictedIou);
    EXPECT_EQ(s_segmenter->deserialize(std::span(bytes).first(100)).error().code, ErrorCode::malformedFile);
}

TEST_F(SegmenterTest, Encoding_StopsAfterTheStepThatRuns)
{
    std::stop_source stop;
    int steps = 0;
    const auto before = s_segmenter->encodeCount();
    const auto cancelled = s_segmenter->encode(picture(), stop.get_token(), [&] {
        if (++steps == 2) {
            stop.request_stop();
        }
    });
    ASSERT_FALSE(cancelled);
    EXPECT_EQ(cancelled.error().code, ErrorCode::cancelled);
    EXPECT_EQ(steps, 2);
    EXPECT_EQ(s_segmenter->encodeCount(), before);
    EXPECT_GE(s_segmenter->encodeSteps(), 20);
}

TEST_F(SegmenterTest, PromptBetweenTwoSteps_DisturbsNeitherAnswer)
{
    const auto expected = answer({prompt(kBox)});
    int steps = 0;
    const auto embedding = s_segmenter->encode(picture(), {}, [&] {
        if (++steps % 7 == 0) {
            EXPECT_EQ(answer({prompt(kBox)}).candidates[0].mask, expected.candidates[0].mask);
        }
    });
    ASSERT_TRUE(embedding);
    EXPECT_EQ(steps, s_segmenter->encodeSteps());
    EXPECT_EQ(s_segmenter->serialize(**embedding), s_segmenter->serialize(*s_embedding));
}

TEST_F(SegmenterTest, UnsoundRequests_AreRefused)
{
    const auto refusal = [&](const std::vector<Prompt>& prompts) {
        const auto proposal = s_segmenter->predict(picture(), *s_embedding, prompts, {});
        return proposal ? ErrorCode::internal : proposal.error().code;
    };
    EXPECT_EQ(refusal({}), ErrorCode::emptyInput);
    EXPECT_EQ(refusal({prompt(PointPrompt{{10, 10}, false})}), ErrorCode::invalidArgument);
    EXPECT_EQ(refusal({prompt(PointPrompt{{10, 10}, true}), prompt(PointPrompt{{10, 10}, false}, 2)}),
              ErrorCode::conflictingPrompts);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(s_segmenter->predict(picture(), *s_embedding, {prompt(kBox)}, stop.get_token()).error().code,
              ErrorCode::cancelled);
    class Foreign final : public Embedding {
        std::size_t byteSize() const override { return 0; }
    };
    EXPECT_EQ(s_segmenter->predict(picture(), Foreign{}, {prompt(kBox)}, {}).error().code, ErrorCode::invalidArgument);
    EXPECT_TRUE(s_segmenter->serialize(Foreign{}).empty());
    EXPECT_EQ(s_segmenter->encode(SliceImage{}, {}, {}).error().code, ErrorCode::emptyInput);
    SliceImage short_;
    short_.width = short_.height = 8;
    EXPECT_EQ(s_segmenter->encode(short_, {}, {}).error().code, ErrorCode::invalidArgument);
}

TEST_F(SegmenterTest, PixelsThatAreNotSquare_AreAnsweredOnTheirOwnGrid)
{
    auto image = picture(); // every second row left out: pixels twice as high as wide
    std::vector<std::uint8_t> half;
    for (std::size_t y = 0; y < 256; ++y) {
        half.insert(half.end(), image.pixels.begin() + static_cast<std::ptrdiff_t>(2 * y * 512),
                    image.pixels.begin() + static_cast<std::ptrdiff_t>((2 * y + 1) * 512));
    }
    image.pixels = half;
    image.height = 256;
    image.spacingX = 0.5;
    image.spacingY = 1.0;
    const auto embedding = s_segmenter->encode(image, {}, {}).value();
    const auto proposal = s_segmenter->predict(image, *embedding, {prompt(BoxPrompt{137, 66, 375, 154})}, {}).value();
    const auto& mask = proposal.candidates[0].mask;
    EXPECT_EQ(mask.width(), 512);
    EXPECT_EQ(mask.height(), 256);
    const std::vector<Point2> corners{{136.5, 65.5}, {375.5, 65.5}, {375.5, 154.5}, {136.5, 154.5}};
    EXPECT_GE(dice(mask, polygonMask(512, 256, corners)), 0.96);
}

TEST(CreateLiteMedSam, MissingAndCorruptWeights_AreNamed)
{
    const test::TemporaryFolder folder;
    EngineOptions empty;
    empty.weightFolders = {folder.path()};
    EXPECT_EQ(createLiteMedSam(empty).error().code, ErrorCode::weightsMissing);
    const std::vector<std::byte> junk(1000);
    ASSERT_TRUE(writeFileAtomically(folder / std::string(weights::kLiteMedSamFile), junk));
    EXPECT_EQ(createLiteMedSam(empty).error().code, ErrorCode::weightsCorrupt);
    EXPECT_EQ(describeEngine(empty).weightsError->code, ErrorCode::weightsCorrupt);
}

TEST(DescribeEngine, Report_NamesDevicePrecisionAndWeights)
{
    ICMOE_NEEDS_WEIGHTS();
    auto wanted = options();
    wanted.threads = 1;
    wanted.precision = Precision::bf16;
    const auto report = describeEngine(wanted);
    EXPECT_TRUE(report.device.starts_with("CPU, 1 thread, ")) << report.device;
    EXPECT_FALSE(report.torchVersion.empty());
    EXPECT_FALSE(report.cuda.empty());
    EXPECT_EQ(report.weightsSha256, weights::kLiteMedSamSha256);
    EXPECT_FALSE(report.weightsError.has_value());
    EXPECT_TRUE(report.hasBf16 ? report.precision == "bf16" : report.precision.starts_with("fp32")) << report.precision;
}

TEST(EngineLibrary, Door_IsFoundByNameAndCreatesTheEngine)
{
    ICMOE_NEEDS_WEIGHTS();
    void* library = ::dlopen(ICMOE_BINARY_DIR "/libicmoe_inference.so", RTLD_NOW | RTLD_GLOBAL);
    ASSERT_NE(library, nullptr) << ::dlerror();
    const auto entry = reinterpret_cast<EngineLibraryEntry>(::dlsym(library, "icmoe_engine_library"));
    ASSERT_NE(entry, nullptr);
    const auto* doors = entry();
    EXPECT_EQ(doors->describe(options()).weightsSha256, weights::kLiteMedSamSha256);
    const auto segmenter = doors->createSegmenter(options());
    ASSERT_TRUE(segmenter);
    EXPECT_EQ((*segmenter)->info().engine, "LiteMedSAM");
    EXPECT_EQ(doors->importWeights("none.pth", "sam", "nowhere").error().code, ErrorCode::notFound);
    const auto service = doors->createService(options(), [](const std::function<void()>& work) { work(); });
    ASSERT_TRUE(service);
}
