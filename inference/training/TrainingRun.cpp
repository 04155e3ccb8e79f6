#include "inference/training/TrainingRun.h"

#include "core/base/AtomicFile.h"
#include "core/base/PrivateFolder.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/training/Curves.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

namespace icmoe::training {
namespace {

constexpr std::size_t kLargestFile = std::size_t{64} << 20;

std::string textOf(const StepReport& report)
{
    if (report.loss == 0) {
        return {};
    }
    std::array<char, 128> text{};
    std::snprintf(text.data(), text.size(), "loss %.3f, Dice %.3f then %.3f, %.2f s a step", report.loss,
                  report.firstDice, report.correctedDice, report.secondsPerStep);
    return text.data();
}

} // namespace

TrainingRun::TrainingRun(const TrainOptions& options, const TrainObserver& observe, std::stop_token stop,
                         Foundation& foundation)
    : m_options(options)
    , m_observe(observe)
    , m_stop(std::move(stop))
    , m_foundation(foundation)
{
}

Status TrainingRun::open()
{
    if (auto opened = openPrivateFolder(m_options.work, "the work folder", "--work"); !opened) {
        return opened;
    }
    if (auto met = meetWorkers(); !met) {
        return met;
    }
    return readBeginning();
}

Status TrainingRun::meetWorkers()
{
    if (m_options.workers < 2 || wantsAlone("features") || wantsAlone("sessions")) {
        return {};
    }
    auto workers = Workers::meet({m_options.worker, m_options.workers, m_options.meetingHost, m_options.meetingPort});
    if (!workers) {
        return fail(workers.error());
    }
    m_workers = std::move(*workers);
    return {};
}

Status TrainingRun::readBeginning()
{
    if (m_options.from.empty()) {
        return {};
    }
    auto pack = Pack::read(m_options.from, m_foundation.sha256());
    if (!pack) {
        return fail(pack.error());
    }
    m_begin = pack->on(m_foundation.device());
    return {};
}

bool TrainingRun::wants(const std::string& phase) const
{
    static const std::set<std::string> kTogether{"basic", "detail", "semantic", "adaptive", "decoder"};
    if (m_workers->rank() > 0 && !kTogether.contains(phase)) {
        return false;
    }
    return m_options.phases.empty() ||
           std::find(m_options.phases.begin(), m_options.phases.end(), phase) != m_options.phases.end();
}

int TrainingRun::stepsOf(const std::string& phase, int otherwise) const
{
    const auto found = m_options.steps.find(phase);
    return found != m_options.steps.end() ? found->second : otherwise;
}

bool TrainingRun::usesBf16() const
{
    return m_options.bf16 && choosePrecision(Precision::bf16, m_foundation.device()) == Precision::bf16;
}

void TrainingRun::tell(const std::string& phase, std::size_t done, std::size_t total, std::string text) const
{
    m_observe({phase, static_cast<int>(done), static_cast<int>(total), std::move(text)});
}

StepProgress TrainingRun::progressOf(const std::string& phase) const
{
    auto curves = std::make_shared<Curves>(m_options.work / (phase + ".curves.csv"));
    return [this, phase, curves](const StepReport& report) {
        tell(phase, static_cast<std::size_t>(report.step), static_cast<std::size_t>(report.steps), textOf(report));
        if (report.loss != 0 && m_workers->rank() == 0) {
            (void)curves->add(report); // a full disk ends the run where its state is written
            if (report.step == report.steps) {
                keepPicture(phase + ".curves", curves->picture(phase));
            }
        }
    };
}

Council TrainingRun::councilOf(std::shared_ptr<const Pack> pack) const
{
    return {m_foundation.weights(), std::move(pack), m_foundation.convention()};
}

std::filesystem::path TrainingRun::file(const std::string& name) const
{
    return m_options.work / (name + ".safetensors");
}

Status TrainingRun::keep(const std::string& phase, const NamedTensors& tensors) const
{
    return writeTensorFile(file(phase), tensors, {}, true);
}

void TrainingRun::keepPicture(const std::string& name, const std::string& picture) const
{
    (void)writeFileAtomically(m_options.work / (name + ".svg"), std::as_bytes(std::span(picture)),
                              {.replace = true, .mode = 0600});
}

Result<NamedTensors> TrainingRun::learned(const std::string& phase) const
{
    const auto path = file(phase);
    if (!std::filesystem::exists(path)) {
        return NamedTensors{};
    }
    auto kept = readTensorFile(path, kLargestFile);
    if (!kept) {
        return fail(kept.error());
    }
    return std::move(kept->tensors);
}

} // namespace icmoe::training
