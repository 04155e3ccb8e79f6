#pragma once

#include "core/engine/Prompt.h"

namespace icmoe {

/// What the program promises around the network (engine.md section 5).
struct GuaranteeOptions {
    bool honourClicks = true; ///< IC7: every positive click inside, every negative one outside
    bool limitLeak = true;    ///< pixels outside the drawn boxes at most kLeakShare of the boxes' area
    bool dropIslands = true;  ///< small components that touch no prompt
};
inline constexpr double kLeakShare = 0.15;
/// A component smaller than this share of the largest one is an island.
inline constexpr double kIslandShare = 0.1;

/// The mask with those promises kept by small changes: the pixels farthest from the boxes go first; a wrong click takes
/// away its own component, or a small disc where that component is the only one or holds a positive click; a missed
/// click adds a small disc. Prompts are in canonical order and on the mask's grid.
[[nodiscard]] SliceMask keepGuarantees(SliceMask mask, const std::vector<Prompt>& prompts,
                                       const GuaranteeOptions& options = {});

} // namespace icmoe
