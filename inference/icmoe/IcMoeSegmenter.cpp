#include "inference/icmoe/IcMoeSegmenter.h"

#include "core/mask/Metrics.h"
#include "inference/icmoe/Foundation.h"
#include "inference/icmoe/Quality.h"
#include "inference/icmoe/VoteCount.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/sam/MaskGuarantees.h"
#include "inference/sam/SamSegmenter.h"
#include "inference/sam/SegmenterSupport.h"
#include "inference/sam/TensorDevice.h"
#include "inference/sam/TorchGuard.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <chrono>

namespace icmoe {
namespace {

constexpr std::size_t kMostCandidates = 3;
constexpr double kSameMask = 0.9; ///< candidates agree less than this (IoU)
constexpr double kLogitLimit = 12;
constexpr const char* kPackFile = "icmoe.safetensors";

class IcMoeEmbedding final : public Embedding {
public:
    explicit IcMoeEmbedding(PictureFeatures features)
        : m_features(std::move(features))
    {
    }
    std::size_t byteSize() const override { return PictureFeatures::byteSize(m_features.hasTaps()); }
    const PictureFeatures& features() const { return m_features; }

private:
    PictureFeatures m_features;
};

class IcMoeSegmenter final : public Segmenter {
public:
    IcMoeSegmenter(std::unique_ptr<Foundation> foundation, const std::shared_ptr<const Pack>& pack,
                   const EngineOptions& options)
        : m_foundation(std::move(foundation))
        , m_pack(std::make_shared<const Pack>(pack->on(m_foundation->device())))
        , m_council(m_foundation->weights(), m_pack, m_foundation->convention())
        , m_guarantees(options.guarantees)
        , m_previews(options.previews)
    {
        for (const VoterKind kind : options.withoutKinds) {
            m_kinds.basic = m_kinds.basic && kind != VoterKind::basic;
            m_kinds.semantic = m_kinds.semantic && kind != VoterKind::semantic;
            m_kinds.adaptive = m_kinds.adaptive && kind != VoterKind::adaptive;
            m_kinds.local = m_kinds.local && kind != VoterKind::local;
            m_hearsBase = m_hearsBase && kind != VoterKind::base;
        }
        if (options.withVote && !m_pack->voter.empty()) {
            m_vote.emplace(m_pack->voter);
            if (!m_pack->quality.empty()) {
                m_quality.emplace(m_pack->quality);
            }
        }
        m_takesMean = !options.withVote;
        const auto device = m_foundation->device();
        m_info = engineInfo("IC-MoE", m_foundation->sha256(), choosePrecision(options.precision, device), device,
                            m_foundation->preprocessingVersion());
        m_info.expertsRevision = m_pack->sha256;
    }

    EngineInfo info() const override { return m_info; }
    std::string featuresKey() const override { return m_pack->taps.hash(); }
    std::uint64_t encodeCount() const override { return m_encodeCount; }
    int encodeSteps() const override { return m_foundation->encodeSteps(); }
    bool hasPreview() const override { return m_previews; }

    Result<std::shared_ptr<const Embedding>> encode(const SliceImage& image, std::stop_token stop,
                                                    const std::function<void()>& checkpoint) override
    {
        return guarded<std::shared_ptr<const Embedding>>(
            "encoding the slice", [&]() -> Result<std::shared_ptr<const Embedding>> {
                const auto input = m_foundation->prepare(image);
                if (!input) {
                    return fail(input.error());
                }
                auto features = m_foundation->encode(*input, m_pack->taps, [&] {
                    if (checkpoint) {
                        checkpoint();
                    }
                    return !stop.stop_requested();
                });
                if (!features) {
                    return fail(ErrorCode::cancelled, "encoding the slice was cancelled");
                }
                ++m_encodeCount;
                return std::make_shared<const IcMoeEmbedding>(std::move(*features));
            });
    }
    Result<Proposal> predict(const SliceImage& image, const Embedding& embedding, const std::vector<Prompt>& prompts,
                             std::stop_token stop) override
    {
        return guarded<Proposal>("answering the prompts",
                                 [&] { return answer(image, embedding, prompts, false, stop); });
    }
    Result<Proposal> preview(const SliceImage& image, const Embedding& embedding, const std::vector<Prompt>& prompts,
                             std::stop_token stop) override
    {
        return guarded<Proposal>("answering the prompts",
                                 [&] { return answer(image, embedding, prompts, true, stop); });
    }
    std::vector<std::byte> serialize(const Embedding& embedding) const override
    {
        const auto* own = dynamic_cast<const IcMoeEmbedding*>(&embedding);
        return own != nullptr ? own->features().toBytes() : std::vector<std::byte>{};
    }
    Result<std::shared_ptr<const Embedding>> deserialize(std::span<const std::byte> bytes) const override
    {
        return guarded<std::shared_ptr<const Embedding>>(
            "reading a cached embedding", [&]() -> Result<std::shared_ptr<const Embedding>> {
                auto features = PictureFeatures::fromBytes(bytes);
                if (!features) {
                    return fail(features.error());
                }
                return std::make_shared<const IcMoeEmbedding>(std::move(*features));
            });
    }

private:
    /// One possible answer at the network's size.
    struct Answer {
        at::Tensor logits; ///< [256, 256]
        double quality = 0;
        std::string voter;
    };

    /// What the last preview found out; the full vote on the same prompts begins there.
    struct Previewed {
        at::Tensor picture;
        std::vector<Prompt> prompts;
        EarlyVoices voices;
    };

    Result<Proposal> answer(const SliceImage& image, const Embedding& embedding, const std::vector<Prompt>& prompts,
                            bool isPreview, const std::stop_token& stop)
    {
        const auto start = std::chrono::steady_clock::now();
        const auto* own = dynamic_cast<const IcMoeEmbedding*>(&embedding);
        if (own == nullptr) {
            return fail(ErrorCode::invalidArgument, "the embedding was made by another engine");
        }
        if (auto sound = checkPrompts(prompts, image.width, image.height); !sound) {
            return fail(sound.error());
        }
        auto ordered = canonicalOrder(prompts);
        const auto grid = m_foundation->gridOf(image);
        const auto& picture = prepared(own->features(), grid);
        Proposal proposal;
        if (const auto* label = labelAlone(ordered)) {
            const auto box = m_council.find(picture, label->label);
            if (!box) {
                return fail(box.error());
            }
            proposal.notice = "\"" + label->label + "\" was looked for by its name: check that it is the right place";
            Prompt found = ordered.front();
            found.shape = *box;
            ordered = canonicalOrder({ordered.front(), found});
        }
        CouncilOptions options = m_kinds;
        options.preview = isPreview;
        const bool wasPreviewed = !isPreview && m_previewed &&
                                  m_previewed->picture.is_same(own->features().embedding) &&
                                  m_previewed->prompts == ordered;
        auto hearing = m_council.hear(picture, ordered, options, stop, wasPreviewed ? &m_previewed->voices : nullptr);
        if (!hearing) {
            return fail(hearing.error());
        }
        if (isPreview) {
            m_previewed = Previewed{own->features().embedding, ordered, std::move(hearing->early)};
        }
        if (!m_hearsBase && std::any_of(hearing->voices.begin(), hearing->voices.end(),
                                        [](const Voice& v) { return v.kind != VoterKind::base; })) {
            std::erase_if(hearing->voices, [](const Voice& v) { return v.kind == VoterKind::base; });
        }
        proposal.prompts = prompts;
        proposal.plane = image.plane;
        proposal.slice = image.slice;
        proposal.imageKey = image.key;
        proposal.isPreview = isPreview;
        const auto answers = decide(picture, *hearing, proposal);
        addCandidates(answers, grid, ordered, proposal);
        proposal.engine = m_info;
        proposal.engine.range = image.range.name;
        proposal.decodeSeconds = secondsSince(start);
        return proposal;
    }

    static const LabelPrompt* labelAlone(const std::vector<Prompt>& prompts)
    {
        return prompts.size() == 1 ? std::get_if<LabelPrompt>(&prompts.front().shape) : nullptr;
    }

    const PictureContext& prepared(const PictureFeatures& features, const NetworkGrid& grid)
    {
        auto& context = m_prepared.of(features.embedding, [&] { return m_council.prepare(features, grid); });
        context.grid = grid;
        return context;
    }

    /// Ranked answers; the vote's own first.
    std::vector<Answer> decide(const PictureContext& picture, const Hearing& hearing, Proposal& proposal) const
    {
        std::vector<Answer> answers;
        const auto& voices = hearing.voices;
        if (!m_vote && !m_takesMean) { // no vote: what the base alone would say
            for (const auto& voice : voices) {
                if (voice.kind == VoterKind::base) {
                    answers.push_back({voice.logits, voice.predictedIou, voice.name});
                }
            }
            return answers;
        }
        const auto ballot = m_council.ballot(picture, hearing);
        // equal votes are the mean
        const auto votes = m_vote ? m_vote->votes(ballot) : at::zeros({ballot.logits.size(0), 128, 128});
        const auto [outcome, differing] = countVotes(ballot.logits, votes, m_vote ? m_vote->threshold() : 0,
                                                     picture.grid.usedHeight, picture.grid.usedWidth);
        Vote vote = describe(picture, voices, outcome, differing);
        const double quality = m_quality ? (*m_quality)(answerSigns(ballot, outcome, differing)) : meanEstimate(vote);
        answers.push_back({voices.size() == 1
                               ? voices.front().logits
                               : decided(outcome.p, m_vote ? m_vote->cut() : kEvenCut).clamp(-kLogitLimit, kLogitLimit),
                           quality, "vote"});
        proposal.vote = std::move(vote);
        if (!hearing.reading.hasBox) { // a click may mean several things
            std::vector<Answer> others;
            const auto scores = ballot.score.cpu();
            for (std::size_t n = 0; n < voices.size(); ++n) {
                const auto score = scores[static_cast<std::int64_t>(n)].item<double>(); // a Dice
                const double own = m_pack->judge.empty() ? voices[n].predictedIou : score / (2 - score);
                others.push_back({voices[n].logits, own, voices[n].name});
            }
            std::stable_sort(others.begin(), others.end(),
                             [](const Answer& a, const Answer& b) { return a.quality > b.quality; });
            std::move(others.begin(), others.end(), std::back_inserter(answers));
        } else {
            for (const auto& voice : voices) {
                if (voice.kind == VoterKind::base) {
                    answers.push_back({voice.logits, voice.predictedIou, voice.name});
                }
            }
        }
        return answers;
    }

    /// Of a vote that is not calibrated.
    static double meanEstimate(const Vote& vote)
    {
        double sum = 0;
        for (const auto& share : vote.voters) {
            sum += share.weight * std::clamp(share.predictedIou, 0.0, 1.0);
        }
        return sum;
    }

    Vote describe(const PictureContext& picture, const std::vector<Voice>& voices, const Outcome& outcome,
                  const at::Tensor& map) const
    {
        Vote vote;
        const auto& grid = picture.grid;
        const auto used = outcome.weights.slice(1, 0, grid.usedHeight).slice(2, 0, grid.usedWidth);
        const auto mean = used.mean(at::IntArrayRef{1, 2}).contiguous();
        for (std::size_t n = 0; n < voices.size(); ++n) {
            vote.voters.push_back({voices[n].kind, voices[n].name, mean.const_data_ptr<float>()[n],
                                   voices[n].predictedIou, outcome.dropped[n]});
        }
        vote.boundaryDisagreement = meanOver(boundaryBand(outcome.p >= 0.5), map);
        const auto full = resampleLogits(map.const_data_ptr<float>(), grid);
        vote.disagreement.resize(full.size());
        std::transform(full.begin(), full.end(), vote.disagreement.begin(),
                       [](float v) { return static_cast<std::uint8_t>(std::clamp(255 * v + 0.5F, 0.0F, 255.0F)); });
        return vote;
    }

    void addCandidates(const std::vector<Answer>& answers, const NetworkGrid& grid, const std::vector<Prompt>& ordered,
                       Proposal& proposal) const
    {
        for (const auto& answer : answers) {
            if (proposal.candidates.size() == kMostCandidates) {
                return;
            }
            auto mask = maskOf(answer.logits, grid);
            if (m_guarantees) {
                mask = keepGuarantees(std::move(mask), ordered);
            }
            const bool isNew = std::all_of(proposal.candidates.begin(), proposal.candidates.end(),
                                           [&](const Candidate& c) { return iou(c.mask, mask) < kSameMask; });
            if (isNew) {
                proposal.candidates.push_back({std::move(mask), answer.quality, answer.voter, {}});
            }
        }
    }

    static SliceMask maskOf(const at::Tensor& logits, const NetworkGrid& grid)
    {
        return maskAboveZero(resampleLogits(logits.cpu().contiguous().const_data_ptr<float>(), grid), grid.width,
                             grid.height);
    }

    const std::unique_ptr<Foundation> m_foundation;
    const std::shared_ptr<const Pack> m_pack;
    const Council m_council;
    const bool m_guarantees;
    const bool m_previews;
    CouncilOptions m_kinds;
    bool m_hearsBase = true;
    bool m_takesMean = false;
    std::optional<VotingNetwork> m_vote;
    std::optional<QualityEstimate> m_quality;
    EngineInfo m_info;
    std::uint64_t m_encodeCount = 0;
    PreparedSlices<PictureContext> m_prepared;
    std::optional<Previewed> m_previewed;
};

Result<std::shared_ptr<const Pack>> noPack(const EngineOptions& options)
{
    if (!options.localExperts.empty()) {
        return fail(ErrorCode::invalidArgument, "a local expert speaks beside a pack of experts, and there is none",
                    options.localExperts.front().string(), "Name the pack with --experts");
    }
    return nullptr;
}

Status addLocalExperts(const std::vector<std::filesystem::path>& files, Pack& pack)
{
    for (const auto& file : files) {
        auto expert = LocalExpert::read(file, pack.sha256);
        if (!expert) {
            return fail(expert.error());
        }
        const bool isSecond = std::any_of(pack.local.begin(), pack.local.end(),
                                          [&](const auto& one) { return one.label == expert->label; });
        if (isSecond) {
            return fail(ErrorCode::invalidArgument, "two local experts are of the label \"" + expert->label + "\"",
                        file.string(), "Keep one of them");
        }
        pack.local.push_back(std::move(*expert));
    }
    return {};
}

} // namespace

Result<std::shared_ptr<const Pack>> findPack(const EngineOptions& options, const std::string& baseSha256)
{
    if (options.experts == "none") {
        return noPack(options);
    }
    std::filesystem::path file = options.experts;
    if (options.experts == "shipped") {
        file.clear();
        for (const auto& folder : options.packFolders) {
            std::error_code ignored;
            if (file.empty() && std::filesystem::exists(folder / kPackFile, ignored)) {
                file = folder / kPackFile;
            }
        }
        if (file.empty()) {
            return noPack(options);
        }
    }
    auto pack = Pack::read(file, baseSha256);
    if (!pack) {
        return fail(pack.error());
    }
    if (auto joined = addLocalExperts(options.localExperts, *pack); !joined) {
        return fail(joined.error());
    }
    return std::make_shared<const Pack>(std::move(*pack));
}

std::unique_ptr<Segmenter> makeIcMoeSegmenter(const weights::WeightsFile& weights, std::shared_ptr<const Pack> pack,
                                              const EngineOptions& options, at::Device device)
{
    const auto precision = choosePrecision(options.precision, device);
    return std::make_unique<IcMoeSegmenter>(std::make_unique<Foundation>(weights, precision, device), std::move(pack),
                                            options);
}

std::unique_ptr<Segmenter> makeIcMoeSegmenter(const std::shared_ptr<const weights::WeightsFile>& weights,
                                              const weights::Model& model, const weights::VitShape& shape,
                                              std::shared_ptr<const Pack> pack, const EngineOptions& options)
{
    return std::make_unique<IcMoeSegmenter>(
        std::make_unique<Foundation>(weights, model, shape, choosePrecision(options.precision)), std::move(pack),
        options);
}

namespace {

Result<std::unique_ptr<Segmenter>> createOnLiteMedSam(const EngineOptions& options)
{
    const auto weights = weights::loadLiteMedSam(options.weightFolders);
    if (!weights) {
        return fail(weights.error());
    }
    auto pack = findPack(options, weights->sha256);
    if (!pack) {
        return fail(pack.error());
    }
    if (!*pack) {
        return createLiteMedSam(options);
    }
    const auto device = chooseDevice(options.device);
    if (!device) {
        return fail(device.error());
    }
    prepareTorch(options);
    return makeIcMoeSegmenter(*weights, std::move(*pack), options, *device);
}

Result<std::unique_ptr<Segmenter>> createOnSam(const EngineOptions& options)
{
    if (options.experts == "none" || options.experts == "shipped") { // none is shipped for it
        return createSam(options);
    }
    const auto device = chooseDevice(options.device);
    if (!device) {
        return fail(device.error());
    }
    prepareTorch(options);
    auto foundation =
        Foundation::load(options.weightFolders, options.family, choosePrecision(options.precision, *device), *device);
    if (!foundation) {
        return fail(foundation.error());
    }
    auto pack = findPack(options, (*foundation)->sha256());
    if (!pack) {
        return fail(pack.error());
    }
    return std::make_unique<IcMoeSegmenter>(std::move(*foundation), std::move(*pack), options);
}

} // namespace

Result<std::unique_ptr<Segmenter>> createEngine(const EngineOptions& options)
{
    return guarded<std::unique_ptr<Segmenter>>("starting the engine", [&] {
        return options.family == "litemedsam" ? createOnLiteMedSam(options) : createOnSam(options);
    });
}

} // namespace icmoe
