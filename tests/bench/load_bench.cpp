// Scans and loads a generated CT of 512 × 512 × 1,000: MB/s, time to the first slice, peak growth against the volume.

#include "core/dicom/SeriesWriter.h"
#include "core/study/Scan.h"
#include "tests/support/TestSupport.h"

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

namespace {

using namespace icmoe;
using Clock = std::chrono::steady_clock;

constexpr int kSide = 512;
constexpr int kSlices = 1000;

double seconds(Clock::time_point from)
{
    return std::chrono::duration<double>(Clock::now() - from).count();
}

/// A line of /proc/self/status in MB.
double memory(const std::string& name)
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(name)) {
            return std::stod(line.substr(name.size() + 1)) / 1024;
        }
    }
    return 0;
}

/// Writes slice k of a CT with a bright disc in noise.
void writeSlice(int k, const std::filesystem::path& folder)
{
    Volume::Description description{
        *Geometry::regular({kSide, kSide, 1}, {-180, -180, 0.7 * k}, {1, 0, 0}, {0, 1, 0}, {0.7, 0.7, 0.7})};
    description.type = SampleType::s16;
    description.rescale = {Rescale{1, -1024}};
    description.modality = "CT";
    const auto volume = Volume::allocate(std::move(description)).value();
    auto* out = volume->writableSliceBytes(0).data();
    unsigned noise = static_cast<unsigned>(k) + 1;
    for (int j = 0; j < kSide; ++j) {
        for (int i = 0; i < kSide; ++i, out += 2) {
            noise = noise * 1664525U + 1013904223U;
            const bool inside = (i - 256) * (i - 256) + (j - 256) * (j - 256) < 200 * 200;
            const auto value = static_cast<std::int16_t>((inside ? 1060 : 20) + static_cast<int>(noise >> 27U));
            std::memcpy(out, &value, 2);
        }
    }
    volume->markLoaded(0);
    const std::string name = std::to_string(k) + ".dcm";
    const auto files = writeDicomSeries(*volume, {.uidSeed = "benchmark", .modality = "CT"}, folder,
                                        {{.slice = 0, .instanceNumber = k + 1, .fileName = name}});
    if (!files) {
        std::fprintf(stderr, "%s\n", files.error().oneLine().c_str());
        std::exit(1);
    }
}

const std::filesystem::path& generatedCt()
{
    static const test::TemporaryFolder folder;
    static const bool written = [] {
        for (int k = 0; k < kSlices; ++k) {
            writeSlice(k, folder.path());
        }
        return true;
    }();
    benchmark::DoNotOptimize(written);
    return folder.path();
}

void scanCt(benchmark::State& state)
{
    const auto& folder = generatedCt();
    for (auto step : state) {
        const auto found = scan({folder});
        benchmark::DoNotOptimize(found);
    }
    state.counters["files/s"] = benchmark::Counter(kSlices, benchmark::Counter::kIsIterationInvariantRate);
}

void loadCt(benchmark::State& state)
{
    const Series series = scan({generatedCt()})->studies.at(0).series.at(0);
    for (auto step : state) {
        std::ofstream("/proc/self/clear_refs") << "5"; // the peak starts anew
        const double before = memory("VmRSS:");
        const auto start = Clock::now();
        std::atomic<double> first = 0;
        LoadOptions options;
        options.threads = static_cast<int>(state.range(0));
        options.progress = [&](Progress progress) {
            if (progress.done == 1) {
                first = seconds(start);
            }
        };
        const auto volume = loadVolume(series, options).value();
        const double took = seconds(start);
        const double megabytes = static_cast<double>(volume->byteSize()) / (1 << 20);
        state.counters["MB/s"] = megabytes / took;
        state.counters["first slice ms"] = first * 1000;
        state.counters["peak growth / volume"] = (memory("VmHWM:") - before) / megabytes;
    }
}

BENCHMARK(scanCt)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);
BENCHMARK(loadCt)
    ->Arg(1)
    ->Arg(0)
    ->ArgName("threads (0: all)")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(2);

} // namespace

BENCHMARK_MAIN();
