#pragma once

#include "inference/icmoe/Voting.h"

namespace icmoe {

constexpr std::int64_t kSigns = 10;

/// Pixels within three of a mask's outline: bool [256, 256].
[[nodiscard]] at::Tensor boundaryBand(const at::Tensor& mask);
/// Mean of a map over a band; 0 where it is empty.
[[nodiscard]] double meanOver(const at::Tensor& band, const at::Tensor& map);

/// What tells how well an answer fits, [kSigns]: the voices' own estimates (weighted mean, largest), disagreement and
/// certainty over the boundary, familiarity, strangeness, the selector's score, whether there is a box, the mask's
/// size, the share of voices that kept their vote. `disagreement` is that of the outcome.
[[nodiscard]] at::Tensor answerSigns(const Ballot& ballot, const Outcome& outcome, const at::Tensor& disagreement);

/// The calibrated quality of an answer: a logistic model of its IoU, fitted on answers of sessions with a truth.
class QualityEstimate {
public:
    /// std::invalid_argument where a tensor is missing or has another shape.
    explicit QualityEstimate(NamedTensors parameters);
    /// Fits to `signs` [N, kSigns] and the IoU of each, [N]. std::invalid_argument where N is 0.
    [[nodiscard]] static NamedTensors fitted(const at::Tensor& signs, const at::Tensor& iou);
    /// Expected IoU, 0..1.
    [[nodiscard]] double operator()(const at::Tensor& signs) const;

private:
    NamedTensors m_parameters;
};

} // namespace icmoe
