// Encoder and decoder times, their GFLOP/s, and the roofline ratio: time ÷ (75 GFLOP ÷ best fp32 matrix product rate of
// the same run). Wall time with all threads, and CPU time with one, which other programs disturb less. Minima are
// shown.
//   engine_bench [folder with lite_medsam.safetensors] [--tries N] [--torch] [--passes]
#include "inference/sam/ImageEncoder.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/sam/MaskDecoder.h"
#include "inference/sam/NetworkWeights.h"
#include "inference/sam/PromptEncoder.h"
#include "inference/sam/kernels/EncoderKernels.h"
#include "inference/weights/WeightsFile.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <limits>
#include <string>
#include <vector>

using namespace icmoe;

namespace {

constexpr double kEncoderGflop = 74.95;
constexpr double kDecoderGflop = 3.62;

struct Seconds {
    double wall = std::numeric_limits<double>::infinity();
    double processor = std::numeric_limits<double>::infinity();
};

double processorTime()
{
    ::timespec now = {};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double wallTime()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Seconds best(int tries, const std::function<void()>& work)
{
    Seconds least;
    for (int n = 0; n < tries; ++n) {
        const double wall = wallTime();
        const double processor = processorTime();
        work();
        least.processor = std::min(least.processor, processorTime() - processor);
        least.wall = std::min(least.wall, wallTime() - wall);
    }
    return least;
}

/// The highest rate of float matrix products of some shapes, GFLOP/s: LibTorch's own, and the encoder's kernel.
struct Rates {
    double wall = 0;
    double processor = 0;
};

Rates productRates(int tries)
{
    struct Shape {
        std::int64_t rows, depth, columns;
    };
    Rates rates;
    for (const auto& [rows, depth, columns] :
         {Shape{1024, 1024, 1024}, Shape{2048, 2048, 2048}, Shape{4096, 320, 1280}}) {
        const auto a = at::rand({rows, depth});
        const auto b = at::rand({depth, columns});
        auto c = at::empty({rows, columns});
        const auto seconds = best(tries, [&] { at::mm_out(c, a, b); });
        const double gflop = 2e-9 * static_cast<double>(rows * depth * columns);
        std::printf("  product %5ld x %4ld x %4ld: %6.1f GFLOP/s wall, %6.1f per processor second\n",
                    static_cast<long>(rows), static_cast<long>(depth), static_cast<long>(columns), gflop / seconds.wall,
                    gflop / seconds.processor);
        rates.wall = std::max(rates.wall, gflop / seconds.wall);
        rates.processor = std::max(rates.processor, gflop / seconds.processor);
    }
    return rates;
}

/// How near the encoder's own kernel comes to the best product, on one thread.
void printKernelRate(const EncoderKernels& kernels, int tries)
{
    for (const long depth : {64L, 160L, 320L, 1280L}) {
        constexpr long kRows = 66;
        constexpr long kColumns = 320;
        const auto a = at::rand({kRows, depth});
        const auto b = at::rand({kColumns, depth});
        const auto bias = at::rand({kColumns});
        auto c = at::empty({kRows, kColumns});
        LinearCall call;
        call.a = a.const_data_ptr<float>();
        call.aStride = depth;
        call.rows = kRows;
        call.depth = depth;
        call.weights = b.const_data_ptr<float>();
        call.bias = bias.const_data_ptr<float>();
        call.columns = kColumns;
        call.c = c.data_ptr<float>();
        call.cStride = kColumns;
        constexpr int kRepeat = 100;
        const auto seconds = best(tries, [&] {
            for (int n = 0; n < kRepeat; ++n) {
                kernels.linear(call);
            }
        });
        std::printf("  kernel %s, %ld x %4ld x %ld: %6.1f GFLOP/s per processor second\n", kernels.name, kRows, depth,
                    kColumns, 2e-9 * kRepeat * static_cast<double>(kRows * depth * kColumns) / seconds.processor);
    }
}

void printEncoder(const char* name, ImageEncoder& encoder, const std::vector<float>& input, int tries,
                  const Rates& rates, bool passes)
{
    const auto seconds = best(tries, [&] { (void)encoder.encode(input.data(), [] { return true; }); });
    std::printf(
        "  encoder %-12s %7.0f ms wall, %7.0f ms processor, %6.1f GFLOP/s; roofline ratio %.2f wall, %.2f processor\n",
        name, 1e3 * seconds.wall, 1e3 * seconds.processor, kEncoderGflop / seconds.wall,
        seconds.wall * rates.wall / kEncoderGflop, seconds.processor * rates.processor / kEncoderGflop);
    if (!passes) {
        return;
    }
    std::vector<double> least(static_cast<std::size_t>(encoder.steps()), std::numeric_limits<double>::infinity());
    for (int n = 0; n < tries; ++n) {
        std::size_t step = 0;
        double before = processorTime();
        (void)encoder.encode(input.data(), [&] {
            const double now = processorTime();
            least[step] = std::min(least[step], now - before);
            ++step;
            before = processorTime();
            return true;
        });
    }
    std::printf("    processor ms a step:");
    for (const double value : least) {
        std::printf(" %.1f", 1e3 * value);
    }
    std::printf("\n");
}

} // namespace

int main(int argc, char** argv)
{
    std::filesystem::path folder = ICMOE_SOURCE_DIR "/third_party/weights";
    int tries = 5;
    bool torch = false;
    bool passes = false;
    for (int n = 1; n < argc; ++n) {
        const std::string argument = argv[n];
        if (argument == "--tries" && n + 1 < argc) {
            tries = std::max(1, std::atoi(argv[++n]));
        } else if (argument == "--torch") {
            torch = true;
        } else if (argument == "--passes") {
            passes = true;
        } else {
            folder = argument;
        }
    }
    const auto file = weights::loadLiteMedSam({folder});
    if (!file) {
        std::fprintf(stderr, "%s\n", file.error().oneLine().c_str());
        return 1;
    }
    const at::InferenceMode inference;
    const NetworkWeights weights(file->tensors);
    std::vector<float> input(256 * 256 * 3);
    for (std::size_t n = 0; n < input.size(); ++n) {
        input[n] = static_cast<float>((n * 2654435761U >> 7) % 1000) * 1e-3F;
    }
    const auto fused = makeFusedImageEncoder(weights);
    const PromptEncoder prompts(weights);
    const MaskDecoder decoder(weights, prompts.densePosition());
    for (const int threads : {1, chooseThreads(0)}) {
        at::set_num_threads(threads);
        std::printf("%d thread%s\n", threads, threads == 1 ? "" : "s");
        const auto rates = productRates(tries);
        if (threads == 1) {
            printKernelRate(bestKernels(), tries);
            if (canRun(avx512Bf16Kernels())) {
                printKernelRate(avx512Bf16Kernels(), tries);
            }
        }
        printEncoder("fused fp32", *fused, input, tries, rates, passes);
        if (torch) {
            printEncoder("torch fp32", *makeTorchImageEncoder(weights, at::kFloat), input, tries, rates, false);
        }
        if (canRun(avx512Bf16Kernels())) {
            printEncoder("fused bf16", *makeFusedImageEncoder(weights, avx512Bf16Kernels()), input, tries, rates,
                         passes);
        }
        if (hasBf16Hardware()) {
            printEncoder("torch bf16", *makeTorchImageEncoder(weights, at::kBFloat16), input, tries, rates, false);
        }
        const auto image = (fused->encode(input.data(), [] { return true; }).value() + prompts.noMask()).unsqueeze(0);
        const auto prepared = decoder.prepare(image);
        const auto prepare = best(tries, [&] { (void)decoder.prepare(image); });
        std::printf("  decoder, once a slice: %.0f ms wall, %.0f ms processor\n", 1e3 * prepare.wall,
                    1e3 * prepare.processor);
        for (const std::int64_t boxes : {1, 10}) {
            const auto corners = at::tensor({60.0F, 70.0F, 190.0F, 170.0F}).view({1, 4}).repeat({boxes, 1});
            const auto seconds = best(tries, [&] {
                const auto decoded = decoder.decode(prepared, prompts.boxes(corners));
                (void)decoder.masks(decoded, 0, 0, 2);
            });
            std::printf("  decoder, %2ld box%s: %.0f ms wall, %.0f ms processor", static_cast<long>(boxes),
                        boxes == 1 ? "" : "es", 1e3 * seconds.wall, 1e3 * seconds.processor);
            std::printf(boxes == 1 ? ", %.1f GFLOP/s of the reference's count\n" : "\n", kDecoderGflop / seconds.wall);
        }
    }
    if (!hasBf16Hardware()) {
        std::printf("bf16: not timed, this processor has neither AVX512-BF16 nor AMX\n");
    }
    return 0;
}
