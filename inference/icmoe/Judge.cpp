#include "inference/icmoe/Judge.h"

#include "inference/icmoe/PromptReading.h"

#include <ATen/ATen.h>

namespace icmoe {

at::Tensor voiceFeatures(const Ballot& ballot, const at::Tensor& grey, int usedWidth, int usedHeight)
{
    const auto count = ballot.logits.size(0);
    const auto& maps = ballot.maps;
    const MaskScene scene{grey,
                          ballot.embedding,
                          at::maximum(maps[kPositiveClicks], maps[kPositiveScribble]),
                          at::maximum(maps[kNegativeClicks], maps[kNegativeScribble]),
                          usedWidth,
                          usedHeight};
    const auto there = maps.flatten(1).amax(1); // by map
    const bool hasBox = there[kBoxInterior].item<float>() > 0.5F;
    const auto boxes = hasBox ? (maps[kBoxInterior] > 0.5).to(at::kFloat).expand({count, -1, -1}) : at::Tensor();
    const auto iou = at::stack({ballot.predictedIou, ballot.routing}, 1);
    const auto family = at::one_hot(ballot.families, static_cast<std::int64_t>(VoterFamily::count)).to(at::kFloat);
    const auto strokes = at::maximum(there[kPositiveScribble], there[kLassoInterior]);
    const auto number = [&](double value) { return at::full({}, static_cast<float>(value), there.options()); };
    const auto question = at::stack({there[kPositiveClicks], there[kNegativeClicks], strokes, there[kBoxInterior],
                                     there[kPreviousMask], number(ballot.familiarity), number(ballot.strangeness)});
    return at::cat({maskFeatures(ballot.logits, iou, boxes, scene), family, ballot.score.unsqueeze(1),
                    question.expand({count, -1})},
                   1);
}

} // namespace icmoe
