#pragma once

#include "inference/icmoe/TensorFile.h"

#include <ATen/core/Tensor.h>
#include <cstdint>
#include <vector>

namespace icmoe {

/// Families of voices; each has a bias of its own in the vote. The order is part of a pack's format.
enum class VoterFamily : std::int64_t {
    baseMask0,
    baseMask1,
    firstHypothesis,
    secondHypothesis,
    twoPass,
    clickExpert,
    strokeExpert,
    boxExpert,
    semanticExpert,
    adaptiveExpert,
    unused, ///< a local expert speaks as a semantic one: no vote and no judge was taught a family of its own
    detailExpert,
    count
};

inline constexpr double kEvenCut = 0.5;

/// What the voices say about one prompt set on one picture. V voices, in any order.
struct Ballot {
    at::Tensor logits;       ///< [V, 256, 256]
    at::Tensor families;     ///< int64 [V]
    at::Tensor predictedIou; ///< [V]
    at::Tensor routing;      ///< [V] weight that a router gave the voice, 1 for those that need none
    at::Tensor score;        ///< [V] of the selector, 0 for voices that it does not rank
    at::Tensor bias;         ///< [V] joins the votes at every pixel; undefined where no voice has one
    at::Tensor maps;         ///< [7, 256, 256] prompt maps
    at::Tensor embedding;    ///< [4096, 256]
    double familiarity = 0;  ///< largest cosine of the structure to a prototype: is this something the experts know
    double strangeness = 0;  ///< of the picture: how far from those that the experts learned on
};

/// Pixel probability adaptive voting (engine.md 2.4): a small shared network looks at each voice at each pixel and
/// gives it a vote; votes become weights that sum to one, and the answer is the weighted mean of the voices'
/// probabilities. Voices are treated alike, so their order changes nothing but rounding.
class VotingNetwork {
public:
    /// Parameters that a training starts from: every voice has the same weight everywhere.
    [[nodiscard]] static NamedTensors fresh(std::uint64_t seed);
    /// std::invalid_argument where a tensor is missing or has another shape, or the cut is no share.
    explicit VotingNetwork(NamedTensors parameters);

    /// Weights [V, 256, 256]: weightsOf(votes()). Differentiable in the parameters.
    [[nodiscard]] at::Tensor weights(const Ballot& ballot) const;
    /// Votes [V, 128, 128] before they are drawn out. Differentiable in the parameters.
    [[nodiscard]] at::Tensor votes(const Ballot& ballot) const;
    /// Voices whose mask agrees less than this (IoU) with the weighted majority are dropped.
    [[nodiscard]] double threshold() const;
    /// A pixel belongs to the mask where the weighted mean reaches this. Training looks for it at ½ and below: the mask
    /// of the best expected Dice takes in all that is likelier than half of that Dice.
    [[nodiscard]] double cut() const;
    [[nodiscard]] const NamedTensors& parameters() const { return m_parameters; }

private:
    [[nodiscard]] at::Tensor features(const Ballot& ballot) const;
    NamedTensors m_parameters;
};

/// How much a picture is like those that the experts learned on, from its strangeness: 0 to 1. The closer, the more the
/// judge's score counts.
[[nodiscard]] double closeness(double strangeness);
/// Logits whose mask is where `p` reaches `cut`.
[[nodiscard]] at::Tensor decided(const at::Tensor& p, double cut);

/// Weights [V, 256, 256] of votes [V, 128, 128]: drawn out, then softmax over voices.
[[nodiscard]] at::Tensor weightsOf(const at::Tensor& votes);

/// The outcome of a vote.
struct Outcome {
    at::Tensor p;              ///< [256, 256]
    at::Tensor weights;        ///< [V, 256, 256], zero for dropped voices
    std::vector<bool> dropped; ///< by voice
};
/// Σ w p after voices that disagree with the weighted majority (IoU of masks below `threshold`; two empty masks: 1)
/// have been dropped and the weights renormalised; the heaviest always stays. `usedHeight` × `usedWidth`: without the
/// padding.
[[nodiscard]] Outcome tally(const at::Tensor& p, const at::Tensor& weights, double threshold, int usedHeight,
                            int usedWidth);
/// 1 − Σ w · [(p_e ≥ ½) = (p ≥ ½)]: [256, 256], 0 where all agree.
[[nodiscard]] at::Tensor disagreement(const at::Tensor& p, const Outcome& outcome);

} // namespace icmoe
