// The vote's kernel and its twin as plain functions; no LibTorch in this file.
#include "inference/cuda/CudaModule.h"
#include "inference/cuda/VoteTwin.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <dlfcn.h>
#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace icmoe::cuda::test {
namespace {

/// What is asked, with its arrays.
struct Question {
    std::vector<float> logits;
    std::vector<float> votes;
    std::vector<unsigned char> kept;
    IcmoeVoteInput input = {};

    Question(int voices, int height, int width, int votesHeight, int votesWidth)
        : logits(static_cast<std::size_t>(voices) * static_cast<std::size_t>(height) * static_cast<std::size_t>(width))
        , votes(static_cast<std::size_t>(voices) * static_cast<std::size_t>(votesHeight) *
                static_cast<std::size_t>(votesWidth))
        , kept(static_cast<std::size_t>(voices), 1)
    {
        input = {nullptr, nullptr, nullptr, voices, height, width, votesHeight, votesWidth, 0};
    }
    const IcmoeVoteInput* ask()
    {
        input.logits = logits.data();
        input.votes = votes.data();
        input.kept = kept.data();
        return &input;
    }
};

Question random(int voices, int height, int width, int votesHeight, int votesWidth)
{
    std::mt19937 random(7);
    std::normal_distribution<float> normal(0, 3);
    Question question(voices, height, width, votesHeight, votesWidth);
    std::generate(question.logits.begin(), question.logits.end(), [&] { return normal(random); });
    std::generate(question.votes.begin(), question.votes.end(), [&] { return normal(random); });
    return question;
}

struct Answer {
    std::vector<float> p;
    std::vector<float> weights;
    std::vector<float> disagreement;
    IcmoeVoteOutput output = {};

    explicit Answer(const Question& question)
        : p(static_cast<std::size_t>(question.input.height) * static_cast<std::size_t>(question.input.width), NAN)
        , weights(question.logits.size(), NAN)
        , disagreement(p.size(), NAN)
        , output{p.data(), weights.data(), disagreement.data()}
    {
    }
};

double sigmoid(double z)
{
    return 1 / (1 + std::exp(-z));
}

/// The definition, pixel by pixel, in double precision.
void expectDefinition(Question& question, const Answer& answer)
{
    const auto& in = question.input;
    const auto at = [](int place, int size, int votesSize) {
        const double real = std::max((place + 0.5) * votesSize / size - 0.5, 0.0);
        const int low = std::min(static_cast<int>(real), votesSize - 1);
        return std::tuple(low, std::min(low + 1, votesSize - 1), real - low);
    };
    double worst = 0;
    double sums = 0;
    for (int y = 0; y < in.height; ++y) {
        for (int x = 0; x < in.width; ++x) {
            const auto [y0, y1, fy] = at(y, in.height, in.votesHeight);
            const auto [x0, x1, fx] = at(x, in.width, in.votesWidth);
            std::vector<double> weight;
            for (int v = 0; v < in.voices; ++v) {
                const auto of = [&](int line, int column) {
                    return static_cast<double>(
                        question.votes[static_cast<std::size_t>((v * in.votesHeight + line) * in.votesWidth + column)]);
                };
                weight.push_back((1 - fy) * ((1 - fx) * of(y0, x0) + fx * of(y0, x1)) +
                                 fy * ((1 - fx) * of(y1, x0) + fx * of(y1, x1)));
            }
            const double most = *std::max_element(weight.begin(), weight.end());
            double all = 0;
            double left = 0;
            for (std::size_t v = 0; v < weight.size(); ++v) {
                const double e = std::exp(weight[v] - most);
                all += e;
                weight[v] = question.kept[v] != 0 ? e : 0;
                left += weight[v];
            }
            double p = 0;
            double sum = 0;
            for (std::size_t v = 0; v < weight.size(); ++v) {
                weight[v] = left / all > 1e-12 ? weight[v] / left : (static_cast<int>(v) == in.heaviest ? 1 : 0);
                const auto place = v * answer.p.size() + static_cast<std::size_t>(y * in.width + x);
                p += weight[v] * sigmoid(static_cast<double>(question.logits[place]));
                worst = std::max(worst, std::abs(weight[v] - static_cast<double>(answer.weights[place])));
                sum += static_cast<double>(answer.weights[place]);
            }
            const auto pixel = static_cast<std::size_t>(y * in.width + x);
            worst = std::max(worst, std::abs(p - static_cast<double>(answer.p[pixel])));
            sums = std::max(sums, std::abs(sum - 1));
            if (std::abs(p - 0.5) > 1e-5) { // on the edge rounding decides
                double same = 0;
                for (std::size_t v = 0; v < weight.size(); ++v) {
                    const bool inside = question.logits[v * answer.p.size() + pixel] >= 0;
                    same += inside == (p >= 0.5) ? weight[v] : 0;
                }
                worst = std::max(worst, std::abs(1 - same - static_cast<double>(answer.disagreement[pixel])));
            }
        }
    }
    EXPECT_LE(worst, 1e-6);
    EXPECT_LE(sums, 1e-6);
}

TEST(VoteTwin, IsTheDefinition_ForTheNetworksSizes_AndForOthers)
{
    for (auto question : {random(11, 256, 256, 128, 128), random(1, 256, 256, 128, 128), random(16, 8, 8, 4, 4),
                          random(20, 30, 22, 7, 5), random(3, 1, 1, 1, 1), random(2, 9, 2, 4, 1)}) {
        Answer answer(question);
        ASSERT_EQ(voteOnProcessor(question.ask(), &answer.output, nullptr), ICMOE_VOTE_DONE);
        expectDefinition(question, answer);
    }
}

TEST(VoteTwin, DroppedVoices_HaveNoWeight_AndTheOthersSumToOne)
{
    auto question = random(9, 256, 256, 128, 128);
    question.kept = {1, 0, 1, 0, 0, 1, 1, 1, 0};
    Answer answer(question);
    ASSERT_EQ(voteOnProcessor(question.ask(), &answer.output, nullptr), ICMOE_VOTE_DONE);
    expectDefinition(question, answer);
    const auto pixels = static_cast<std::ptrdiff_t>(answer.p.size());
    EXPECT_TRUE(std::all_of(answer.weights.begin() + pixels, answer.weights.begin() + 2 * pixels,
                            [](float weight) { return weight == 0; }));
}

TEST(VoteTwin, WhereAllThatIsLeftHasNoWeight_TheHeaviestSpeaksAlone)
{
    Question question(3, 4, 4, 2, 2);
    std::fill(question.votes.begin(), question.votes.begin() + 4, 200.0F); // the first takes all, and is dropped
    std::fill(question.logits.begin() + 32, question.logits.end(), 2.0F);
    question.kept = {0, 1, 1};
    question.input.heaviest = 2;
    Answer answer(question);
    ASSERT_EQ(voteOnProcessor(question.ask(), &answer.output, nullptr), ICMOE_VOTE_DONE);
    for (std::size_t pixel = 0; pixel < 16; ++pixel) {
        EXPECT_EQ(answer.weights[pixel], 0);
        EXPECT_EQ(answer.weights[16 + pixel], 0);
        EXPECT_EQ(answer.weights[32 + pixel], 1);
        EXPECT_NEAR(static_cast<double>(answer.p[pixel]), sigmoid(2), 1e-6);
        EXPECT_EQ(answer.disagreement[pixel], 0);
    }
}

TEST(VoteTwin, HugeVotesAndLogits_StayFinite)
{
    Question question(2, 2, 2, 1, 1);
    question.votes = {1e30F, -1e30F};
    question.logits = {1e9F, -1e9F, INFINITY, -INFINITY, 0, 0, 0, 0};
    Answer answer(question);
    ASSERT_EQ(voteOnProcessor(question.ask(), &answer.output, nullptr), ICMOE_VOTE_DONE);
    EXPECT_EQ(answer.weights[0], 1);
    for (const auto& [pixel, p] : {std::pair(0, 1.0), std::pair(1, 0.0), std::pair(2, 1.0), std::pair(3, 0.0)}) {
        EXPECT_NEAR(static_cast<double>(answer.p[static_cast<std::size_t>(pixel)]), p, 1e-6);
        EXPECT_EQ(answer.disagreement[static_cast<std::size_t>(pixel)], 0);
    }
}

/// Each is one thing that is wrong about a question.
const std::vector<std::function<void(IcmoeVoteInput&, IcmoeVoteOutput&)>>& mistakes()
{
    static const std::vector<std::function<void(IcmoeVoteInput&, IcmoeVoteOutput&)>> all = {
        [](auto& in, auto&) { in.logits = nullptr; },
        [](auto& in, auto&) { in.votes = nullptr; },
        [](auto& in, auto&) { in.kept = nullptr; },
        [](auto&, auto& out) { out.p = nullptr; },
        [](auto&, auto& out) { out.weights = nullptr; },
        [](auto&, auto& out) { out.disagreement = nullptr; },
        [](auto& in, auto&) { in.voices = 0; },
        [](auto& in, auto&) { in.height = 0; },
        [](auto& in, auto&) { in.width = -1; },
        [](auto& in, auto&) { in.votesWidth = 0; },
        [](auto& in, auto&) { in.heaviest = in.voices; },
        [](auto& in, auto&) { in.heaviest = -1; },
        [](auto& in, auto&) { in.width = in.height = 70000; },
    };
    return all;
}

void expectRefusals(IcmoeVoteFunction vote)
{
    auto question = random(2, 4, 4, 2, 2);
    Answer answer(question);
    for (const auto& mistake : mistakes()) {
        auto input = *question.ask();
        auto output = answer.output;
        mistake(input, output);
        EXPECT_EQ(vote(&input, &output, nullptr), ICMOE_VOTE_INVALID);
    }
    EXPECT_EQ(vote(nullptr, &answer.output, nullptr), ICMOE_VOTE_INVALID);
    EXPECT_EQ(vote(question.ask(), nullptr, nullptr), ICMOE_VOTE_INVALID);
    question.kept = {0, 0};
    EXPECT_EQ(vote(question.ask(), &answer.output, nullptr), ICMOE_VOTE_INVALID);
}

TEST(VoteTwin, MissingArrays_BadSizes_AndNoVoiceAtAll_AreRefused)
{
    expectRefusals([](auto* input, auto* output, void* stream) { return voteOnProcessor(input, output, stream); });
}

std::filesystem::path built(const char* file)
{
    return std::filesystem::path(ICMOE_BINARY_DIR) / file;
}

TEST(CudaModule, OfThisVersion_IsTaken)
{
    const auto module = loadModule(built("libfake_cuda_sound.so"));
    ASSERT_NE(module.entry, nullptr) << module.reason;
    EXPECT_EQ(module.reason, "");
    EXPECT_EQ(module.entry->deviceCount(), 0);
}

TEST(CudaModule, OfAnotherVersion_IsRefused_AndBothVersionsAreNamed)
{
    const auto module = loadModule(built("libfake_cuda_outdated.so"));
    EXPECT_EQ(module.entry, nullptr);
    EXPECT_EQ(module.reason, "the CUDA module is of version " + std::to_string(ICMOE_CUDA_VERSION + 41) +
                                 ", this program needs " + std::to_string(ICMOE_CUDA_VERSION));
}

TEST(CudaModule, AnotherLibrary_AFileThatIsNone_AndNoFile_AreRefusedWithTheirReasons)
{
    EXPECT_EQ(loadModule(built("libfake_cuda_nameless.so")).reason,
              "libfake_cuda_nameless.so is not this program's CUDA module");
    EXPECT_NE(loadModule(built("CMakeCache.txt")).reason.find("does not load"), std::string::npos);
    EXPECT_NE(loadModule(built("libicmoe_nothing.so")).reason.find("built without"), std::string::npos);
}

TEST(CudaModule, AsBuilt_LoadsWithoutAGpu_AndRefusesMistakesBeforeItTouchesADevice)
{
    const auto module = loadModule(modulePath());
#ifdef ICMOE_CUDA_BUILT
    ASSERT_NE(module.entry, nullptr) << module.reason;
    if (findDriver().devices == 0) {
        EXPECT_EQ(module.entry->deviceCount(), 0);
    }
    for (const auto vote : {module.entry->vote, module.entry->voteFromHost}) {
        expectRefusals(vote);
        auto many = random(ICMOE_CUDA_MOST_VOICES + 1, 4, 4, 2, 2);
        Answer answer(many);
        EXPECT_EQ(vote(many.ask(), &answer.output, nullptr), ICMOE_VOTE_TOO_MANY_VOICES);
    }
    EXPECT_STREQ(module.entry->errorText(ICMOE_VOTE_TOO_MANY_VOICES), "too many voices for the kernel");
    EXPECT_STRNE(module.entry->errorText(1), "");
#else
    EXPECT_NE(module.reason.find("built without"), std::string::npos) << module.reason;
#endif
}

TEST(VoteDevice, SaysWhereTheVoteRuns_AndAnswers)
{
    const auto& device = voteDevice();
    ASSERT_NE(device.vote, nullptr);
    EXPECT_EQ(device.description.starts_with(device.onDevice ? "vote on " : "vote on the processor: "), true)
        << device.description;
    if (findDriver().devices == 0) {
        EXPECT_FALSE(device.onDevice);
        EXPECT_FALSE(findDriver().reason.empty());
    }
    for (const int voices : {5, ICMOE_CUDA_MOST_VOICES + 4}) { // more than a kernel takes
        auto question = random(voices, 64, 64, 32, 32);
        Answer answer(question);
        ASSERT_EQ(vote(*question.ask(), answer.output), ICMOE_VOTE_DONE);
        expectDefinition(question, answer);
    }
}

void expectNear(const std::vector<float>& kernel, const std::vector<float>& twin)
{
    ASSERT_EQ(kernel.size(), twin.size());
    double worst = 0;
    for (std::size_t n = 0; n < kernel.size(); ++n) {
        worst = std::max(worst, std::abs(static_cast<double>(kernel[n]) - static_cast<double>(twin[n])));
    }
    EXPECT_LE(worst, 1e-6);
}

void expectSame(const Answer& kernel, const Answer& twin)
{
    expectNear(kernel.p, twin.p);
    expectNear(kernel.weights, twin.weights);
    auto own = kernel.disagreement;
    for (std::size_t pixel = 0; pixel < own.size(); ++pixel) {
        if (std::abs(twin.p[pixel] - 0.5F) < 1e-5F) { // on the edge rounding decides
            own[pixel] = twin.disagreement[pixel];
        }
    }
    expectNear(own, twin.disagreement);
}

std::vector<Question> forBoth()
{
    std::vector<Question> all = {random(1, 256, 256, 128, 128), random(11, 256, 256, 128, 128),
                                 random(16, 256, 256, 128, 128), random(5, 33, 17, 9, 5)};
    all.push_back(all[1]);
    all.back().kept = {1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1};
    all.push_back(all[0]);
    Question silent(3, 64, 64, 32, 32);
    std::fill(silent.votes.begin(), silent.votes.begin() + 1024, 200.0F);
    silent.kept = {0, 1, 1};
    silent.input.heaviest = 2;
    all.push_back(silent);
    return all;
}

TEST(VoteKernel, GivesTheTwinsNumbers_FromTheHostsMemory)
{
    if (findDriver().devices == 0) {
        GTEST_SKIP() << "no GPU";
    }
    const auto module = loadModule(modulePath());
    if (module.entry == nullptr || module.entry->deviceCount() == 0) {
        GTEST_SKIP() << "no GPU that the CUDA module serves";
    }
    for (auto& question : forBoth()) {
        Answer twin(question);
        Answer kernel(question);
        ASSERT_EQ(voteOnProcessor(question.ask(), &twin.output, nullptr), ICMOE_VOTE_DONE);
        const int error = module.entry->voteFromHost(question.ask(), &kernel.output, nullptr);
        ASSERT_EQ(error, ICMOE_VOTE_DONE) << module.entry->errorText(error);
        expectSame(kernel, twin);
    }
}

TEST(VoteKernel, GivesTheTwinsNumbers_FromTheDevicesMemory)
{
    if (findDriver().devices == 0) {
        GTEST_SKIP() << "no GPU";
    }
    const auto module = loadModule(modulePath());
    if (module.entry == nullptr || module.entry->deviceCount() == 0) {
        GTEST_SKIP() << "no GPU that the CUDA module serves";
    }
    void* const runtime = ::dlopen("libcudart.so.13", RTLD_NOW | RTLD_NOLOAD); // came with the module
    ASSERT_NE(runtime, nullptr);
    const auto take = reinterpret_cast<int (*)(void**, std::size_t, unsigned)>(::dlsym(runtime, "cudaMallocManaged"));
    const auto finish = reinterpret_cast<int (*)()>(::dlsym(runtime, "cudaDeviceSynchronize"));
    const auto release = reinterpret_cast<int (*)(void*)>(::dlsym(runtime, "cudaFree"));
    ASSERT_TRUE(take != nullptr && finish != nullptr && release != nullptr);
    for (auto& question : forBoth()) {
        Answer twin(question);
        Answer kernel(question);
        ASSERT_EQ(voteOnProcessor(question.ask(), &twin.output, nullptr), ICMOE_VOTE_DONE);
        std::vector<void*> taken;
        const auto array = [&](const std::vector<float>& from) {
            void* memory = nullptr;
            EXPECT_EQ(take(&memory, from.size() * sizeof(float), 1), 0);
            std::memcpy(memory, from.data(), from.size() * sizeof(float));
            taken.push_back(memory);
            return static_cast<float*>(memory);
        };
        auto input = *question.ask();
        input.logits = array(question.logits);
        input.votes = array(question.votes);
        const IcmoeVoteOutput output = {array(kernel.p), array(kernel.weights), array(kernel.disagreement)};
        const int error = module.entry->vote(&input, &output, nullptr);
        ASSERT_EQ(error, ICMOE_VOTE_DONE) << module.entry->errorText(error);
        ASSERT_EQ(finish(), 0);
        std::copy_n(output.p, kernel.p.size(), kernel.p.begin());
        std::copy_n(output.weights, kernel.weights.size(), kernel.weights.begin());
        std::copy_n(output.disagreement, kernel.disagreement.size(), kernel.disagreement.begin());
        expectSame(kernel, twin);
        for (void* memory : taken) {
            EXPECT_EQ(release(memory), 0);
        }
    }
}

} // namespace
} // namespace icmoe::cuda::test
