#include "inference/training/ExpertTraining.h"

#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/sam/TensorDevice.h"
#include "inference/sam/TensorMemory.h"
#include "inference/training/ExpertPhases.h"
#include "inference/training/VotePhases.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

namespace icmoe::training {
namespace {

constexpr std::size_t kKeptMemory = std::size_t{3} << 30;

/// One after the other until one fails.
Status inOrder(std::initializer_list<std::function<Status()>> steps)
{
    for (const auto& step : steps) {
        if (auto done = step(); !done) {
            return done;
        }
    }
    return {};
}

/// All phases that were asked for.
Status learn(const TrainingRun& run, const TrainingViews& views)
{
    const ExpertPhases experts(run, views);
    const VotePhases votes(run, views);
    return inOrder({[&] { return experts.domains(); }, [&] { return experts.basic(); },
                    [&] { return experts.detail(); }, [&] { return experts.semantic(); },
                    [&] { return experts.adaptive(); }, [&] { return votes.selector(); }, [&] { return votes.vote(); },
                    [&] { return experts.joint(); }, [&] { return experts.decoder(); },
                    [&] { return writePack(run, views); }});
}

} // namespace

Result<TrainReport> trainExperts(const TrainOptions& options, const TrainObserver& observe, std::stop_token stop,
                                 Foundation& foundation)
{
    const auto before = foundation.weights().hash();
    TrainingRun run(options, observe, std::move(stop), foundation);
    TrainingViews views(run);
    const auto done =
        inOrder({[&] { return run.open(); }, [&] { return views.make(); }, [&] { return learn(run, views); }});
    if (!done) {
        return fail(done.error());
    }
    TrainReport report;
    report.baseSha256 = foundation.weights().hash();
    if (report.baseSha256 != before) {
        return fail(ErrorCode::internal, "the base's weights were changed by the training");
    }
    report.pack = options.out;
    report.views = views.library().views().size();
    report.classes = views.library().classes().size();
    return report;
}

Result<TrainReport> trainExperts(const TrainOptions& options, const TrainObserver& observe, std::stop_token stop)
{
    try {
        keepTensorMemory(kKeptMemory);
        at::set_num_threads(chooseThreads(options.threads));
        const auto device = chooseDevice(options.device);
        if (!device) {
            return fail(device.error());
        }
        if (device->is_cuda()) { // TF32: what gradients need and several times as fast
            at::globalContext().setFloat32MatmulPrecision("high");
        }
        const auto foundation = Foundation::load(options.weightFolders, options.model, Precision::fp32, *device);
        if (!foundation) {
            return fail(foundation.error());
        }
        return trainExperts(options, observe, std::move(stop), **foundation);
    } catch (const std::exception& error) {
        const std::string text = error.what();
        return fail(ErrorCode::engineFailed, "training the experts: " + text.substr(0, text.find('\n')), {},
                    "Start it again: it goes on where it was");
    }
}

} // namespace icmoe::training
