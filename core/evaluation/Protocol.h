#pragma once

#include "core/base/Result.h"
#include "core/engine/Prompt.h"
#include "core/engine/Proposal.h"

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace icmoe::evaluation {

/// How prompts are made from the truth (engine.md section 4).
struct Protocol {
    enum class Kind { box, clicks, scribble };
    Kind kind = Kind::box;
    int clicks = 0;
    double enough = 1; ///< the Dice that ends the clicks
};
/// "box", "clicks:5" (1 to 20), "noc" (up to 20 until a Dice of 0.90), "scribble". invalidArgument.
[[nodiscard]] Result<Protocol> parseProtocol(const std::string& text);

/// First and last pixel of the object.
[[nodiscard]] BoxPrompt tightBox(const SliceMask& truth);
/// The first click (empty answer), else the interior-most pixel of the largest 8-connected error: positive where the
/// answer misses, negative where it is wrong. Nothing where both are equal.
[[nodiscard]] std::optional<PointPrompt> nextClick(const SliceMask& truth, const SliceMask& answer);

/// What the engine expected of an answer, and what it was worth (IoU).
struct QualityPair {
    double predicted = 0;
    double actual = 0;
};

/// Dice after each prompt (one for a box).
struct CaseScore {
    std::string picture;
    std::vector<double> dice;
    double seconds = 0;
    std::vector<QualityPair> quality = {}; ///< of each answer
};

using Ask = std::function<Result<Proposal>(std::vector<Prompt>)>;

/// Plays one case: clicks go on until they are used up, the Dice is enough, nothing is wrong any more, or a click would
/// contradict an earlier one; the last Dice then stands for the rest. Errors of the engine.
[[nodiscard]] Result<CaseScore> playBox(const SliceMask& truth, const Ask& ask);
/// All of an annotator's strokes at once.
[[nodiscard]] Result<CaseScore> playScribbles(const SliceMask& truth, std::vector<ScribblePrompt> strokes,
                                              const Ask& ask);
[[nodiscard]] Result<CaseScore> playClicks(const SliceMask& truth, const Protocol& protocol, const Ask& ask);

/// Mean Dice after prompt `n` (0-based).
[[nodiscard]] double meanDice(const std::vector<CaseScore>& scores, std::size_t n);
/// 95% interval of the mean of the last Dice, by resampling pictures 2,000 times from a fixed seed.
[[nodiscard]] std::array<double, 2> bootstrapInterval(const std::vector<CaseScore>& scores, unsigned seed = 1);

/// Answers whose predicted quality lies in [from, to).
struct ReliabilityBin {
    double from = 0;
    double to = 0;
    std::size_t count = 0;
    QualityPair mean;
};
/// Ten bins over 0..1, the last with its end; and the mean distance of predicted and actual, weighted by their counts.
struct Reliability {
    std::vector<ReliabilityBin> bins;
    double calibrationError = 0;
};
[[nodiscard]] Reliability reliabilityOf(const std::vector<QualityPair>& pairs);

/// Mean number of clicks to a Dice, those that never get there counted as `cap`, and their share.
struct ClicksToDice {
    double mean = 0;
    double neverShare = 0;
};
[[nodiscard]] ClicksToDice clicksTo(const std::vector<CaseScore>& scores, double dice, int cap);

} // namespace icmoe::evaluation
