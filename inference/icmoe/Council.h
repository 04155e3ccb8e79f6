#pragma once

#include "core/engine/Vote.h"
#include "inference/icmoe/DetailExpert.h"
#include "inference/icmoe/Domains.h"
#include "inference/icmoe/Judge.h"
#include "inference/icmoe/Pack.h"
#include "inference/icmoe/PromptReading.h"
#include "inference/icmoe/Routing.h"
#include "inference/icmoe/ScoreNetwork.h"
#include "inference/icmoe/Voting.h"
#include "inference/sam/BoxHypotheses.h"
#include "inference/sam/MaskDecoder.h"

#include <memory>
#include <stop_token>

namespace icmoe {

/// A picture ready for questions: what does not depend on prompts.
struct PictureContext {
    NetworkGrid grid;
    at::Tensor embedding;   ///< [1, 4096, 256]
    at::Tensor half;        ///< [1, 32, 128, 128]
    at::Tensor full;        ///< [1, 16, 128, 128]
    at::Tensor image;       ///< [1, 3, 256, 256] in 0..1
    ImageTokens prepared;   ///< the base's first layer
    double strangeness = 0; ///< Domains::strangeness(); 0 where the pack knows no domains
    mutable ExpertViews views;
};

/// One answer to a prompt set, before the vote.
struct Voice {
    VoterKind kind = VoterKind::base;
    VoterFamily family = VoterFamily::baseMask0;
    std::string name;
    at::Tensor logits; ///< [256, 256]
    double predictedIou = 0;
    double routing = 1;
    double score = 0;
    double voteBias = 0; ///< joins its vote at every pixel
};

/// Boxes of a question that the base has decoded together.
struct DecodedBoxes {
    std::vector<std::size_t> places; ///< in the question's list
    MaskDecoder::Decoded answers;
};

/// What a preview found out and the full vote on the same prompts need not ask again.
struct EarlyVoices {
    DecodedBoxes guesses;    ///< of box hypotheses
    std::vector<Voice> base; ///< of boxes that the annotator drew
    std::vector<Voice> basic;
    at::Tensor summary; ///< the best basic answer's
};

/// All that was said about a prompt set.
struct Hearing {
    PromptReading reading;
    std::vector<Voice> voices;
    double familiarity = 0;
    EarlyVoices early;
};

/// Which kinds may speak, and how much work an answer is worth.
struct CouncilOptions {
    bool basic = true;
    bool semantic = true;
    bool adaptive = true;
    bool local = true;
    bool preview = false; ///< three hypotheses and the basic experts only
};

/// How a base wants its prompts, in pixels of the 256 × 256 grid.
struct PromptConvention {
    double centre = 0.5; ///< as PromptEncoder
    BoxCorners corners = BoxCorners::truncated;
};

/// The voices of the frozen base and of a pack's experts on one prompt set (engine.md 2.3). Knows nothing of the vote.
class Council {
public:
    /// `weights` and `pack` outlive it; a pack without experts leaves the base's voices.
    Council(const NetworkWeights& weights, std::shared_ptr<const Pack> pack, const PromptConvention& convention = {});

    Council(const Council&) = delete; // its parts refer to each other
    Council& operator=(const Council&) = delete;

    [[nodiscard]] PictureContext prepare(const PictureFeatures& features, const NetworkGrid& grid) const;
    /// What the base is asked: askBoxes() as this base wants its corners.
    [[nodiscard]] Result<BoxQuestion> ask(const std::vector<Prompt>& prompts, const NetworkGrid& grid) const;
    /// Checked prompts in canonical order; `early`: of a preview with the same prompts and picture, which changes no
    /// bit of the answer. invalidArgument where nothing says what is inside; cancelled.
    [[nodiscard]] Result<Hearing> hear(const PictureContext& picture, const std::vector<Prompt>& prompts,
                                       const CouncilOptions& options, const std::stop_token& stop,
                                       const EarlyVoices* early = nullptr) const;
    /// Where the structure of that name lies. invalidArgument where no expert knows the name; notFound where nothing on
    /// the slice stands out.
    [[nodiscard]] Result<BoxPrompt> find(const PictureContext& picture, const std::string& label) const;
    /// What the vote is told; scores are the judge's where the pack has one.
    [[nodiscard]] Ballot ballot(const PictureContext& picture, const Hearing& hearing) const;
    /// What the judge is told of a ballot's voices.
    [[nodiscard]] static at::Tensor judged(const PictureContext& picture, const Ballot& ballot);
    /// The box hypotheses of a question with their logits: what the selector is trained on.
    [[nodiscard]] std::vector<Hypothesis> hypotheses(const PictureContext& picture,
                                                     const std::vector<NetworkBox>& boxes) const;
    /// The base's answer to the box of a first answer; nothing where that is empty.
    [[nodiscard]] std::optional<Voice> secondPass(const PictureContext& picture, const at::Tensor& first) const;
    /// What the adaptive router sees beside embedding and token [12]: intensity inside and around, edges, prompt
    /// families, entropies of the base's and the basic answer, area.
    [[nodiscard]] static at::Tensor caseStatistics(const PictureContext& picture, const PromptReading& reading,
                                                   const at::Tensor& first, const at::Tensor& base);
    [[nodiscard]] static MaskScene sceneOf(const PictureContext& picture, const PromptReading& reading);

    [[nodiscard]] const Pack& pack() const { return *m_pack; }
    [[nodiscard]] const ExpertDecoder& experts() const { return m_experts; }
    [[nodiscard]] const PromptEncoder& prompts() const { return m_prompts; }

private:
    [[nodiscard]] MaskDecoder::Decoded decode(const PictureContext& picture, const std::vector<NetworkBox>& boxes,
                                              std::int64_t masks) const;
    [[nodiscard]] DecodedBoxes decodeAt(const PictureContext& picture, const std::vector<NetworkBox>& boxes,
                                        std::vector<std::size_t> places) const;
    /// Those of the preview and all others.
    [[nodiscard]] std::vector<DecodedBoxes>
    decodeOthers(const PictureContext& picture, const std::vector<NetworkBox>& boxes, DecodedBoxes previewed) const;
    [[nodiscard]] std::vector<Hypothesis> best(const std::vector<DecodedBoxes>& decoded,
                                               const std::vector<NetworkBox>& boxes, std::size_t most) const;
    [[nodiscard]] std::vector<Voice> hearBoxes(const PictureContext& picture,
                                               const std::vector<NetworkBox>& boxes) const;
    void hearHypotheses(const PictureContext& picture, const std::vector<NetworkBox>& boxes, bool preview,
                        const EarlyVoices* early, Hearing& hearing) const;
    void hearBasic(const PictureContext& picture, const PromptReading& reading, EarlyVoices& heard) const;
    /// The detail expert over the answer `before`, and over its own.
    void hearDetail(const PictureContext& picture, at::Tensor before, Hearing& hearing) const;
    void hearRouted(const PictureContext& picture, const CouncilOptions& options, const at::Tensor& first,
                    const at::Tensor& summary, Hearing& hearing) const;
    /// The local expert of the label that the prompts name, where there is one.
    void hearLocal(const PictureContext& picture, const at::Tensor& first, Hearing& hearing) const;
    [[nodiscard]] ExpertBatch batch(const PictureContext& picture, const PromptReading& reading,
                                    std::vector<std::int64_t> experts) const;
    /// The same, with the engine's own first answer to the same prompts where the annotator gave no mask.
    [[nodiscard]] ExpertBatch batchAfter(const at::Tensor& first, const PictureContext& picture,
                                         const PromptReading& reading, std::vector<std::int64_t> experts) const;

    const BoxCorners m_corners;
    const PromptEncoder m_prompts;
    const MaskDecoder m_decoder;
    const ExpertDecoder m_experts;
    const std::shared_ptr<const Pack> m_pack;
    ExpertParameters m_all; ///< basic, semantic, adaptive, in this order
    std::optional<DetailExpert> m_detail;
    std::optional<Domains> m_domains;
    std::optional<Routing> m_routing;
    std::optional<ScoreNetwork> m_selector;
    std::optional<ScoreNetwork> m_judge;
};

/// The basic experts, in the order of their places in a pack.
enum BasicExpert : std::int64_t { kClickExpert, kStrokeExpert, kBoxExpert, kBasicExperts };

} // namespace icmoe
