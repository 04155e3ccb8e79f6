#include "core/store/AnnotationStore.h"
#include "tests/support/TestSupport.h"

#include <benchmark/benchmark.h>
#include <chrono>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

// The store on a 512 × 512 × 400 series: time of a stroke's transaction beside the disk's own flush in the same run,
// what 1,000 steps take on the disk, and how long a series with them takes to open.
namespace icmoe {
namespace {

constexpr Size3 kSize{512, 512, 400};

template<typename T>
T valueOf(Result<T> result)
{
    if (!result) {
        throw std::runtime_error(result.error().oneLine());
    }
    return std::move(*result);
}

SeriesIdentity someSeries()
{
    return {.studyUid = "1.2.3",
            .seriesUid = "1.2.3.4",
            .splitKey = {},
            .pixelHash = std::string(64, 'a'),
            .frameOfReferenceUid = "1.2.3.5",
            .modality = "CT",
            .size = kSize};
}

/// Stroke n: a short brush stroke that adds to a structure, on one of 40 slices.
StepRecord stroke(Segmentation& now, int n)
{
    const LabelId label = 1 + n % 4;
    const int k = 180 + n % 40;
    const double x = 150 + 7.0 * (n % 30);
    const double y = 180 + 5.0 * (n % 23);
    const std::vector<Point2> path{{x, y}, {x + 20, y + 6}, {x + 30, y + 20}};
    const SliceMask before = now.mask(label).slice(k);
    const SliceMask drawn = strokeMask(kSize.width, kSize.height, path, 12, 12);
    StepRecord step;
    step.name = "Structure brushed";
    step.label = label;
    step.slice = k;
    step.strokes = 1;
    step.after.slices[label][k] = before.width() == 0 ? drawn : before.united(drawn);
    step.before = now.exchange(step.after);
    return step;
}

/// Acceptance n: an ellipse of the engine, with its record.
StepRecord acceptance(Segmentation& now, int n)
{
    StepRecord step = stroke(now, n);
    step.kind = StepKind::accept;
    step.proposal = ellipseMask(kSize.width, kSize.height, {250.0 + n % 20, 240}, 60.3, 44.7);
    step.accepted = step.proposal;
    step.prompts = {{1, Plane::acquisition, step.slice, BoxPrompt{190, 196, 311, 285}}};
    step.engine = {"LiteMedSAM", std::string(64, 'b'), "none", "fp32", "CPU, 2 threads", 2, 1, "CT abdomen 40/400"};
    step.imageKey = std::string(64, 'c');
    return step;
}

/// One stroke that crosses all slices, as a brush on a coronal view does.
StepRecord crossing(Segmentation& now, int n)
{
    StepRecord step;
    step.name = "Structure brushed";
    step.label = 5;
    for (int k = 0; k < kSize.depth; ++k) {
        step.after.slices[5][k] = ellipseMask(kSize.width, kSize.height, {200.0 + n % 50, 200}, 6, 2);
    }
    step.before = now.exchange(step.after);
    return step;
}

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time)
{
    return std::chrono::duration<double, std::milli>(time).count();
}

double g_flushMilliseconds = 0; ///< of this run's disk

void flush(benchmark::State& state)
{
    const test::TemporaryFolder folder;
    const int file = ::open((folder / "flushed").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const std::string page(4096, 'x');
    const auto begin = Clock::now();
    for (auto _ : state) {
        if (::pwrite(file, page.data(), page.size(), 0) != 4096 || ::fdatasync(file) != 0) {
            state.SkipWithError("the disk fails");
        }
    }
    g_flushMilliseconds = milliseconds(Clock::now() - begin) / static_cast<double>(state.iterations());
    ::close(file);
}
BENCHMARK(flush)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(100);

template<StepRecord (*Make)(Segmentation&, int)>
void append(benchmark::State& state)
{
    const test::TemporaryFolder folder;
    const auto file = folder / "annotations.sqlite";
    const auto store = valueOf(AnnotationStore::open(file));
    const SeriesKey series = valueOf(store->openSeries(someSeries()));
    const auto empty = std::filesystem::file_size(file);
    Segmentation now(kSize);
    int n = 0;
    Clock::duration time{};
    for (auto _ : state) {
        state.PauseTiming();
        const StepRecord step = Make(now, n++);
        state.ResumeTiming();
        const auto begin = Clock::now();
        valueOf(store->append(series, step));
        time += Clock::now() - begin;
    }
    state.counters["x flush"] = milliseconds(time) / n / g_flushMilliseconds;
    state.counters["kB/1000 steps"] = static_cast<double>(std::filesystem::file_size(file) - empty) / n;
}
BENCHMARK(append<stroke>)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(300);
BENCHMARK(append<acceptance>)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(300);
BENCHMARK(append<crossing>)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(30);

/// In memory: what is left of a stroke without a disk.
void appendInMemory(benchmark::State& state)
{
    if (::access("/dev/shm", W_OK) != 0) {
        state.SkipWithError("no folder in memory");
        return;
    }
    const std::filesystem::path file = "/dev/shm/icmoe-store-bench-" + std::to_string(::getpid());
    {
        const auto store = valueOf(AnnotationStore::open(file));
        const SeriesKey series = valueOf(store->openSeries(someSeries()));
        Segmentation now(kSize);
        int n = 0;
        for (auto _ : state) {
            state.PauseTiming();
            const StepRecord step = stroke(now, n++);
            state.ResumeTiming();
            valueOf(store->append(series, step));
        }
    }
    std::filesystem::remove(file);
}
BENCHMARK(appendInMemory)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(300);

/// Opening a database (with its integrity check) and a series that has 1,000 strokes.
void openAfterThousandSteps(benchmark::State& state)
{
    const test::TemporaryFolder folder;
    const auto file = folder / "annotations.sqlite";
    {
        const auto store = valueOf(AnnotationStore::open(file));
        const SeriesKey series = valueOf(store->openSeries(someSeries()));
        Segmentation now(kSize);
        for (int n = 0; n < 1000; ++n) {
            valueOf(store->append(series, stroke(now, n)));
        }
    }
    double history = 0;
    for (auto _ : state) {
        const auto store = valueOf(AnnotationStore::open(file));
        const SeriesKey series = valueOf(store->openSeries(someSeries()));
        benchmark::DoNotOptimize(valueOf(store->load(series)));
        const auto begin = Clock::now();
        benchmark::DoNotOptimize(valueOf(store->history(series)));
        history += milliseconds(Clock::now() - begin);
    }
    state.counters["history ms"] = history / static_cast<double>(state.iterations());
    state.counters["file kB"] = static_cast<double>(std::filesystem::file_size(file)) / 1000;
}
BENCHMARK(openAfterThousandSteps)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

} // namespace
} // namespace icmoe

BENCHMARK_MAIN();
