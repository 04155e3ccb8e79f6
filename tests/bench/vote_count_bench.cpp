// The vote's last part on the processor: LibTorch's operators against the kernel's twin. Processor time of one thread
// and wall time with all, minima; the ratio says how much the twin saves.
//   vote_count_bench [--tries N]
#include "inference/cuda/CudaModule.h"
#include "inference/icmoe/VoteCount.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <limits>
#include <string_view>

using namespace icmoe;

namespace {

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

void measure(const std::function<void()>& work, Seconds& least)
{
    const double wall = wallTime();
    const double processor = processorTime();
    work();
    least.processor = std::min(least.processor, processorTime() - processor);
    least.wall = std::min(least.wall, wallTime() - wall);
}

void compare(std::int64_t voices, bool drops, int tries)
{
    at::manual_seed(1);
    const auto x = at::arange(256, at::kFloat).view({1, 256}) - 120;
    const auto y = at::arange(256, at::kFloat).view({256, 1}) - 130;
    auto logits = (40 - (x * x + y * y).sqrt()).unsqueeze(0) + 3 * at::randn({voices, 256, 256});
    if (drops) {
        logits[voices - 1] = -logits[voices - 1];
    }
    const auto votes = at::randn({voices, 128, 128});
    Seconds operators;
    Seconds twin;
    for (int n = 0; n < tries; ++n) { // in turn, so that other programs disturb both
        measure([&] { (void)countVotesWithOperators(logits, votes, 0.5, 256, 256); }, operators);
        measure([&] { (void)countVotes(logits, votes, 0.5, 256, 256); }, twin);
    }
    std::printf("  %2ld voices%-13s operators %6.2f ms wall, %6.2f processor; twin %6.2f, %6.2f; ratio %5.2f, %5.2f\n",
                static_cast<long>(voices), drops ? ", one dropped" : "", 1e3 * operators.wall,
                1e3 * operators.processor, 1e3 * twin.wall, 1e3 * twin.processor, operators.wall / twin.wall,
                operators.processor / twin.processor);
}

} // namespace

int main(int argc, char** argv)
{
    int tries = 60;
    for (int n = 1; n + 1 < argc; ++n) {
        if (std::string_view(argv[n]) == "--tries") {
            tries = std::max(1, std::atoi(argv[n + 1]));
        }
    }
    std::printf("%s\n", cuda::voteDevice().description.c_str());
    if (cuda::voteDevice().onDevice) {
        std::printf("this is a comparison for the processor; it tells nothing about a device\n");
        return 0;
    }
    const int all = at::get_num_threads();
    for (const int threads : {1, all}) {
        at::set_num_threads(threads);
        std::printf("%d thread(s)\n", threads);
        for (const std::int64_t voices : {1, 6, 12}) {
            compare(voices, false, tries);
        }
        compare(12, true, tries);
    }
    return 0;
}
