#include "inference/training/TrainingLoop.h"

#include "inference/icmoe/TensorFile.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>

namespace icmoe::training {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLargestState = std::size_t{256} << 20;
constexpr int kWarmUp = 40;

double secondsBetween(Clock::time_point start, Clock::time_point end)
{
    return std::chrono::duration<double>(end - start).count();
}

Status restore(AdamW& optimizer, const std::filesystem::path& state)
{
    if (state.empty() || !std::filesystem::exists(state)) {
        return {};
    }
    const auto file = readTensorFile(state, kLargestState);
    if (!file) {
        return fail(file.error());
    }
    try {
        optimizer.restore(file->tensors);
    } catch (const std::exception&) {
        return fail(ErrorCode::malformedFile, "the kept state belongs to another training", state.string(),
                    "Remove it, or choose another work folder");
    }
    return {};
}

Status save(const AdamW& optimizer, const std::filesystem::path& state)
{
    return state.empty() ? Status{} : writeTensorFile(state, optimizer.state(), {}, false);
}

} // namespace

Status runSteps(AdamW& optimizer, const LoopOptions& options, StepReport& report,
                const std::function<Status(int)>& step, const StepProgress& progress, const std::stop_token& stop)
{
    if (auto restored = restore(optimizer, options.state); !restored) {
        return restored;
    }
    auto saved = Clock::now();
    for (int n = static_cast<int>(optimizer.steps()); n < options.steps; ++n) {
        const auto start = Clock::now();
        if (auto done = step(n); !done) {
            return done;
        }
        const auto end = Clock::now();
        report.step = n + 1;
        report.steps = options.steps;
        report.secondsPerStep = secondsBetween(start, end);
        progress(report);
        const bool isLast = n + 1 == options.steps || stop.stop_requested();
        const bool keeps = options.workers->rank() == 0; // all have the same
        if (keeps && (isLast || secondsBetween(saved, end) > options.stateEverySeconds)) {
            if (auto kept = save(optimizer, options.state); !kept) {
                return kept;
            }
            saved = end;
        }
        if (stop.stop_requested()) {
            return fail(ErrorCode::cancelled, "interrupted");
        }
    }
    return {};
}

double rateFactor(int step, int steps)
{
    if (step < kWarmUp) {
        return (step + 1.0) / kWarmUp;
    }
    const double t = static_cast<double>(step - kWarmUp) / std::max(1, steps - kWarmUp);
    return 0.05 + 0.95 * 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, t)));
}

void follow(double& mean, double value)
{
    mean = mean == 0 ? value : 0.97 * mean + 0.03 * value;
}

} // namespace icmoe::training
