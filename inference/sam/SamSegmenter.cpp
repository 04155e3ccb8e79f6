#include "inference/sam/SamSegmenter.h"

#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/sam/MaskDecoder.h"
#include "inference/sam/MaskGuarantees.h"
#include "inference/sam/NetworkWeights.h"
#include "inference/sam/PromptEncoder.h"
#include "inference/sam/SamPreprocess.h"
#include "inference/sam/SamPrompts.h"
#include "inference/sam/SegmenterSupport.h"
#include "inference/sam/TensorDevice.h"
#include "inference/sam/TorchGuard.h"
#include "inference/sam/VitImageEncoder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <numeric>

namespace icmoe {
namespace {

constexpr std::size_t kOfferedGuesses = 3; // candidates that a click gets
constexpr int kMasks = 4;                  // 0 is the answer to clear prompts, 1 to 3 those to an ambiguous one

at::Tensor tensorOf(const std::vector<NetworkBox>& boxes)
{
    auto corners = at::empty({static_cast<std::int64_t>(boxes.size()), 4}, at::kFloat);
    auto* out = corners.data_ptr<float>();
    for (const auto& box : boxes) {
        for (const double v : {box.x0, box.y0, box.x1, box.y1}) {
            *out++ = static_cast<float>(v);
        }
    }
    return corners;
}

/// Indices of scores, the highest first (ties: the smaller index).
std::vector<std::size_t> ranked(const std::vector<double>& scores)
{
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
    return order;
}

std::vector<double> valuesOf(const at::Tensor& scores)
{
    const auto wide = scores.to(at::kCPU, at::kDouble).contiguous();
    const auto* first = wide.const_data_ptr<double>();
    return {first, first + wide.numel()};
}

class SamSegmenter final : public Segmenter {
public:
    SamSegmenter(const NetworkWeights& weights, const weights::Model& model, const weights::VitShape& shape,
                 const std::string& sha256, const EngineOptions& options)
        : m_recipe(model.family == "medsam" ? SamRecipe::medsam : SamRecipe::sam)
        , m_guarantees(options.guarantees)
        , m_prompts(weights, kSamSide)
        , m_decoder(weights, m_prompts.densePosition())
    {
        const auto precision = choosePrecision(options.precision, weights.device());
        m_encoder = makeVitImageEncoder(weights, shape, precision == Precision::bf16 ? at::kBFloat16 : at::kFloat);
        m_info = engineInfo(model.title, sha256, precision, weights.device(), kSamPreprocessingVersion);
    }

    EngineInfo info() const override { return m_info; }
    std::uint64_t encodeCount() const override { return m_encodeCount; }
    int encodeSteps() const override { return m_encoder->steps(); }

    Result<std::shared_ptr<const Embedding>> encode(const SliceImage& image, std::stop_token stop,
                                                    const std::function<void()>& checkpoint) override
    {
        return guarded<std::shared_ptr<const Embedding>>("encoding the slice",
                                                         [&] { return encodeChecked(image, stop, checkpoint); });
    }

    Result<Proposal> predict(const SliceImage& image, const Embedding& embedding, const std::vector<Prompt>& prompts,
                             std::stop_token stop) override
    {
        return guarded<Proposal>("answering the prompts",
                                 [&] { return predictChecked(image, embedding, prompts, stop); });
    }

    std::vector<std::byte> serialize(const Embedding& embedding) const override
    {
        return SamEmbedding::toBytes(embedding);
    }

    Result<std::shared_ptr<const Embedding>> deserialize(std::span<const std::byte> bytes) const override
    {
        return SamEmbedding::fromBytes(bytes);
    }

private:
    Result<std::shared_ptr<const Embedding>> encodeChecked(const SliceImage& image, const std::stop_token& stop,
                                                           const std::function<void()>& checkpoint)
    {
        const auto input = prepareSam(image, m_recipe);
        if (!input) {
            return fail(input.error());
        }
        const auto features = m_encoder->encode(input->values.data(), [&] {
            if (checkpoint) {
                checkpoint();
            }
            return !stop.stop_requested();
        });
        if (!features) {
            return fail(ErrorCode::cancelled, "encoding the slice was cancelled");
        }
        ++m_encodeCount;
        return std::make_shared<const SamEmbedding>(*features);
    }

    Result<Proposal> predictChecked(const SliceImage& image, const Embedding& embedding,
                                    const std::vector<Prompt>& prompts, const std::stop_token& stop)
    {
        const auto start = std::chrono::steady_clock::now();
        const auto* own = dynamic_cast<const SamEmbedding*>(&embedding);
        if (own == nullptr) {
            return fail(ErrorCode::invalidArgument, "the embedding was made by another engine");
        }
        if (auto sound = checkPrompts(prompts, image.width, image.height); !sound) {
            return fail(sound.error());
        }
        const auto ordered = canonicalOrder(prompts);
        const auto grid = SamGrid::of(m_recipe, image.width, image.height, image.spacingX, image.spacingY);
        const auto questions = askSam(ordered, grid);
        if (!questions) {
            return fail(questions.error());
        }
        auto candidates = answer(*own, *questions, grid, stop);
        if (stop.stop_requested()) {
            return fail(ErrorCode::cancelled, "answering the prompts was cancelled");
        }
        if (m_guarantees) {
            for (auto& candidate : candidates) {
                candidate.mask = keepGuarantees(std::move(candidate.mask), ordered);
            }
        }
        Proposal proposal;
        proposal.prompts = prompts;
        proposal.plane = image.plane;
        proposal.slice = image.slice;
        proposal.imageKey = image.key;
        proposal.candidates = std::move(candidates);
        proposal.notice = questions->notice;
        proposal.engine = m_info;
        proposal.engine.range = image.range.name;
        proposal.decodeSeconds = secondsSince(start);
        return proposal;
    }

    std::vector<Candidate> answer(const SamEmbedding& embedding, const SamQuestions& questions, const SamGrid& grid,
                                  const std::stop_token& stop)
    {
        if (questions.areGuesses) {
            return answerGuesses(embedding, questions.parts, grid);
        }
        if (questions.parts.size() == 1 && questions.parts.front().isOneClick()) {
            return answerClick(embedding, questions.parts.front(), grid);
        }
        return answerParts(embedding, questions.parts, grid, stop);
    }

    const ImageTokens& prepared(const SamEmbedding& embedding)
    {
        return m_prepared.of(embedding.features(),
                             [&] { return preparedTokens(embedding, m_decoder, m_prompts.noMask()); });
    }

    MaskDecoder::Decoded decode(const SamEmbedding& embedding, const SamQuestion& question)
    {
        std::vector<at::Tensor> tokens;
        if (!question.points.empty()) {
            const auto count = static_cast<std::int64_t>(question.points.size());
            auto places = at::empty({1, count, 2}, at::kFloat);
            auto labels = at::empty({1, count}, at::kFloat);
            auto* place = places.data_ptr<float>();
            auto* label = labels.data_ptr<float>();
            for (const auto& point : question.points) {
                *place++ = static_cast<float>(point.at.x);
                *place++ = static_cast<float>(point.at.y);
                *label++ = point.isInside ? 1.0F : 0.0F;
            }
            tokens.push_back(m_prompts.points(places, labels, !question.box));
        }
        if (question.box) {
            tokens.push_back(m_prompts.boxes(tensorOf({*question.box})));
        }
        const auto sparse = at::cat(tokens, 1); // 1×P×256
        if (question.mask.empty()) {
            return m_decoder.decode(prepared(embedding), sparse);
        }
        const auto mask =
            at::from_blob(const_cast<float*>(question.mask.data()), {1, 1, kSamMaskSide, kSamMaskSide}, at::kFloat);
        const auto image =
            embedding.features().to(m_prompts.noMask().device(), at::kFloat).unsqueeze(0) + m_prompts.masks(mask);
        return m_decoder.decode(m_decoder.prepare(image), sparse);
    }

    Candidate candidate(const MaskDecoder::Decoded& decoded, std::int64_t n, int mask, const SamGrid& grid,
                        std::string voter) const
    {
        const auto logits = m_decoder.masks(decoded, n, mask, 1).cpu().contiguous();
        Candidate result;
        result.voter = std::move(voter);
        result.predictedIou = decoded.iou[n][mask].item<double>();
        result.mask = maskAboveZero(resampleSamLogits(logits.const_data_ptr<float>(), grid), grid.width, grid.height);
        return result;
    }

    /// Masks 1 to 3 as a network that was trained on ambiguous clicks ranks them.
    std::vector<Candidate> answerClick(const SamEmbedding& embedding, const SamQuestion& question, const SamGrid& grid)
    {
        const auto decoded = decode(embedding, question);
        std::vector<Candidate> candidates;
        for (const auto n : ranked(valuesOf(decoded.iou[0].slice(0, 1, kMasks)))) {
            const int mask = static_cast<int>(n) + 1;
            candidates.push_back(candidate(decoded, 0, mask, grid, "base mask " + std::to_string(mask)));
        }
        return candidates;
    }

    /// The union of mask 0. SAM also offers that of the best of masks 1 to 3; MedSAM was trained on mask 0 alone.
    std::vector<Candidate> answerParts(const SamEmbedding& embedding, const std::vector<SamQuestion>& parts,
                                       const SamGrid& grid, const std::stop_token& stop)
    {
        std::vector<Candidate> candidates(m_recipe == SamRecipe::sam ? 2 : 1);
        for (std::size_t k = 0; k < candidates.size(); ++k) {
            candidates[k].voter = k == 0 ? "base" : "base best of masks 1 to 3";
            candidates[k].mask = SliceMask(grid.width, grid.height);
        }
        for (std::size_t n = 0; n < parts.size() && !stop.stop_requested(); ++n) {
            const auto decoded = decode(embedding, parts[n]);
            const auto best = ranked(valuesOf(decoded.iou[0].slice(0, 1, kMasks))).front();
            for (std::size_t k = 0; k < candidates.size(); ++k) {
                const auto part = candidate(decoded, 0, k == 0 ? 0 : static_cast<int>(best) + 1, grid, {});
                candidates[k].mask = candidates[k].mask.united(part.mask);
                candidates[k].predictedIou += part.predictedIou / static_cast<double>(parts.size());
            }
        }
        return candidates;
    }

    /// Guessed boxes: those of the highest predicted IoU, best first (ties: the smaller box, which comes first).
    std::vector<Candidate> answerGuesses(const SamEmbedding& embedding, const std::vector<SamQuestion>& guesses,
                                         const SamGrid& grid)
    {
        std::vector<NetworkBox> boxes;
        for (const auto& guess : guesses) {
            boxes.push_back(*guess.box);
        }
        const auto decoded = m_decoder.decode(prepared(embedding), m_prompts.boxes(tensorOf(boxes)));
        auto order = ranked(valuesOf(decoded.iou.select(1, 0)));
        order.resize(std::min(order.size(), kOfferedGuesses));
        std::vector<Candidate> candidates;
        for (const auto n : order) {
            candidates.push_back(candidate(decoded, static_cast<std::int64_t>(n), 0, grid, "box hypothesis"));
        }
        return candidates;
    }

    EngineInfo m_info;
    SamRecipe m_recipe;
    bool m_guarantees;
    PromptEncoder m_prompts;
    MaskDecoder m_decoder;
    std::unique_ptr<ImageEncoder> m_encoder;
    std::uint64_t m_encodeCount = 0;
    PreparedSlices<ImageTokens> m_prepared;
};

} // namespace

Result<std::unique_ptr<Segmenter>> createSam(const EngineOptions& options)
{
    const auto* model = weights::findModel(options.family);
    if (model == nullptr || weights::samShape(model->variant) == nullptr) {
        return fail(ErrorCode::invalidArgument, "there is no model " + options.family, {},
                    "Use litemedsam, sam-vit-b, sam-vit-l, sam-vit-h or medsam-vit-b");
    }
    auto file = weights::loadWeights(options.weightFolders, *model);
    if (!file) {
        return fail(file.error());
    }
    return makeSam(std::make_shared<const weights::WeightsFile>(std::move(*file)), *model,
                   *weights::samShape(model->variant), options);
}

Result<std::unique_ptr<Segmenter>> makeSam(std::shared_ptr<const weights::WeightsFile> file,
                                           const weights::Model& model, const weights::VitShape& shape,
                                           const EngineOptions& options)
{
    return guarded<std::unique_ptr<Segmenter>>("starting the engine", [&]() -> Result<std::unique_ptr<Segmenter>> {
        const auto device = chooseDevice(options.device);
        if (!device) {
            return fail(device.error());
        }
        prepareTorch(options);
        return std::make_unique<SamSegmenter>(NetworkWeights(file).on(*device), model, shape, file->sha256, options);
    });
}

} // namespace icmoe
