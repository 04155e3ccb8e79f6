#include "inference/sam/LiteMedSamSegmenter.h"

#include "inference/sam/BoxHypotheses.h"
#include "inference/sam/ImageEncoder.h"
#include "inference/sam/MaskDecoder.h"
#include "inference/sam/MaskGuarantees.h"
#include "inference/sam/NetworkWeights.h"
#include "inference/sam/Preprocess.h"
#include "inference/sam/PromptEncoder.h"
#include "inference/sam/SegmenterSupport.h"
#include "inference/sam/TensorDevice.h"
#include "inference/sam/TensorMemory.h"
#include "inference/sam/TorchGuard.h"
#include "inference/sam/kernels/EncoderKernels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/ivalue.h>
#include <ATen/cpu/Utils.h>
#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>

namespace icmoe {
namespace {

constexpr std::int64_t kLargestBatch = 16;                  // boxes decoded at once
constexpr std::size_t kOfferedGuesses = 3;                  // candidates that a click gets
constexpr std::size_t kKeptMemory = std::size_t{512} << 20; // an answer of all voices needs about 300 MiB at a time

bool processorHas(const char* feature)
{
    const auto features = at::cpu::get_cpu_capabilities();
    const auto found = features.find(feature);
    return found != features.end() && found->second.isBool() && found->second.toBool();
}

class LiteMedSamSegmenter final : public Segmenter {
public:
    LiteMedSamSegmenter(const weights::WeightsFile& file, at::Device device, const EngineOptions& options)
        : LiteMedSamSegmenter(NetworkWeights(file.tensors).on(device), file.sha256, options)
    {
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
    LiteMedSamSegmenter(const NetworkWeights& weights, const std::string& sha256, const EngineOptions& options)
        : m_guarantees(options.guarantees)
        , m_prompts(weights)
        , m_decoder(weights, m_prompts.densePosition())
    {
        const auto precision = choosePrecision(options.precision, weights.device());
        m_encoder = fastestImageEncoder(weights, precision);
        m_info = engineInfo("LiteMedSAM", sha256, precision, weights.device(), kPreprocessingVersion);
    }

    Result<std::shared_ptr<const Embedding>> encodeChecked(const SliceImage& image, const std::stop_token& stop,
                                                           const std::function<void()>& checkpoint)
    {
        const auto input = prepare(image);
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
        const auto grid = NetworkGrid::of(image.width, image.height, image.spacingX, image.spacingY);
        const auto question = askBoxes(ordered, grid);
        if (!question) {
            return fail(question.error());
        }
        auto candidates = question->areGuesses ? answerGuesses(*own, *question, grid, stop)
                                               : answerBoxes(*own, *question, grid, stop);
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
        proposal.notice = question->notice;
        proposal.engine = m_info;
        proposal.engine.range = image.range.name;
        proposal.decodeSeconds = secondsSince(start);
        return proposal;
    }

    MaskDecoder::Decoded decode(const SamEmbedding& embedding, const std::vector<NetworkBox>& boxes, std::size_t first,
                                std::size_t count)
    {
        auto corners = at::empty({static_cast<std::int64_t>(count), 4}, at::kFloat);
        auto* out = corners.data_ptr<float>();
        for (std::size_t n = first; n < first + count; ++n) {
            for (const double v : {boxes[n].x0, boxes[n].y0, boxes[n].x1, boxes[n].y1}) {
                *out++ = static_cast<float>(v);
            }
        }
        const auto& image = m_prepared.of(embedding.features(),
                                          [&] { return preparedTokens(embedding, m_decoder, m_prompts.noMask()); });
        return m_decoder.decode(image, m_prompts.boxes(corners), 2);
    }

    static SliceMask maskOf(const at::Tensor& logits, const NetworkGrid& grid)
    {
        return maskAboveZero(resampleLogits(logits.cpu().contiguous().data_ptr<float>(), grid), grid.width,
                             grid.height);
    }

    /// Drawn boxes: the union of mask 0, then that of mask 1, which is better on some structures.
    std::vector<Candidate> answerBoxes(const SamEmbedding& embedding, const BoxQuestion& question,
                                       const NetworkGrid& grid, const std::stop_token& stop)
    {
        std::vector<Candidate> candidates(2);
        candidates[0].voter = "base";
        candidates[1].voter = "base mask 1";
        for (auto& candidate : candidates) {
            candidate.mask = SliceMask(grid.width, grid.height);
        }
        const auto total = question.boxes.size();
        for (std::size_t first = 0; first < total && !stop.stop_requested(); first += kLargestBatch) {
            const auto count = std::min<std::size_t>(kLargestBatch, total - first);
            const auto decoded = decode(embedding, question.boxes, first, count);
            for (std::int64_t n = 0; n < static_cast<std::int64_t>(count); ++n) {
                const auto logits = m_decoder.masks(decoded, n, 0, 2);
                for (std::size_t k = 0; k < candidates.size(); ++k) {
                    const auto index = static_cast<std::int64_t>(k);
                    candidates[k].mask = candidates[k].mask.united(maskOf(logits[index], grid));
                    candidates[k].predictedIou += decoded.iou[n][index].item<double>() / static_cast<double>(total);
                }
            }
        }
        return candidates;
    }

    /// Guessed boxes: those of the highest predicted IoU, best first (ties: the smaller box, which comes first).
    std::vector<Candidate> answerGuesses(const SamEmbedding& embedding, const BoxQuestion& question,
                                         const NetworkGrid& grid, const std::stop_token& stop)
    {
        const auto decoded = decode(embedding, question.boxes, 0, question.boxes.size());
        const auto iou = decoded.iou.select(1, 0).cpu().contiguous();
        const auto* scores = iou.const_data_ptr<float>();
        std::vector<std::size_t> order(question.boxes.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
        std::vector<Candidate> candidates;
        for (std::size_t n = 0; n < order.size() && candidates.size() < kOfferedGuesses && !stop.stop_requested();
             ++n) {
            Candidate candidate;
            candidate.voter = "box hypothesis";
            candidate.predictedIou = scores[order[n]];
            const auto at = static_cast<std::int64_t>(order[n]);
            const auto window = cellsAround(question.boxes[order[n]]);
            candidate.mask = maskOf(m_decoder.masks(decoded, at, 0, 1, window)[0], grid);
            candidates.push_back(std::move(candidate));
        }
        return candidates;
    }

    EngineInfo m_info;
    bool m_guarantees;
    PromptEncoder m_prompts;
    MaskDecoder m_decoder;
    std::unique_ptr<ImageEncoder> m_encoder;
    std::uint64_t m_encodeCount = 0;
    PreparedSlices<ImageTokens> m_prepared;
};

} // namespace

bool hasBf16Hardware()
{
    return processorHas("avx512_bf16") || processorHas("amx_bf16");
}

Precision choosePrecision(Precision wanted, at::Device device)
{
    // not chosen by itself: it moves the box Dice of some validation sets by more than 0.2 points
    const bool hasBf16 = device.is_cuda() || hasBf16Hardware();
    return wanted == Precision::bf16 && hasBf16 ? Precision::bf16 : Precision::fp32;
}

std::string_view textOf(Precision precision)
{
    return precision == Precision::bf16 ? "bf16" : "fp32";
}

std::unique_ptr<ImageEncoder> fastestImageEncoder(const NetworkWeights& weights, Precision precision)
{
    if (!weights.device().is_cpu()) {
        return makeTorchImageEncoder(weights, precision == Precision::fp32 ? at::kFloat : at::kBFloat16);
    }
    return precision == Precision::fp32  ? makeFusedImageEncoder(weights)
           : canRun(avx512Bf16Kernels()) ? makeFusedImageEncoder(weights, avx512Bf16Kernels())
                                         : makeTorchImageEncoder(weights, at::kBFloat16);
}

int chooseThreads(int wanted)
{
    const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    return wanted > 0 ? std::min(wanted, 4 * cores) : cores;
}

void prepareTorch(const EngineOptions& options)
{
    at::set_num_threads(chooseThreads(options.threads));
    keepTensorMemory(kKeptMemory);
    if (choosePrecision(options.precision) == Precision::bf16 && processorHas("amx_bf16")) {
        at::cpu::init_amx();
    }
}

Result<std::unique_ptr<Segmenter>> createLiteMedSam(const EngineOptions& options)
{
    const auto file = weights::loadLiteMedSam(options.weightFolders);
    if (!file) {
        return fail(file.error());
    }
    const auto device = chooseDevice(options.device);
    if (!device) {
        return fail(device.error());
    }
    return guarded<std::unique_ptr<Segmenter>>("starting the engine", [&]() -> Result<std::unique_ptr<Segmenter>> {
        prepareTorch(options);
        return std::make_unique<LiteMedSamSegmenter>(*file, *device, options);
    });
}

} // namespace icmoe
