#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <stop_token>
#include <thread>
#include <vector>

namespace icmoe {

/// Calls work(0) … work(count - 1), in about this order, from several threads (0: all cores); returns when all are
/// done. After a stop request no further call begins. `work` must not throw.
template<typename Work>
void parallelFor(std::size_t count, int threads, const std::stop_token& stop, const Work& work)
{
    const auto cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t wanted = threads > 0 ? static_cast<std::size_t>(threads) : cores;
    std::atomic<std::size_t> next = 0;
    const auto run = [&] {
        for (std::size_t i = next++; i < count && !stop.stop_requested(); i = next++) {
            work(i);
        }
    };
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(wanted, count); ++i) {
        others.emplace_back(run);
    }
    run();
}

} // namespace icmoe
