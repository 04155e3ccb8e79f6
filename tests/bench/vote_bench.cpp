// How long an encoded slice waits for its preview and for the full vote that follows it, both since the prompt was
// given, beside one answer of the base alone and beside its decoder with nothing kept from the slice:
//   vote_bench [PACK]        (without a pack: experts that have learned nothing, which cost the same)
//   vote_bench --operators   where a click's full vote spends its time, by LibTorch's operators (--shapes: and sizes)
#include "core/base/OpenMpWaiting.h"
#include "core/base/Sha256.h"
#include "inference/icmoe/DetailExpert.h"
#include "inference/icmoe/IcMoeSegmenter.h"
#include "inference/icmoe/Judge.h"
#include "inference/icmoe/Routing.h"
#include "inference/icmoe/ScoreNetwork.h"
#include "inference/icmoe/Voting.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/sam/MaskDecoder.h"
#include "inference/sam/NetworkWeights.h"
#include "inference/sam/PromptEncoder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <string_view>
#include <unistd.h>

using namespace icmoe;

namespace {

constexpr int kRounds = 25;

SliceImage picture()
{
    SliceImage image;
    image.width = 512;
    image.height = 512;
    for (int y = 0; y < 512; ++y) {
        for (int x = 0; x < 512; ++x) {
            const bool inside = (x - 250) * (x - 250) + (y - 240) * (y - 240) < 100 * 100;
            image.pixels.push_back(static_cast<std::uint8_t>((inside ? 170 : 70) + (x * 7 + y * 13) % 23));
        }
    }
    image.range.name = "uint8";
    image.key = sha256(std::as_bytes(std::span(image.pixels)));
    return image;
}

std::shared_ptr<const Pack> packThatLearnedNothing(const std::string& base)
{
    auto pack = std::make_shared<Pack>();
    pack->baseSha256 = base;
    pack->taps = TapProjection::none();
    pack->basic = ExpertParameters::fresh(3, 1);
    pack->detail = DetailExpert::fresh(1);
    pack->semantic = ExpertParameters::fresh(6, 2);
    pack->adaptive = ExpertParameters::fresh(4, 3);
    pack->routing = Routing::fresh(4, 4);
    pack->routing["prototypes"] = at::eye(6, kMeaning);
    pack->routing["owner"] = at::arange(6, at::kLong);
    pack->selector = ScoreNetwork::fresh(kMaskFeatures, 5);
    pack->judge = ScoreNetwork::fresh(kVoiceFeatures, 7);
    pack->voter = VotingNetwork::fresh(6);
    return pack;
}

struct Times {
    double p50 = 0;
    double p95 = 0;
};

Times measured(const std::function<void()>& work)
{
    work();
    std::vector<double> milliseconds;
    for (int n = 0; n < kRounds; ++n) {
        const auto start = std::chrono::steady_clock::now();
        work();
        milliseconds.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(milliseconds.begin(), milliseconds.end());
    return {milliseconds[kRounds / 2], milliseconds[kRounds * 95 / 100]};
}

/// Multiplications and additions of one call, in units of 1e9; 0 for what is not a product.
double gigaflopOf(const std::string& name, c10::ArrayRef<const c10::IValue> inputs)
{
    const auto numel = [&](std::size_t n) { return static_cast<double>(inputs[n].toTensor().numel()); };
    const auto size = [&](std::size_t n, std::int64_t of) {
        return static_cast<double>(inputs[n].toTensor().size(of));
    };
    if (name == "aten::mm" || name == "aten::bmm") {
        return 2e-9 * numel(0) * size(1, -1);
    }
    if (name == "aten::addmm" || name == "aten::baddbmm") {
        return 2e-9 * numel(1) * size(2, -1);
    }
    if (name == "aten::_scaled_dot_product_flash_attention_for_cpu") { // q·kᵀ and weights·v
        return 4e-9 * numel(0) * size(1, -2);
    }
    return 0;
}

/// Of one value of a convolution's result; its inputs are gone when the result is there.
double gigaflopOfOneValue(const at::Tensor& weight)
{
    return 2e-9 * static_cast<double>(weight.numel()) / static_cast<double>(weight.size(0));
}

/// Wall time and arithmetic within every operator, without what it called.
class OperatorTimes {
public:
    struct Sum {
        double milliseconds = 0;
        double gigaflop = 0;
    };
    /// byShape: calls of one operator with other sizes stand apart.
    explicit OperatorTimes(bool byShape)
    {
        s_byShape = byShape;
        s_open.clear();
        s_sums.clear();
        at::addGlobalCallback(at::RecordFunctionCallback(
                                  [](const at::RecordFunction& f) -> std::unique_ptr<at::ObserverContext> {
                                      open(f);
                                      return nullptr;
                                  },
                                  [](const at::RecordFunction& f, at::ObserverContext*) { close(f); })
                                  .needsInputs(true)
                                  .needsOutputs(true)
                                  .scopes({at::RecordScope::FUNCTION}));
    }
    ~OperatorTimes() { at::clearCallbacks(); }
    OperatorTimes(const OperatorTimes&) = delete;
    OperatorTimes& operator=(const OperatorTimes&) = delete;

    static double gigaflop()
    {
        double sum = 0;
        for (const auto& [name, one] : s_sums) {
            sum += one.gigaflop;
        }
        return sum;
    }

    static void print(int rounds)
    {
        std::vector<std::pair<Sum, std::string>> list;
        Sum all;
        for (const auto& [name, one] : s_sums) {
            list.push_back({{one.milliseconds / rounds, one.gigaflop / rounds}, name});
            all.milliseconds += one.milliseconds / rounds;
            all.gigaflop += one.gigaflop / rounds;
        }
        std::sort(list.begin(), list.end(),
                  [](const auto& a, const auto& b) { return a.first.milliseconds > b.first.milliseconds; });
        printOne("all operators", all);
        for (std::size_t n = 0; n < std::min<std::size_t>(list.size(), s_byShape ? 80 : 30); ++n) {
            printOne(list[n].second.c_str(), list[n].first);
        }
    }

private:
    struct Open {
        std::string name;
        double gigaflop = 0;
        double gigaflopOfOneValue = 0;
        std::chrono::steady_clock::time_point start;
        double inner = 0;
    };
    static void open(const at::RecordFunction& f)
    {
        Open one{f.name(), gigaflopOf(f.name(), f.inputs()), 0, {}, 0};
        if (one.name == "aten::mkldnn_convolution") {
            one.gigaflopOfOneValue = gigaflopOfOneValue(f.inputs()[1].toTensor());
        }
        if (s_byShape) {
            for (const auto& input : f.inputs()) {
                if (input.isTensor() && input.toTensor().defined()) {
                    one.name += ' ' + c10::str(input.toTensor().sizes());
                }
            }
        }
        one.start = std::chrono::steady_clock::now();
        s_open.push_back(std::move(one));
    }
    static void close(const at::RecordFunction& f)
    {
        Open one = std::move(s_open.back());
        s_open.pop_back();
        if (one.gigaflopOfOneValue > 0) {
            one.gigaflop = one.gigaflopOfOneValue * static_cast<double>(f.outputs()[0].toTensor().numel());
        }
        const double all =
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - one.start).count();
        auto& sum = s_sums[one.name];
        sum.milliseconds += all - one.inner;
        sum.gigaflop += one.gigaflop;
        if (!s_open.empty()) {
            s_open.back().inner += all;
        }
    }
    static void printOne(const char* name, const Sum& sum)
    {
        std::printf("%-60s %7.1f ms", name, sum.milliseconds);
        if (sum.gigaflop > 0) {
            std::printf("  %7.2f GFLOP  %6.0f GFLOP/s", sum.gigaflop, 1e3 * sum.gigaflop / sum.milliseconds);
        }
        std::printf("\n");
    }
    static inline bool s_byShape = false;
    static inline std::vector<Open> s_open;
    static inline std::map<std::string, Sum> s_sums;
};

double gigaflopOf(const std::function<void()>& work)
{
    const OperatorTimes times(false);
    work();
    return OperatorTimes::gigaflop();
}

/// One answer's times and arithmetic, beside those of the base alone.
struct Cost {
    Times times;
    double gigaflop = 0;
};

Cost costOf(const std::function<void()>& work)
{
    const auto times = measured(work);
    return {times, gigaflopOf(work)};
}

/// The base's decoder for one question about a slice: nothing is kept from it, all four masks of the whole picture.
Cost costOfDecoderFromScratch(const weights::WeightsFile& file)
{
    const NetworkWeights weights(file.tensors);
    const PromptEncoder prompts(weights);
    const MaskDecoder decoder(weights, prompts.densePosition());
    const auto embedding = at::randn({1, 4096, 256}); // its values change neither time nor arithmetic
    const auto corners = at::tensor({74.0F, 69.0F, 176.0F, 171.0F}).view({1, 4});
    return costOf([&] {
        const auto decoded = decoder.decode(decoder.prepare(embedding + prompts.noMask()), prompts.boxes(corners));
        (void)decoder.masks(decoded, 0, 0, MaskDecoder::kMaskTokens);
    });
}

/// What others are measured by: one answer of the base as this program gives it, and its decoder with nothing kept.
struct Yardsticks {
    Cost own;
    Cost fromScratch;
};

void print(const char* what, const Cost& cost, const Yardsticks& base)
{
    std::printf("%-34s p50 %6.1f ms  p95 %6.1f ms  %6.2f GFLOP  time and GFLOP x one base decode: %5.2f %5.2f; with "
                "nothing kept: %5.2f %5.2f\n",
                what, cost.times.p50, cost.times.p95, cost.gigaflop, cost.times.p50 / base.own.times.p50,
                cost.gigaflop / base.own.gigaflop, cost.times.p50 / base.fromScratch.times.p50,
                cost.gigaflop / base.fromScratch.gigaflop);
}

} // namespace

int main(int argc, char** argv)
{
    if (std::getenv("GOMP_SPINCOUNT") ==
        nullptr) { // OpenMP is loaded already: begin again, waiting as the program does
        chooseOpenMpWaiting();
        ::execv("/proc/self/exe", argv);
    }
    EngineOptions options;
    options.weightFolders = {std::string(ICMOE_SOURCE_DIR) + "/third_party/weights"};
    const auto weights = weights::loadLiteMedSam(options.weightFolders);
    if (!weights) {
        std::fprintf(stderr, "%s\n", weights.error().oneLine().c_str());
        return 1;
    }
    prepareTorch(options);
    std::shared_ptr<const Pack> pack = packThatLearnedNothing(weights->sha256);
    const std::string_view mode = argc > 1 ? argv[1] : "";
    const bool listsOperators = mode == "--operators" || mode == "--shapes";
    if (argc > 1 && !listsOperators) {
        auto read = Pack::read(argv[1], weights->sha256);
        if (!read) {
            std::fprintf(stderr, "%s\n", read.error().oneLine().c_str());
            return 1;
        }
        pack = std::make_shared<const Pack>(std::move(*read));
    }
    const auto image = picture();
    const auto base = createLiteMedSam(options).value();
    const auto ofBase = base->encode(image, {}, {}).value();
    const auto engine = makeIcMoeSegmenter(*weights, pack, options);
    const auto embedding = engine->encode(image, {}, {}).value();
    const auto prompt = [](decltype(Prompt::shape) shape) {
        Prompt one;
        one.shape = std::move(shape);
        return one;
    };
    const std::vector<Prompt> box{prompt(BoxPrompt{148, 138, 352, 342})};
    const std::vector<Prompt> click{prompt(PointPrompt{{250, 240}, true})};
    const std::vector<Prompt> clicks{prompt(PointPrompt{{250, 240}, true}), prompt(PointPrompt{{60, 60}, false}),
                                     prompt(PointPrompt{{300, 280}, true})};
    if (listsOperators) {
        (void)engine->predict(image, *embedding, click, {});
        const OperatorTimes times(mode == "--shapes");
        for (int n = 0; n < kRounds; ++n) {
            (void)engine->predict(image, *embedding, click, {});
        }
        OperatorTimes::print(kRounds);
        return 0;
    }
    const Yardsticks one{costOf([&] { (void)base->predict(image, *ofBase, box, {}); }),
                         costOfDecoderFromScratch(*weights)};
    std::printf("%d threads, %s\n", at::get_num_threads(), argc > 1 ? argv[1] : "a pack that learned nothing");
    print("base, a box", one.own, one);
    print("base decoder, nothing kept", one.fromScratch, one);
    print("base, a click by ten hypotheses", costOf([&] { (void)base->predict(image, *ofBase, click, {}); }), one);
    for (const auto& [name, prompts] : {std::pair{"box", &box}, {"click", &click}, {"three clicks", &clicks}}) {
        const auto ask = [&, asked = prompts](bool preview) {
            (void)(preview ? engine->preview(image, *embedding, *asked, {})
                           : engine->predict(image, *embedding, *asked, {}));
        };
        print((std::string("preview, ") + name).c_str(), costOf([&] { ask(true); }), one);
        print((std::string("preview and full vote, ") + name).c_str(), costOf([&] {
                  ask(true);
                  ask(false);
              }),
              one);
    }
    return 0;
}
