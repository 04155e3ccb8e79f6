#pragma once

#include "core/engine/Prompt.h"
#include "inference/sam/Preprocess.h"

#include <ATen/core/Tensor.h>
#include <optional>
#include <string>

namespace icmoe {

/// The channels of a prompt map.
enum PromptMap : int {
    kPositiveClicks,
    kNegativeClicks,
    kPositiveScribble,
    kNegativeScribble,
    kLassoInterior,
    kBoxInterior,
    kPreviousMask
};

/// A prompt set as the experts see it.
struct PromptReading {
    at::Tensor maps;   ///< [1, 7, 256, 256]
    at::Tensor points; ///< [1, P, 2] network pixels
    at::Tensor kinds;  ///< [1, P] TokenKind
    bool hasClick = false;
    bool hasStroke = false; ///< scribble, lasso or mask
    bool hasBox = false;
    bool hasMask = false; ///< the previous-mask map is the annotator's own
    std::optional<std::string> label;
};

/// Reads checked prompts in canonical order on a slice's grid.
[[nodiscard]] PromptReading readPrompts(const std::vector<Prompt>& prompts, const NetworkGrid& grid);

/// A mask on the slice's own grid → [256, 256] in 0..1, zero in the padding.
[[nodiscard]] at::Tensor maskOnNetwork(const SliceMask& mask, const NetworkGrid& grid);

} // namespace icmoe
