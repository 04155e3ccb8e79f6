#include "inference/training/DetailTraining.h"

#include "inference/icmoe/DetailExpert.h"

#include <ATen/ATen.h>

namespace icmoe::training {

Result<NamedTensors> trainDetailExpert(const Council& council, ViewLibrary& library, const NamedTensors& begin,
                                       const PromptTrainingOptions& options, const StepProgress& progress,
                                       std::stop_token stop)
{
    const auto device = council.experts().device();
    Trainee detail;
    for (const auto& [name, tensor] : begin.empty() ? DetailExpert::fresh(options.seed) : begin) {
        detail.parameters.emplace(name, tensor.to(device, at::kFloat, false, true)); // a copy
    }
    detail.answer = [](const Trainee::Parameters& learned, const ExpertBatch& batch) {
        return DetailExpert(learned)(batch);
    };
    detail.firstPass = [&](const std::vector<TrainingCase>& cases) -> Result<at::Tensor> {
        auto answers = basicAnswers(council, library, cases, options.bf16);
        return answers ? Result<at::Tensor>(answers->logits.sigmoid()) : fail(answers.error());
    };
    detail.hearsItself = true;
    return trainOnPrompts(detail, library, options, progress, std::move(stop));
}

} // namespace icmoe::training
