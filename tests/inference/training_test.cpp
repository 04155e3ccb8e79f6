#include "inference/training/BasicTraining.h"

#include "TestWeights.h"
#include "core/base/AtomicFile.h"
#include "core/formats/Png.h"
#include "core/mask/Metrics.h"
#include "inference/icmoe/IcMoeSegmenter.h"
#include "inference/icmoe/Quality.h"
#include "inference/icmoe/TensorFile.h"
#include "inference/sam/Preprocess.h"
#include "inference/training/Augmentation.h"
#include "inference/training/Curves.h"
#include "inference/training/DecoderTraining.h"
#include "inference/training/ExpertTraining.h"
#include "inference/training/RoutedTraining.h"
#include "inference/training/ScoreTraining.h"
#include "inference/training/SyntheticScenes.h"
#include "inference/training/VoteSessions.h"
#include "inference/training/VoteTraining.h"
#include "tests/support/TestSupport.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <spawn.h>
#include <sys/wait.h>

namespace icmoe::test {
namespace {

using namespace icmoe::training;

/// Encodes nothing: the picture's own values, so that tests of the training need no real encoder.
class PlainEncoder final : public ImageEncoder {
public:
    std::optional<at::Tensor> encode(const float* input, const Step& step, const Tap& tap) override
    {
        ++encoded;
        const auto picture = at::from_blob(const_cast<float*>(input), {256, 256, 3}).clone();
        if (tap) {
            tap("stage0", picture.repeat({1, 1, 22}).slice(2, 0, 64).contiguous());
            const auto half = at::avg_pool2d(picture.permute({2, 0, 1}), 2).permute({1, 2, 0});
            tap("stage1", half.repeat({1, 1, 43}).slice(2, 0, 128).contiguous());
        }
        const auto cells = at::avg_pool2d(picture.permute({2, 0, 1}), 4).flatten(1).t(); // 4096×3
        return step() ? std::optional(0.3 * cells.repeat({1, 86}).slice(1, 0, 256).contiguous()) : std::nullopt;
    }
    int steps() const override { return 1; }
    int encoded = 0;
};

TapProjection plainTaps()
{
    at::manual_seed(2);
    return {at::randn({kHalfTapChannels, 128}), at::zeros({kHalfTapChannels}), at::randn({kFullTapChannels, 64}),
            at::zeros({kFullTapChannels})};
}

SliceMask disc(double x, double y, double radius)
{
    return ellipseMask(120, 100, {x, y}, radius, radius);
}

std::unique_ptr<ViewLibrary> libraryIn(const std::filesystem::path& folder, PlainEncoder& encoder,
                                       const std::vector<PictureRecipe>& recipes)
{
    auto library = std::make_unique<ViewLibrary>(DiskCache::open(folder, std::size_t{256} << 20).value(),
                                                 std::size_t{64} << 20, "test");
    const auto taps = plainTaps();
    const auto encode = [&](const SliceImage& image) -> Result<EncodedPicture> {
        const auto input = prepare(image).value();
        const auto seen = at::full({3, 256, 256}, 90, at::kByte);
        return EncodedPicture{input.grid, *encodeFeatures(encoder, input.values, seen, &taps, [] { return true; })};
    };
    EXPECT_TRUE(library->add(recipes, encode, [](auto, auto) {}, {}));
    return library;
}

std::unique_ptr<ViewLibrary> libraryIn(const std::filesystem::path& folder, PlainEncoder& encoder, int scenes)
{
    return libraryIn(folder, encoder, syntheticRecipes(scenes, 5));
}

TEST(Augmentation, TheSameSeed_GivesTheSameBits_AndLabelsMoveWithThePicture)
{
    TrainingPicture picture;
    picture.image.width = 120;
    picture.image.height = 100;
    const auto truth = disc(50, 40, 18);
    for (const auto inside : truth.toBitmap()) {
        picture.image.pixels.push_back(inside != 0 ? 230 : 25);
        picture.values.push_back(inside != 0 ? 3 : 0);
    }
    std::set<std::vector<std::uint8_t>> different;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        const auto one = augmented(picture, seed);
        EXPECT_EQ(one.image.pixels, augmented(picture, seed).image.pixels);
        different.insert(one.image.pixels);
        std::size_t bright = 0;
        std::size_t labelled = 0;
        for (std::size_t n = 0; n < one.values.size(); ++n) {
            labelled += one.values[n] == 3 ? 1 : 0;
            bright += one.values[n] == 3 && one.image.pixels[n] > 110 ? 1 : 0;
        }
        EXPECT_GT(labelled, 200U);
        EXPECT_GT(static_cast<double>(bright), 0.85 * static_cast<double>(labelled)) << "seed " << seed;
    }
    EXPECT_EQ(different.size(), 6U);
}

TEST(FolderRecipes, SlicesAndVariantsOfAFile_ShareTheirPicture)
{
    const std::filesystem::path set = std::filesystem::path(ICMOE_SHARED) / "data/segmentation/mr_hippocampus/val";
    if (!std::filesystem::exists(set)) {
        GTEST_SKIP() << "../shared is missing";
    }
    const auto recipes = folderRecipes({"mr_hippocampus", set, {}}, 2, 1, {});
    ASSERT_TRUE(recipes) << recipes.error().oneLine();
    std::set<std::string> names;
    std::map<std::string, int> pictures;
    for (const auto& recipe : *recipes) {
        EXPECT_TRUE(names.insert(recipe.name).second) << recipe.name;
        EXPECT_TRUE(recipe.picture.starts_with("mr_hippocampus/")) << recipe.picture;
        ++pictures[recipe.picture];
    }
    EXPECT_EQ(pictures.size(), 16U); // volumes
    for (const auto& [picture, views] : pictures) {
        EXPECT_GE(views, 2) << picture;
    }
}

TEST(SyntheticScenes, AreTheSameForASeed_AndHoldSeveralObjects)
{
    std::size_t objects = 0;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const auto scene = syntheticScene(seed);
        EXPECT_EQ(scene.image.pixels, syntheticScene(seed).image.pixels);
        EXPECT_EQ(scene.values.size() * static_cast<std::size_t>(scene.image.channels), scene.image.pixels.size());
        objects += objectsOn(scene, true).size();
    }
    EXPECT_GE(objects, 16U);
}

TEST(SyntheticScenes, EachKindCanBeLeftOut)
{
    for (const auto& kind : sceneKinds()) {
        bool differs = false;
        for (std::uint64_t seed = 0; seed < 6 && !differs; ++seed) {
            differs = syntheticScene(seed, {kind}).image.pixels != syntheticScene(seed).image.pixels;
        }
        EXPECT_TRUE(differs) << kind;
    }
}

TEST(PromptSimulator, PromptsFitTheirObject)
{
    const auto truth = disc(60, 50, 25);
    Random random(4);
    for (int n = 0; n < 40; ++n) {
        const auto click = firstClick(truth, random);
        ASSERT_TRUE(click);
        EXPECT_TRUE(truth.contains(static_cast<int>(click->at.x), static_cast<int>(click->at.y)));
        const auto box = jitteredBox(truth, random);
        EXPECT_NEAR(box.x0, 35, 8);
        EXPECT_NEAR(box.y1, 75, 8);
        const auto scribble = scribbleIn(truth, true, random);
        ASSERT_TRUE(scribble);
        for (const auto at : scribble->path) {
            EXPECT_TRUE(truth.contains(static_cast<int>(std::lround(at.x)), static_cast<int>(std::lround(at.y))));
        }
        const auto lasso = lassoAround(truth, random);
        ASSERT_TRUE(lasso);
        EXPECT_GT(dice(polygonMask(120, 100, lasso->polygon), truth), 0.75);
        const auto mask = roughMask(truth, random);
        ASSERT_TRUE(mask);
        EXPECT_GT(dice(mask->mask, truth), 0.5);
        EXPECT_LT(dice(mask->mask, truth), 1);
    }
}

TEST(PromptSimulator, ACorrection_LiesInTheError_AndSaysWhichKind)
{
    const auto truth = disc(60, 50, 25);
    Random random(4);
    for (int n = 0; n < 20; ++n) {
        const auto missed = correctingClick(truth, disc(50, 50, 20), random);
        ASSERT_TRUE(missed);
        EXPECT_EQ(missed->inside, truth.contains(static_cast<int>(missed->at.x), static_cast<int>(missed->at.y)));
    }
    EXPECT_FALSE(correctingClick(truth, truth, random));
    EXPECT_FALSE(correctingClick(truth, disc(60, 50, 40), random)->inside);
    EXPECT_TRUE(correctingClick(truth, SliceMask(120, 100), random)->inside);
}

TEST(AdamW, FindsAMinimum_AndGoesOnFromItsState)
{
    const auto run = [](int steps, int interruptedAt) {
        auto optimizer = std::make_unique<AdamW>(std::map<std::string, at::Tensor>{{"x", at::full({4}, 3.0F)}},
                                                 AdamW::Options{.rate = 0.1});
        for (int n = 0; n < steps; ++n) {
            if (n == interruptedAt) {
                auto other = std::make_unique<AdamW>(std::map<std::string, at::Tensor>{{"x", at::zeros({4})}},
                                                     AdamW::Options{.rate = 0.1});
                other->restore(optimizer->state());
                optimizer = std::move(other);
            }
            optimizer->zeroGradients();
            (optimizer->parameters().at("x") - at::arange(4)).square().sum().backward();
            optimizer->step(1);
        }
        return std::pair(optimizer->parameters().at("x").detach().clone(), optimizer->averaged().at("x"));
    };
    const auto [x, average] = run(200, -1);
    EXPECT_LE((x - at::arange(4)).abs().max().item<float>(), 0.02F);
    const auto [again, averagedAgain] = run(200, 77);
    EXPECT_TRUE(at::equal(x, again));
    EXPECT_TRUE(at::equal(average, averagedAgain));
}

TEST(ViewLibrary, EncodesEachPictureOnce_AndAgainWhatTheDiskLost)
{
    const TemporaryFolder folder;
    PlainEncoder encoder;
    const auto first = libraryIn(folder / "features", encoder, 4);
    EXPECT_EQ(encoder.encoded, 4);
    const auto again = libraryIn(folder / "features", encoder, 5);
    EXPECT_EQ(encoder.encoded, 5);
    ASSERT_EQ(first->views().size() + 1, again->views().size());
    for (std::size_t n = 0; n < first->views().size(); ++n) {
        ASSERT_EQ(first->views()[n].objects.size(), again->views()[n].objects.size());
        EXPECT_EQ(first->views()[n].objects.front().truth, again->views()[n].objects.front().truth);
        EXPECT_TRUE(at::equal(first->features(n)->embedding, again->features(n)->embedding));
        EXPECT_TRUE(at::equal(first->features(n)->half, again->features(n)->half));
    }
    std::filesystem::remove_all(folder / "features");
    EXPECT_EQ(libraryIn(folder / "features", encoder, 5)->features(4)->image.sizes(), (at::IntArrayRef{3, 256, 256}));
    EXPECT_EQ(encoder.encoded, 10);
}

TEST(CaseSampler, DrawsAValue_ThenOneOfItsPartsByArea)
{
    const auto picture = [] {
        TrainingPicture drawn;
        drawn.image.width = 120;
        drawn.image.height = 100;
        drawn.image.pixels.assign(12000, 90);
        drawn.values.assign(12000, 0);
        const auto add = [&](const SliceMask& part, int value) {
            const auto bitmap = part.toBitmap();
            for (std::size_t n = 0; n < bitmap.size(); ++n) {
                drawn.values[n] = bitmap[n] != 0 ? value : drawn.values[n];
            }
        };
        add(disc(35, 50, 20), 1);
        add(disc(100, 80, 5), 1);
        add(disc(100, 30, 8), 2);
        return Result<TrainingPicture>(drawn);
    };
    const TemporaryFolder folder;
    PlainEncoder encoder;
    const auto library = libraryIn(folder / "features", encoder, {{"one", "one", "trees", false, picture}});
    const auto again = libraryIn(folder / "features", encoder, {{"one", "one", "trees", false, picture}});
    for (const auto* kept : {library.get(), again.get()}) { // made and read back
        const CaseSampler sampler(*kept, {});
        Random random(7);
        std::map<std::size_t, int> drawn;
        constexpr int kDraws = 1000;
        for (int n = 0; n < kDraws; ++n) {
            ++drawn[sampler.draw(random).object->truth.area()];
        }
        ASSERT_EQ(drawn.size(), 3U);
        const int fragment = drawn.begin()->second;
        const int tree = drawn.rbegin()->second;
        EXPECT_NEAR(fragment + tree, kDraws / 2, 60);
        EXPECT_GT(fragment, kDraws / 100); // six in a hundred of the value's pixels
        EXPECT_LT(fragment, kDraws / 15);
    }
    EXPECT_EQ(encoder.encoded, 1);
}

/// The frozen base and a few scenes.
class ExpertTrainingTest : public ::testing::Test {
protected:
    void SetUp() override
    {
        ICMOE_NEEDS_WEIGHTS();
        const auto file = weights::loadLiteMedSam(weightFolders());
        ASSERT_TRUE(file) << file.error().oneLine();
        m_weights = std::make_unique<NetworkWeights>(file->tensors);
        m_prompts = std::make_unique<PromptEncoder>(*m_weights);
        m_decoder = std::make_unique<ExpertDecoder>(*m_weights, *m_prompts);
        m_library = libraryIn(m_folder / "features", m_encoder, 3);
    }
    [[nodiscard]] Result<ExpertParameters> train(int steps, const std::string& state, std::stop_token stop = {},
                                                 std::shared_ptr<Workers> workers = Workers::alone())
    {
        BasicOptions options;
        options.steps = steps;
        options.batch = 2;
        options.state = state.empty() ? std::filesystem::path() : m_folder / state;
        options.workers = std::move(workers);
        return trainBasicExperts(
            *m_decoder, *m_library, options, [&](const StepReport& r) { m_reached = r.step; }, stop);
    }

    TemporaryFolder m_folder;
    PlainEncoder m_encoder;
    std::unique_ptr<NetworkWeights> m_weights;
    std::unique_ptr<PromptEncoder> m_prompts;
    std::unique_ptr<ExpertDecoder> m_decoder;
    std::unique_ptr<ViewLibrary> m_library;
    int m_reached = 0;
};

TEST_F(ExpertTrainingTest, IC1_TrainingLeavesEveryBitOfTheBase_AndMovesTheExperts)
{
    const auto before = m_weights->hash();
    const auto experts = train(2, "");
    ASSERT_TRUE(experts) << experts.error().oneLine();
    EXPECT_EQ(m_weights->hash(), before);
    EXPECT_GT(experts->get("token.prompt").abs().max().item<float>(), 0);
    EXPECT_TRUE(experts->get("dense.2.weight").isfinite().all().item<bool>());
}

TEST_F(ExpertTrainingTest, AStoppedRun_GoesOnAsIfNothingHadHappened)
{
    const auto unbroken = train(2, "");
    ASSERT_TRUE(unbroken);
    std::stop_source stop;
    stop.request_stop(); // stops after its first step
    EXPECT_EQ(train(2, "state", stop.get_token()).error().code, ErrorCode::cancelled);
    EXPECT_EQ(m_reached, 1);
    EXPECT_TRUE(std::filesystem::exists(m_folder / "state"));
    const auto resumed = train(2, "state");
    ASSERT_TRUE(resumed) << resumed.error().oneLine();
    for (const auto& [name, tensor] : unbroken->tensors()) {
        EXPECT_TRUE(at::equal(tensor, resumed->get(name))) << name;
    }
    std::ofstream(m_folder / "state") << "something else";
    EXPECT_FALSE(train(2, "state"));
}

TEST_F(ExpertTrainingTest, Restyling_ChangesFeaturesAndNoPrompt)
{
    Random random(3);
    TrainingCase one = CaseSampler(*m_library, {}).draw(random);
    one.prompts = openWith(Opening::click, one.object->truth, one.random);
    const auto plain = batchOf(*m_library, {one});
    const auto restyled = batchOf(*m_library, {one}, 0.1);
    const auto again = batchOf(*m_library, {one}, 0.1);
    ASSERT_TRUE(plain && restyled && again);
    EXPECT_TRUE(at::equal(restyled->embedding, again->embedding));
    EXPECT_TRUE(at::equal(plain->points, restyled->points));
    const auto change = (restyled->embedding - plain->embedding).square().mean().sqrt().item<double>();
    const auto deviation = plain->embedding.std().item<double>();
    EXPECT_GT(change, 0.02 * deviation);
    EXPECT_LT(change, 0.5 * deviation);
}

TEST_F(ExpertTrainingTest, ATraining_BeginsAsWhatItIsGiven)
{
    BasicOptions options;
    options.steps = 0;
    options.begin = ExpertParameters::fresh(kBasicExperts, 9);
    const auto experts = trainBasicExperts(*m_decoder, *m_library, options, [](const StepReport&) {}, {});
    ASSERT_TRUE(experts);
    for (const auto& [name, tensor] : options.begin.tensors()) {
        EXPECT_TRUE(at::equal(tensor, experts->get(name))) << name;
    }
}

TEST_F(ExpertTrainingTest, LowRankOnly_MovesUpdatesAndTokensAlone)
{
    BasicOptions options;
    options.steps = 1;
    options.batch = 2;
    options.lowRankOnly = true;
    const auto experts = trainBasicExperts(*m_decoder, *m_library, options, [](const StepReport&) {}, {});
    ASSERT_TRUE(experts) << experts.error().oneLine();
    const auto fresh = ExpertParameters::fresh(kBasicExperts, options.seed);
    bool hasMoved = false;
    for (const auto& [name, tensor] : fresh.tensors()) {
        if (name.ends_with(".b") || name.starts_with("token.")) {
            hasMoved = hasMoved || !at::equal(tensor, experts->get(name));
        } else if (!name.ends_with(".a")) {
            EXPECT_TRUE(at::equal(tensor, experts->get(name))) << name;
        }
    }
    EXPECT_TRUE(hasMoved);
}

TEST_F(ExpertTrainingTest, TheWholeDecoder_LearnsInACopyOfTheBase)
{
    const auto before = m_weights->hash();
    PromptTrainingOptions options;
    options.steps = 1;
    options.batch = 2;
    const auto learned = trainWholeDecoder(*m_weights, *m_library, options, [](const StepReport&) {}, {});
    ASSERT_TRUE(learned) << learned.error().oneLine();
    EXPECT_EQ(m_weights->hash(), before);
    const std::string layer = "mask_decoder.output_upscaling.0.weight";
    EXPECT_FALSE(at::equal(learned->at(layer), m_weights->get(layer)));

    ExpertBatch batch;
    batch.embedding = m_library->features(0)->embedding.to(at::kFloat).unsqueeze(0);
    batch.points = at::full({1, 2, 2}, 100.0F);
    batch.points[0][1] += 60;
    batch.kinds = at::tensor({float(kCorner0), float(kCorner1)}).unsqueeze(0);
    const auto base = (*m_decoder)(ExpertParameters(), batch);
    EXPECT_TRUE(at::equal(answerOfDecoder(*m_weights, {}, batch).logits, base.logits));
    EXPECT_FALSE(at::equal(answerOfDecoder(*m_weights, *learned, batch).logits, base.logits));
}

TEST_F(ExpertTrainingTest, WhatHearsItself_BuildsOnItsOwnAnswers_InHalfOfTheCases)
{
    constexpr float kFirst = 0.25F;
    constexpr float kOwn = 2;
    Trainee trainee;
    trainee.parameters.emplace("logit", at::full({1}, kOwn));
    std::map<float, int> graded;
    trainee.answer = [&](const Trainee::Parameters& learned, const ExpertBatch& batch) {
        const auto count = batch.maps.size(0);
        for (std::int64_t n = 0; n < count && at::GradMode::is_enabled(); ++n) {
            ++graded[batch.maps[n][kPreviousMask][0][0].item<float>()];
        }
        const auto logit = learned.at("logit");
        return ExpertAnswers{logit.expand({count, 256, 256}), logit.sigmoid().expand({count}), {}, {}};
    };
    trainee.firstPass = [](const std::vector<TrainingCase>& cases) -> Result<at::Tensor> {
        return at::full({static_cast<std::int64_t>(cases.size()), 256, 256}, kFirst);
    };
    PromptTrainingOptions options;
    options.steps = 4;
    options.rate = 0;
    ASSERT_TRUE(trainOnPrompts(trainee, *m_library, options, [](const StepReport&) {}, {}));
    EXPECT_EQ(graded.count(at::tensor(kOwn).sigmoid().item<float>()), 0U);
    trainee.hearsItself = true;
    const int first = graded[kFirst];
    ASSERT_TRUE(trainOnPrompts(trainee, *m_library, options, [](const StepReport&) {}, {}));
    const int own = graded[at::tensor(kOwn).sigmoid().item<float>()];
    EXPECT_EQ(graded[kFirst] - first + own, first);
    EXPECT_GT(own, first / 5);
    EXPECT_LT(own, first * 4 / 5);
}

/// This program again, with the one test and the port in its environment.
pid_t startSecondProcess(const std::string& test, std::uint16_t port)
{
    const std::string filter = "--gtest_filter=" + test;
    const std::string variable = "ICMOE_TEST_PORT=" + std::to_string(port);
    std::vector<char*> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        environment.push_back(*entry);
    }
    environment.push_back(const_cast<char*>(variable.c_str()));
    environment.push_back(nullptr);
    char* const arguments[] = {const_cast<char*>("/proc/self/exe"), const_cast<char*>(filter.c_str()), nullptr};
    pid_t child = 0;
    return ::posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments, environment.data()) == 0 ? child : -1;
}

/// ‖a − b‖ / ‖b‖ of the gradients' running means in two kept states.
double distanceOfGradients(const std::filesystem::path& a, const std::filesystem::path& b)
{
    const auto one = readTensorFile(a, std::size_t{64} << 20);
    const auto other = readTensorFile(b, std::size_t{64} << 20);
    if (!one || !other) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    double difference = 0;
    double length = 0;
    for (const auto& [name, moment] : other->tensors) {
        if (name.starts_with("first.")) {
            difference += (one->tensors.at(name) - moment).square().sum().item<double>();
            length += moment.square().sum().item<double>();
        }
    }
    return std::sqrt(difference / length);
}

/// Runs `train` in two processes that meet, and alone: with the name of the state to keep, and the workers.
template<class Train>
void trainTogetherAndAlone(const std::string& test, const Train& train)
{
    if (const char* port = std::getenv("ICMOE_TEST_PORT")) { // the second process
        auto workers = Workers::meet({1, 2, "127.0.0.1", static_cast<std::uint16_t>(std::atoi(port))});
        ASSERT_TRUE(workers) << workers.error().oneLine();
        train("second", *workers);
        return;
    }
    const auto workers = Workers::meet({0, 2, "127.0.0.1", 0});
    ASSERT_TRUE(workers) << workers.error().oneLine();
    const auto child = startSecondProcess("ExpertTrainingTest." + test, (*workers)->port());
    ASSERT_GT(child, 0);
    train("together", *workers);
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    train("alone", Workers::alone());
}

TEST_F(ExpertTrainingTest, TwoProcesses_HaveTheGradientsOfOne)
{
    trainTogetherAndAlone("TwoProcesses_HaveTheGradientsOfOne",
                          [&](const std::string& state, const std::shared_ptr<Workers>& workers) {
                              ASSERT_TRUE(train(1, state, {}, workers));
                          });
    if (std::getenv("ICMOE_TEST_PORT") == nullptr) {
        EXPECT_LE(distanceOfGradients(m_folder / "together", m_folder / "alone"), 1e-5);
    }
    EXPECT_EQ(Workers::meet({2, 2, "127.0.0.1", 0}).error().code, ErrorCode::invalidArgument);
}

TEST_F(ExpertTrainingTest, TwoProcesses_HaveTheGradientsOfOneInTheRoutedPhases)
{
    auto pack = std::make_shared<Pack>();
    pack->taps = plainTaps();
    pack->basic = ExpertParameters::fresh(kBasicExperts, 1);
    const Council council(*m_weights, pack);
    trainTogetherAndAlone("TwoProcesses_HaveTheGradientsOfOneInTheRoutedPhases",
                          [&](const std::string& state, const std::shared_ptr<Workers>& workers) {
                              RoutedOptions options;
                              options.steps = 1;
                              options.batch = 4;
                              options.experts = 2;
                              options.workers = workers;
                              options.state = m_folder / (state + ".semantic");
                              const auto quiet = [](const StepReport&) {};
                              const auto semantic = trainSemanticExperts(council, *m_library, options, quiet, {});
                              ASSERT_TRUE(semantic) << semantic.error().oneLine();
                              options.experts = 4;
                              options.state = m_folder / (state + ".adaptive");
                              ASSERT_TRUE(
                                  trainAdaptiveExperts(council, *m_library, Routing::fresh(4, 1), options, quiet, {}));
                          });
    if (std::getenv("ICMOE_TEST_PORT") == nullptr) {
        EXPECT_LE(distanceOfGradients(m_folder / "together.semantic", m_folder / "alone.semantic"), 1e-5);
        EXPECT_LE(distanceOfGradients(m_folder / "together.adaptive", m_folder / "alone.adaptive"), 1e-5);
    }
}

TEST_F(ExpertTrainingTest, SemanticAndAdaptiveExperts_LearnBesideTheBasicOnes)
{
    auto pack = std::make_shared<Pack>();
    pack->taps = plainTaps();
    pack->basic = ExpertParameters::fresh(kBasicExperts, 1);
    const Council council(*m_weights, pack);
    const auto basic = pack->basic.clone();
    RoutedOptions options;
    options.steps = 2;
    options.batch = 2;
    options.experts = 2;
    const auto semantic = trainSemanticExperts(council, *m_library, options, [](const StepReport&) {}, {});
    ASSERT_TRUE(semantic) << semantic.error().oneLine();
    EXPECT_EQ(semantic->experts.count(), 2);
    EXPECT_EQ(semantic->classes, (std::vector<std::string>{"synthetic:object"}));
    EXPECT_TRUE(Routing(semantic->routing).hasPrototypes());
    EXPECT_GT(semantic->experts.get("dense.2.weight").abs().max().item<float>(), 0);

    options.experts = 4;
    const auto adaptive =
        trainAdaptiveExperts(council, *m_library, semantic->routing, options, [](const StepReport&) {}, {});
    ASSERT_TRUE(adaptive) << adaptive.error().oneLine();
    EXPECT_EQ(adaptive->experts.count(), 4);
    EXPECT_TRUE(at::equal(adaptive->routing.at("prototypes"), semantic->routing.at("prototypes")));
    EXPECT_FALSE(at::equal(adaptive->routing.at("router.1.bias"), at::zeros({4})));
    double used = 0;
    for (const double share : adaptive->usage) {
        used += share;
    }
    EXPECT_NEAR(used, 1, 1e-9);
    for (const auto& [name, tensor] : basic.tensors()) {
        EXPECT_TRUE(at::equal(tensor, pack->basic.get(name))) << name; // they are frozen
    }
}

TEST(NoisyTopTwo, GatesSumToOne_AndTheLoadIsAProbability)
{
    at::manual_seed(9);
    const auto scores = at::randn({40, 4});
    const auto deviation = at::full({40, 4}, 0.7F);
    const auto top = noisyTopTwo(scores, deviation, at::randn({40, 4}));
    EXPECT_LE((top.gates.sum(1) - 1).abs().max().item<float>(), 1e-6F);
    EXPECT_GE(top.load.min().item<float>(), 0);
    EXPECT_LE(top.load.max().item<float>(), 1);
    EXPECT_NEAR(top.load.sum(1).mean().item<double>(), 2, 0.35); // two of four are taken
    const auto quiet =
        noisyTopTwo(at::tensor({3.0F, 1.0F, 2.0F, 0.0F}).unsqueeze(0), at::full({1, 4}, 1e-3F), at::zeros({1, 4}));
    EXPECT_TRUE(at::equal(quiet.chosen, at::tensor({0, 2}, at::kLong).unsqueeze(0)));
    EXPECT_GT(quiet.load[0][0].item<float>(), 0.99F);
    EXPECT_LT(quiet.load[0][1].item<float>(), 0.01F);
}

TEST_F(ExpertTrainingTest, SelectorAndVote_LearnFromWhatTheVoicesSaid)
{
    auto pack = std::make_shared<Pack>();
    pack->taps = plainTaps();
    pack->basic = ExpertParameters::fresh(kBasicExperts, 1);
    const Council council(*m_weights, pack);
    VoteOptions options;
    options.questions = 3;
    options.steps = 4;
    options.selectorSteps = 40;
    options.judgeSteps = 50;
    const auto selector = trainSelector(council, *m_library, options, [](const StepReport&) {}, {});
    ASSERT_TRUE(selector) << selector.error().oneLine();
    EXPECT_NO_THROW((ScoreNetwork{*selector, kMaskFeatures}));
    options.cases = 10;
    const auto nobody = trainVote({{"empty", &council, {}}}, *m_library, options, [](const StepReport&) {}, {});
    EXPECT_EQ(nobody.error().code, ErrorCode::emptyInput);
    const std::vector<VotePool> pools{{"kept", &council, {0, 1}}, {"fold 1", &council, {2}}};
    const auto vote = trainVote(pools, *m_library, options, [](const StepReport&) {}, {});
    ASSERT_TRUE(vote) << vote.error().oneLine();
    const VotingNetwork network(vote->parameters);
    EXPECT_GT(network.parameters().at("output.weight").abs().max().item<float>(), 0);
    EXPECT_GE(network.threshold(), 0);
    EXPECT_LE(network.cut(), kEvenCut);
    EXPECT_GE(network.parameters().at("familiar").item<double>(), 0);
    EXPECT_NO_THROW(QualityEstimate{vote->quality});
    ASSERT_TRUE(vote->tables.contains("kept"));
    const auto& table = vote->tables.at("kept");
    EXPECT_GT(table.cases, 0);
    EXPECT_GE(table.best, table.vote - 0.05); // the oracle picks one voice, a vote may mix them
    EXPECT_GE(table.best, table.scored);
    EXPECT_GE(table.best, table.base);
    EXPECT_GT(table.base, 0);
    EXPECT_NO_THROW((ScoreNetwork{vote->judge, kVoiceFeatures}));
    options.judge = false;
    const auto unjudged = trainVote(pools, *m_library, options, [](const StepReport&) {}, {});
    ASSERT_TRUE(unjudged);
    EXPECT_TRUE(unjudged->judge.empty());
}

TEST_F(ExpertTrainingTest, SessionsThatAreKept_AreTheSame)
{
    auto pack = std::make_shared<Pack>();
    pack->taps = plainTaps();
    pack->basic = ExpertParameters::fresh(kBasicExperts, 1);
    const Council council(*m_weights, pack);
    const VotePool pool{"kept", &council, {0, 1, 2}};
    VoteOptions options;
    const TemporaryFolder folder;
    VoteSessions kept(pool, *m_library, options, folder / "sessions");
    for (int number = 0; number < 4; ++number) {
        const auto played = VoteSessions(pool, *m_library, options, {}).play(number);
        ASSERT_TRUE(played) << played.error().oneLine();
        EXPECT_FALSE(kept.isKept(number));
        ASSERT_TRUE(kept.play(number));
        ASSERT_TRUE(kept.isKept(number));
        const auto recalled = kept.play(number);
        ASSERT_TRUE(recalled) << recalled.error().oneLine();
        ASSERT_EQ(recalled->between.size(), played->between.size());
        for (std::size_t n = 0; n < played->between.size(); ++n) {
            EXPECT_LE((recalled->between[n].features - played->between[n].features).abs().max().item<float>(), 1e-2F);
            EXPECT_LE((recalled->between[n].dice - played->between[n].dice).abs().max().item<float>(), 1e-3F);
            EXPECT_EQ(recalled->between[n].picture, played->between[n].picture);
        }
        ASSERT_EQ(recalled->ballots.size(), played->ballots.size());
        for (std::size_t n = 0; n < played->ballots.size(); ++n) {
            const auto& one = played->ballots[n];
            const auto& other = recalled->ballots[n];
            EXPECT_TRUE(at::equal(other.ballot.logits, one.ballot.logits));
            EXPECT_TRUE(at::equal(other.ballot.maps, one.ballot.maps));
            EXPECT_TRUE(at::equal(other.ballot.families, one.ballot.families));
            EXPECT_TRUE(at::equal(other.ballot.embedding, one.ballot.embedding));
            EXPECT_LE((other.features - one.features).abs().max().item<float>(), 1e-2F); // fp16
            EXPECT_LE((other.dice - one.dice).abs().max().item<float>(), 1e-3F);
            EXPECT_EQ(other.names, one.names);
            EXPECT_EQ(other.object, one.object);
            EXPECT_EQ(other.picture, one.picture);
        }
    }
    options.voices.basic = false; // another council is heard
    EXPECT_FALSE(VoteSessions(pool, *m_library, options, folder / "sessions").isKept(0));
    options.voices.basic = true;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "sessions")) {
        if (entry.is_regular_file()) {
            std::filesystem::resize_file(entry.path(), 100);
        }
    }
    EXPECT_EQ(kept.play(0).error().code, ErrorCode::truncatedFile);
}

TEST_F(ExpertTrainingTest, ProcessesThatPlay_ShareTheSessions)
{
    auto pack = std::make_shared<Pack>();
    pack->taps = plainTaps();
    pack->basic = ExpertParameters::fresh(kBasicExperts, 1);
    const Council council(*m_weights, pack);
    const std::vector<VotePool> pools{{"kept", &council, {0, 1}}, {"fold 1", &council, {2}}};
    const TemporaryFolder folder;
    VoteOptions options;
    options.cases = 5;
    options.sessions = folder / "sessions";
    const auto keptOf = [&](std::size_t pool) {
        const VoteSessions sessions(pools[pool], *m_library, options, options.sessions);
        std::set<int> numbers;
        for (int n = 0; n < options.cases; ++n) {
            if (sessions.isKept(n)) {
                numbers.insert(n);
            }
        }
        return numbers;
    };
    ASSERT_TRUE(playSessions(pools, *m_library, options, 0, 2, [](const StepReport&) {}, {}));
    EXPECT_EQ(keptOf(0), (std::set<int>{0, 4}));
    EXPECT_EQ(keptOf(1), (std::set<int>{1}));
    ASSERT_TRUE(playSessions(pools, *m_library, options, 1, 2, [](const StepReport&) {}, {}));
    EXPECT_EQ(keptOf(0), (std::set<int>{0, 2, 4}));
    EXPECT_EQ(keptOf(1), (std::set<int>{1, 3}));
}

TEST(JudgeFolds, AJudgeKnowsNeitherThePicture_NorASetThatTheExpertsDoNotKnow)
{
    std::vector<JudgedVoices> lists;
    for (const char* set : {"hearts", "livers", "lungs"}) {
        for (int n = 0; n < 12; ++n) {
            lists.push_back({{}, {}, std::string(set) + "/" + std::to_string(n), set});
        }
    }
    const JudgeFolds folds(lists);
    KeptBallot ballot;
    ballot.picture = "livers/3";
    ballot.set = "livers";
    const auto hidden = [&](const std::string& set) { // from the judge that scores the ballot
        return std::count_if(lists.begin(), lists.end(), [&](const JudgedVoices& list) {
            return list.set == set && folds.isIn(folds.of(ballot), list);
        });
    };
    EXPECT_EQ(hidden("livers"), 12);
    EXPECT_EQ(hidden("hearts"), 0);
    EXPECT_EQ(hidden("lungs"), 0);
    ballot.isOfKnownSet = true;
    EXPECT_TRUE(folds.isIn(folds.of(ballot), {{}, {}, "livers/3", "livers"}));
    EXPECT_LT(hidden("livers"), 12);
}

TEST(VoteLoss, WhatIsWorseThanTheBaseAlone_CountsOnceMore)
{
    const auto grid = NetworkGrid::of(256, 256);
    auto truth = at::zeros({256, 256});
    truth.slice(0, 80, 160).slice(1, 90, 170).fill_(1);
    const auto right = truth * 12 - 6;
    Ballot ballot;
    VoteOptions guarded;
    VoteOptions unguarded = guarded;
    unguarded.guard = 0;
    const auto heard = [&](double ofSecond) { // how much the second voice weighs
        const auto share = at::full({1, 256, 256}, ofSecond);
        return at::cat({1 - share, share});
    };
    const auto extra = [&](double ofSecond) {
        const auto weights = heard(ofSecond);
        return (voteLoss(ballot, weights, grid, truth, guarded) - voteLoss(ballot, weights, grid, truth, unguarded))
            .item<double>();
    };
    ballot.logits = at::stack({right, -right}); // the base is right
    EXPECT_GT(extra(0.9), 1);
    EXPECT_GT(extra(0.9), extra(0.6));
    EXPECT_NEAR(extra(0), 0, 1e-3);
    ballot.logits = at::stack({-right, right}); // the base is wrong
    EXPECT_EQ(extra(0.9), 0);
    EXPECT_NEAR(extra(0), 0, 1e-2);
}

/// A training that begins as the pack of another and takes no step ends as it.
void expectBeginning(TrainOptions options)
{
    options.from = options.out;
    options.out += ".again";
    options.work += "-again";
    options.phases = {"domains", "basic", "detail", "semantic", "adaptive"};
    options.steps = {{"basic", 0}, {"detail", 0}, {"semantic", 0}, {"adaptive", 0}};
    const auto report = trainExperts(options, [](const TrainProgress&) {}, {});
    ASSERT_TRUE(report) << report.error().oneLine();
    const auto weights = weights::loadLiteMedSam(weightFolders());
    ASSERT_TRUE(weights);
    const auto first = Pack::read(options.from, weights->sha256);
    const auto second = Pack::read(options.out, weights->sha256);
    ASSERT_TRUE(first && second);
    for (const auto experts : {&Pack::basic, &Pack::semantic, &Pack::adaptive}) {
        for (const auto& [name, tensor] : ((*first).*experts).tensors()) {
            EXPECT_TRUE(at::equal(tensor, ((*second).*experts).get(name))) << name;
        }
    }
    for (const auto& [name, tensor] : first->detail) {
        EXPECT_TRUE(at::equal(tensor, second->detail.at(name))) << name;
    }
    EXPECT_TRUE(at::equal(first->taps.halfWeight, second->taps.halfWeight));
    EXPECT_TRUE(at::equal(first->routing.at("owner"), second->routing.at("owner")));
    EXPECT_TRUE(at::equal(first->routing.at("router.0.weight"), second->routing.at("router.0.weight")));
}

TEST(ExpertTraining, AllPhases_EndInAPackThatAnswers)
{
    ICMOE_NEEDS_WEIGHTS();
    const TemporaryFolder folder;
    TrainOptions options;
    options.weightFolders = weightFolders();
    options.synthetic = 6;
    options.voteShare = 0.4;
    options.batch = 2;
    options.steps = {{"basic", 1},     {"detail", 1},    {"semantic", 1}, {"adaptive", 1}, {"questions", 10},
                     {"sessions", 10}, {"selector", 50}, {"judge", 50},   {"vote", 2},     {"joint", 1}};
    options.work = folder / "work";
    options.out = folder / "pack.safetensors";
    std::set<std::string> phases;
    const auto report = trainExperts(options, [&](const TrainProgress& p) { phases.insert(p.phase); }, {});
    ASSERT_TRUE(report) << report.error().oneLine();
    EXPECT_EQ(phases, (std::set<std::string>{"projections", "features", "basic", "detail", "semantic", "adaptive",
                                             "selector", "vote", "joint"}));
    expectBeginning(options);
    const auto pack = Pack::read(options.out, weights::loadLiteMedSam(weightFolders())->sha256);
    ASSERT_TRUE(pack) << pack.error().oneLine();
    EXPECT_GT(pack->detail.at("mask.weight").abs().max().item<float>(), 0); // it was zero
    EXPECT_LE(std::filesystem::file_size(options.out), std::uintmax_t{8'000'000});
    EXPECT_TRUE(std::filesystem::exists(options.work / "semantic.curves.svg"));

    EngineOptions engineOptions;
    engineOptions.weightFolders = weightFolders();
    engineOptions.experts = options.out.string();
    const auto engine = createEngine(engineOptions);
    ASSERT_TRUE(engine) << engine.error().oneLine();
    const auto scene = syntheticRecipes(1, 77).front().make();
    ASSERT_TRUE(scene);
    Prompt click;
    const int x = scene->image.width / 2;
    const int y = scene->image.height / 2;
    click.shape = PointPrompt{{double(x), double(y)}, true};
    const auto embedding = (*engine)->encode(scene->image, {}, {});
    ASSERT_TRUE(embedding);
    const auto proposal = (*engine)->predict(scene->image, **embedding, {click}, {});
    ASSERT_TRUE(proposal) << proposal.error().oneLine();
    ASSERT_TRUE(proposal->vote);
    std::set<VoterKind> kinds;
    for (const auto& voter : proposal->vote->voters) {
        kinds.insert(voter.kind);
    }
    EXPECT_EQ(kinds,
              (std::set<VoterKind>{VoterKind::base, VoterKind::basic, VoterKind::semantic, VoterKind::adaptive}));
    EXPECT_TRUE(proposal->candidates.front().mask.contains(x, y));
}

/// SET/images and SET/labels with pictures of one bright disc.
std::filesystem::path writeSet(const std::filesystem::path& set)
{
    for (int n = 0; n < 3; ++n) {
        const auto truth = disc(40 + 10 * n, 50, 15 + 3 * n);
        PngPicture picture;
        picture.width = truth.width();
        picture.height = truth.height();
        picture.indexed = true;
        for (int grey = 0; grey < 256; ++grey) {
            const auto value = static_cast<std::uint8_t>(grey);
            picture.palette.push_back({value, value, value});
        }
        auto label = picture;
        for (const auto inside : truth.toBitmap()) {
            picture.pixels.push_back(std::byte{inside != 0 ? std::uint8_t{210} : std::uint8_t{40}});
            label.pixels.push_back(std::byte{inside != 0 ? std::uint8_t{1} : std::uint8_t{0}});
        }
        for (const auto& [folder, content] : {std::pair{"images", &picture}, {"labels", &label}}) {
            std::filesystem::create_directories(set / folder);
            EXPECT_TRUE(writeFileAtomically(set / folder / (std::to_string(n) + ".png"), *encodeIndexedPng(*content)));
        }
    }
    return set;
}

TEST(ExpertTraining, ProcessesThatOnlyEncode_ShareThePictures)
{
    ICMOE_NEEDS_WEIGHTS();
    const TemporaryFolder folder;
    TrainOptions options;
    options.weightFolders = weightFolders();
    options.data = {writeSet(folder / "discs")};
    options.variants = 1;
    options.synthetic = 2;
    options.phases = {"features"};
    options.work = folder / "work";
    options.workers = 2; // they never meet: nobody waits for the other
    std::size_t views = 0;
    for (options.worker = 0; options.worker < options.workers; ++options.worker) {
        const auto report = trainExperts(options, [](const TrainProgress&) {}, {});
        ASSERT_TRUE(report) << report.error().oneLine();
        EXPECT_GE(report->views, 2U);
        views += report->views;
    }
    EXPECT_EQ(views, 5U);
    options.workers = 1;
    options.worker = 0;
    int encoded = 0;
    const auto report = trainExperts(options, [&](const TrainProgress& p) { encoded += p.phase == "features"; }, {});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->views, 5U);
    EXPECT_EQ(encoded, 5);
}

TEST(ExpertTraining, AFoldTeachesTheVoteOnTheSetsThatItsPackDoesNotKnow)
{
    ICMOE_NEEDS_WEIGHTS();
    const TemporaryFolder folder;
    TrainOptions options;
    options.weightFolders = weightFolders();
    options.data = {writeSet(folder / "known"), writeSet(folder / "unknown")};
    options.leftOut = {"unknown"};
    options.variants = 1;
    options.synthetic = 2;
    options.voteShare = 0.5;
    options.phases = {"basic"};
    options.steps = {{"basic", 0},  {"detail", 0},   {"questions", 8}, {"selector", 20},
                     {"judge", 50}, {"sessions", 8}, {"vote", 1}};
    options.work = folder / "fold-work";
    options.out = folder / "fold.safetensors";
    const auto fold = trainExperts(options, [](const TrainProgress&) {}, {});
    ASSERT_TRUE(fold) << fold.error().oneLine();
    EXPECT_EQ(fold->classes, 2U); // a disc and the scenes' objects

    options.from = options.out;
    options.folds = {options.out};
    options.leftOut.clear();
    options.phases = {"basic", "selector", "vote"};
    options.work = folder / "work";
    options.out = folder / "pack.safetensors";
    std::string tables;
    const auto observe = [&](const TrainProgress& p) { tables += p.phase == "vote" ? p.text + "\n" : ""; };
    const auto whole = trainExperts(options, observe, {});
    ASSERT_TRUE(whole) << whole.error().oneLine();
    EXPECT_NE(tables.find("fold 1: "), std::string::npos) << tables;

    options.folds = {options.out}; // it knows both
    options.phases = {"vote"};
    EXPECT_EQ(trainExperts(options, observe, {}).error().code, ErrorCode::invalidArgument);
}

TEST(Curves, GoOnWhereTheyStopped_AndBecomeAPicture)
{
    const TemporaryFolder folder;
    {
        Curves curves(folder / "curves.csv");
        for (int step = 1; step <= 60; ++step) {
            ASSERT_TRUE(curves.add({step, 100, 2.0 / step, 0.5, 0.6, 1}));
        }
        EXPECT_EQ(curves.size(), 6U);
    }
    Curves curves(folder / "curves.csv");
    ASSERT_EQ(curves.size(), 6U);
    ASSERT_TRUE(curves.add({50, 100, 1, 0.7, 0.8, 1})); // its state was of an earlier step
    EXPECT_EQ(curves.size(), 5U);
    const auto picture = curves.picture("click experts");
    EXPECT_NE(picture.find("step 50"), std::string::npos);
    EXPECT_NE(picture.find("</svg>"), std::string::npos);
}

TEST(QualityEstimate, FindsWhatTellsAGoodAnswer)
{
    at::manual_seed(3);
    const auto signs = at::rand({400, kSigns});
    const auto iou = (4 * signs.select(1, 2) - 2).sigmoid();
    const QualityEstimate estimate(QualityEstimate::fitted(signs, iou));
    double error = 0;
    for (std::int64_t n = 0; n < 400; ++n) {
        error += std::abs(estimate(signs[n]) - iou[n].item<double>()) / 400;
    }
    EXPECT_LT(error, 0.02);
    EXPECT_THROW((void)QualityEstimate::fitted(at::empty({0, kSigns}), at::empty({0})), std::invalid_argument);
    EXPECT_THROW(QualityEstimate({}), std::invalid_argument);
}

} // namespace
} // namespace icmoe::test
