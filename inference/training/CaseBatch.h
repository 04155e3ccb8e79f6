#pragma once

#include "inference/icmoe/Council.h"
#include "inference/training/PromptSimulator.h"
#include "inference/training/ViewLibrary.h"

#include <functional>

namespace icmoe::training {

/// One object of one picture with the prompts that an annotator has given so far.
struct TrainingCase {
    std::size_t view = 0;
    const TrainingObject* object = nullptr;
    std::vector<Prompt> prompts;
    std::int64_t expert = 0;
    at::Tensor previous;     ///< [256, 256] probabilities of a first pass over the same prompts; undefined: none
    bool secondPass = false; ///< builds on what the trainee itself answers first
    std::int64_t basic = 0;  ///< the basic expert of the prompts it began with
    Random random{0};        ///< of its own, so that its prompts do not depend on who answers it
};

/// The cases as one batch for the experts, in their order. `restyle`: deviation of a gain and an offset that every
/// channel of the cached features gets, which stands for another scanner; 0: as they are. Errors of
/// ViewLibrary::features().
[[nodiscard]] Result<ExpertBatch> batchOf(ViewLibrary& library, const std::vector<TrainingCase>& cases,
                                          double restyle = 0);

/// Answers in fp32; inside, products are in bfloat16 where that is asked for.
[[nodiscard]] ExpertAnswers inBf16(bool wanted, const std::function<ExpertAnswers()>& answer);
[[nodiscard]] ExpertAnswers answered(const ExpertDecoder& decoder, const ExpertParameters& experts,
                                     const ExpertBatch& batch, bool bf16);

/// What an answer is worth on the slice's own grid.
struct CaseOutcome {
    SliceMask answer;
    double dice = 0;
    double iou = 0;
};
[[nodiscard]] CaseOutcome outcomeOf(const at::Tensor& logits, const View& view, const SliceMask& truth);
/// The same of logits that are on the slice's own grid.
[[nodiscard]] CaseOutcome outcomeOf(const at::Tensor& logitsOnSlice, const SliceMask& truth);

/// Mean over the batch of 20 · focal + Dice of the masks and 0.05 · the squared error of the predicted IoU, and the
/// outcomes. One sample's loss counts 1/N.
struct BatchLoss {
    at::Tensor loss;
    std::vector<CaseOutcome> outcomes;
};
[[nodiscard]] BatchLoss lossOf(const ViewLibrary& library, const std::vector<TrainingCase>& cases,
                               const ExpertAnswers& answers);

/// Adds a correcting click to each case; unchanged where nothing is wrong.
void correct(std::vector<TrainingCase>& cases, const std::vector<CaseOutcome>& outcomes);

/// How many correcting clicks are given before a step looks at its cases: mostly none.
[[nodiscard]] int drawEarlierClicks(Random& random);

/// The frozen basic experts' answers to the prompts of each case, without gradients.
[[nodiscard]] Result<ExpertAnswers> basicAnswers(const Council& council, ViewLibrary& library,
                                                 const std::vector<TrainingCase>& cases, bool bf16);
/// Corrects what `answer` says `clicks` times, as an annotator would. Errors of `answer`.
Status clickAhead(const ViewLibrary& library, int clicks,
                  const std::function<Result<ExpertAnswers>(const std::vector<TrainingCase>&)>& answer,
                  std::vector<TrainingCase>& cases);

/// The basic expert of the prompts that a case opens with.
[[nodiscard]] std::int64_t basicFor(Opening opening);

/// Chooses a data set, then a picture of it, then a value of its labels, then a connected part of that by area.
class CaseSampler {
public:
    /// `weights`: by set name, 1 where a set is not named. `views`: those that may be drawn; empty: all.
    CaseSampler(const ViewLibrary& library, const std::map<std::string, double>& weights,
                const std::vector<std::size_t>& views = {});
    [[nodiscard]] TrainingCase draw(Random& random) const;
    /// With its opening prompts and their basic expert.
    [[nodiscard]] TrainingCase drawOpened(Opening (*drawOpening)(Random&), Random& random) const;

private:
    const ViewLibrary& m_library;
    std::vector<std::vector<std::size_t>> m_sets;
    std::vector<double> m_shares; ///< cumulative
};

} // namespace icmoe::training
