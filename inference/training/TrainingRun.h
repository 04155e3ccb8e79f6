#pragma once

#include "inference/Training.h"
#include "inference/icmoe/Council.h"
#include "inference/icmoe/Foundation.h"
#include "inference/training/TrainingLoop.h"
#include "inference/training/Workers.h"

namespace icmoe::training {

/// What the phases of one run share: what was asked for, the frozen base, the work folder, the other processes.
class TrainingRun {
public:
    /// All but the token are of the caller's and outlive it.
    TrainingRun(const TrainOptions& options, const TrainObserver& observe, std::stop_token stop,
                Foundation& foundation);
    /// Makes the work folder, meets the other processes, reads the pack to begin with. Their errors.
    Status open();

    [[nodiscard]] const TrainOptions& options() const { return m_options; }
    [[nodiscard]] const std::stop_token& stop() const { return m_stop; }
    [[nodiscard]] Foundation& foundation() const { return m_foundation; }
    [[nodiscard]] const std::shared_ptr<Workers>& workers() const { return m_workers; }
    /// Of options().from; without experts where none was named.
    [[nodiscard]] const Pack& begin() const { return m_begin; }

    /// Is the phase asked of this process?
    [[nodiscard]] bool wants(const std::string& phase) const;
    [[nodiscard]] bool wantsAlone(const std::string& phase) const { return m_options.phases == std::vector{phase}; }
    [[nodiscard]] int stepsOf(const std::string& phase, int otherwise) const;
    [[nodiscard]] bool usesBf16() const;
    void tell(const std::string& phase, std::size_t done, std::size_t total, std::string text = {}) const;
    /// Tells, and keeps the curves of a phase that takes steps.
    [[nodiscard]] StepProgress progressOf(const std::string& phase) const;

    /// The base's voices and a pack's.
    [[nodiscard]] Council councilOf(std::shared_ptr<const Pack> pack) const;

    /// Where the work folder keeps something under that name.
    [[nodiscard]] std::filesystem::path file(const std::string& name) const;
    /// What a phase learned.
    [[nodiscard]] Status keep(const std::string& phase, const NamedTensors& tensors) const;
    /// Beside it; nothing depends on it.
    void keepPicture(const std::string& name, const std::string& picture) const;
    /// The tensors of a phase that has run, now or earlier; empty where it has not.
    [[nodiscard]] Result<NamedTensors> learned(const std::string& phase) const;

private:
    Status meetWorkers();
    Status readBeginning();

    const TrainOptions& m_options;
    const TrainObserver& m_observe;
    const std::stop_token m_stop;
    Foundation& m_foundation;
    std::shared_ptr<Workers> m_workers = Workers::alone();
    Pack m_begin;
};

} // namespace icmoe::training
