// The ablation's usual way, played by the protocol of `icmoe evaluate`: a decoder that `icmoe train --phase decoder`
// made out of a copy of the base answers clicks and boxes itself.
//   decoder_eval DECODER box|clicks:N MOST DATA…
#include "core/evaluation/CaseList.h"
#include "core/evaluation/Report.h"
#include "inference/icmoe/PictureFeatures.h"
#include "inference/icmoe/PromptReading.h"
#include "inference/icmoe/TensorFile.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/training/DecoderTraining.h"
#include "inference/training/Losses.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace icmoe;

namespace {

constexpr std::size_t kLargestDecoder = std::size_t{64} << 20;

/// Stops the program with the error's text.
template<class T>
T must(Result<T> result)
{
    if (!result) {
        std::fprintf(stderr, "decoder_eval: %s\n", result.error().oneLine().c_str());
        std::exit(1);
    }
    return std::move(*result);
}

class Decoder {
public:
    explicit Decoder(const std::string& file)
        : m_weights(must(weights::loadLiteMedSam({ICMOE_WEIGHTS})).tensors)
        , m_encoder(makeFusedImageEncoder(m_weights))
        , m_learned(must(readTensorFile(file, kLargestDecoder)).tensors)
    {
    }

    void look(const evaluation::Case& one)
    {
        if (one.pictureName() != m_picture) {
            const auto input = must(prepare(*must(evaluation::loadPicture(one))));
            m_grid = input.grid;
            m_embedding = m_encoder->encode(input.values.data(), [] { return true; })->unsqueeze(0);
            m_picture = one.pictureName();
        }
    }

    Proposal answer(const std::vector<Prompt>& prompts) const
    {
        const auto reading = readPrompts(canonicalOrder(prompts), m_grid);
        ExpertBatch batch;
        batch.embedding = m_embedding;
        batch.points = reading.points;
        batch.kinds = reading.kinds;
        const auto answers = training::answerOfDecoder(m_weights, m_learned, batch);
        Proposal proposal;
        proposal.candidates.push_back({training::maskAbove(training::onSlice(answers.logits[0], m_grid)),
                                       answers.iou[0].item<double>(),
                                       "decoder",
                                       {}});
        return proposal;
    }

private:
    const NetworkWeights m_weights;
    const std::unique_ptr<ImageEncoder> m_encoder;
    const NamedTensors m_learned;
    std::string m_picture;
    NetworkGrid m_grid;
    at::Tensor m_embedding;
};

} // namespace

int main(int argc, char** argv)
{
    if (argc < 5) {
        std::fprintf(stderr, "decoder_eval DECODER box|clicks:N MOST DATA...\n");
        return 2;
    }
    const at::NoGradGuard noGrad;
    Decoder decoder(argv[1]);
    const auto protocol = must(evaluation::parseProtocol(argv[2]));
    nlohmann::json report{{"protocol", argv[2]}, {"sets", nlohmann::json::object()}};
    for (const auto& set : must(evaluation::findSets({argv + 4, argv + argc}))) {
        std::vector<evaluation::CaseScore> scores;
        const auto cases =
            evaluation::spread(must(evaluation::listCases(set, {})), static_cast<std::size_t>(std::stoul(argv[3])));
        for (const auto& one : cases) {
            decoder.look(one);
            const auto ask = [&](std::vector<Prompt> prompts) -> Result<Proposal> { return decoder.answer(prompts); };
            scores.push_back(must(protocol.kind == evaluation::Protocol::Kind::clicks
                                      ? evaluation::playClicks(one.truth, protocol, ask)
                                      : evaluation::playBox(one.truth, ask)));
            scores.back().picture = one.pictureName();
        }
        report["sets"][set.name] = evaluation::toJson(scores, protocol);
    }
    std::printf("%s\n", report.dump().c_str());
    return 0;
}
