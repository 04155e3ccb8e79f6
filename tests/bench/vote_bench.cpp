// How long an encoded slice waits for its preview and for the full vote, beside one answer of the base alone:
//   vote_bench [PACK]        (without a pack: experts that have learned nothing, which cost the same)
//   vote_bench --operators   where a click's full vote spends its time, by LibTorch's operators
#include "core/base/Sha256.h"
#include "inference/icmoe/IcMoeSegmenter.h"
#include "inference/icmoe/Routing.h"
#include "inference/icmoe/Selector.h"
#include "inference/icmoe/Voting.h"
#include "inference/sam/LiteMedSamSegmenter.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <string_view>

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
    pack->semantic = ExpertParameters::fresh(6, 2);
    pack->adaptive = ExpertParameters::fresh(4, 3);
    pack->routing = Routing::fresh(4, 4);
    pack->routing["prototypes"] = at::eye(6, kMeaning);
    pack->routing["owner"] = at::arange(6, at::kLong);
    pack->selector = Selector::fresh(5);
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

/// Wall time within every operator, without what it called.
class OperatorTimes {
public:
    OperatorTimes()
    {
        s_open.clear();
        s_times.clear();
        at::addGlobalCallback(at::RecordFunctionCallback(
                                  [](const at::RecordFunction& f) -> std::unique_ptr<at::ObserverContext> {
                                      s_open.push_back({f.name(), std::chrono::steady_clock::now(), 0});
                                      return nullptr;
                                  },
                                  [](const at::RecordFunction&, at::ObserverContext*) { close(); })
                                  .scopes({at::RecordScope::FUNCTION}));
    }
    ~OperatorTimes() { at::clearCallbacks(); }
    OperatorTimes(const OperatorTimes&) = delete;
    OperatorTimes& operator=(const OperatorTimes&) = delete;

    static void print(int rounds)
    {
        std::vector<std::pair<double, std::string>> list;
        double sum = 0;
        for (const auto& [name, milliseconds] : s_times) {
            list.emplace_back(milliseconds / rounds, name);
            sum += milliseconds / rounds;
        }
        std::sort(list.rbegin(), list.rend());
        std::printf("%-44s     %7.1f ms\n", "all operators", sum);
        for (std::size_t n = 0; n < std::min<std::size_t>(list.size(), 25); ++n) {
            std::printf("%-44s     %7.1f ms\n", list[n].second.c_str(), list[n].first);
        }
    }

private:
    struct Open {
        std::string name;
        std::chrono::steady_clock::time_point start;
        double inner = 0;
    };
    static void close()
    {
        const Open one = s_open.back();
        s_open.pop_back();
        const double all =
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - one.start).count();
        s_times[one.name] += all - one.inner;
        if (!s_open.empty()) {
            s_open.back().inner += all;
        }
    }
    static inline std::vector<Open> s_open;
    static inline std::map<std::string, double> s_times;
};

void print(const char* what, Times times, double base)
{
    std::printf("%-44s p50 %7.1f ms   p95 %7.1f ms   %5.2f x one base decode\n", what, times.p50, times.p95,
                times.p50 / base);
}

} // namespace

int main(int argc, char** argv)
{
    EngineOptions options;
    options.weightFolders = {std::string(ICMOE_SOURCE_DIR) + "/third_party/weights"};
    const auto weights = weights::loadLiteMedSam(options.weightFolders);
    if (!weights) {
        std::fprintf(stderr, "%s\n", weights.error().oneLine().c_str());
        return 1;
    }
    prepareTorch(options);
    std::shared_ptr<const Pack> pack = packThatLearnedNothing(weights->sha256);
    const bool listsOperators = argc > 1 && std::string_view(argv[1]) == "--operators";
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
        const OperatorTimes times;
        for (int n = 0; n < kRounds; ++n) {
            (void)engine->predict(image, *embedding, click, {});
        }
        OperatorTimes::print(kRounds);
        return 0;
    }
    const auto one = measured([&] { (void)base->predict(image, *ofBase, box, {}); });
    std::printf("%d threads, %s\n", at::get_num_threads(), argc > 1 ? argv[1] : "a pack that learned nothing");
    print("base, a box", one, one.p50);
    print("base, a click by ten hypotheses", measured([&] { (void)base->predict(image, *ofBase, click, {}); }),
          one.p50);
    for (const auto& [name, prompts] : {std::pair{"box", &box}, {"click", &click}, {"three clicks", &clicks}}) {
        print((std::string("preview, ") + name).c_str(),
              measured([&, asked = prompts] { (void)engine->preview(image, *embedding, *asked, {}); }), one.p50);
        print((std::string("full vote, ") + name).c_str(),
              measured([&, asked = prompts] { (void)engine->predict(image, *embedding, *asked, {}); }), one.p50);
    }
    return 0;
}
