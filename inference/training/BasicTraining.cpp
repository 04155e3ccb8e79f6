#include "inference/training/BasicTraining.h"

namespace icmoe::training {
namespace {

bool isLowRank(const std::string& name)
{
    return name.ends_with(".a") || name.ends_with(".b") || name.starts_with("token.");
}

} // namespace

Result<ExpertParameters> trainBasicExperts(const ExpertDecoder& decoder, ViewLibrary& library,
                                           const BasicOptions& options, const StepProgress& progress,
                                           std::stop_token stop)
{
    auto begin = options.begin.count() > 0
                     ? options.begin.clone().tensors()
                     : on(decoder.device(), ExpertParameters::fresh(kBasicExperts, options.seed).tensors());
    Trainee::Parameters kept;
    if (options.lowRankOnly) {
        std::erase_if(begin, [&](const auto& one) {
            const bool stays = !isLowRank(one.first);
            if (stays) {
                kept.insert(one);
            }
            return stays;
        });
    }
    const auto whole = [&kept](Trainee::Parameters learned) {
        learned.insert(kept.begin(), kept.end());
        return ExpertParameters(std::move(learned));
    };
    const Trainee experts{std::move(begin), [&](const Trainee::Parameters& learned, const ExpertBatch& batch) {
                              return decoder(whole(learned), batch);
                          }};
    auto learned = trainOnPrompts(experts, library, options, progress, std::move(stop));
    return learned ? Result<ExpertParameters>(whole(std::move(*learned))) : fail(learned.error());
}

} // namespace icmoe::training
