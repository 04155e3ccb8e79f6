#include "inference/training/DecoderTraining.h"

namespace icmoe::training {
namespace {

bool learns(const std::string& name)
{
    return name.starts_with("mask_decoder.") || name.starts_with("prompt_encoder.point_embeddings.") ||
           name.starts_with("prompt_encoder.not_a_point_embed.");
}

} // namespace

ExpertAnswers answerOfDecoder(const NetworkWeights& base, const Trainee::Parameters& replaced, ExpertBatch batch)
{
    batch.experts.clear();
    const auto weights = base.with(replaced);
    const PromptEncoder prompts(weights);
    return ExpertDecoder(weights, prompts)(ExpertParameters(), batch);
}

Result<Trainee::Parameters> trainWholeDecoder(const NetworkWeights& base, ViewLibrary& library,
                                              const PromptTrainingOptions& options, const StepProgress& progress,
                                              std::stop_token stop)
{
    Trainee decoder;
    for (const auto& [name, tensor] : base.tensors()) {
        if (learns(name)) {
            decoder.parameters.emplace(name, tensor.clone());
        }
    }
    decoder.answer = [&base](const Trainee::Parameters& learned, const ExpertBatch& batch) {
        return answerOfDecoder(base, learned, batch);
    };
    return trainOnPrompts(decoder, library, options, progress, std::move(stop));
}

} // namespace icmoe::training
