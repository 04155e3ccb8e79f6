#pragma once

#include "core/engine/Prompt.h"
#include "inference/training/Random.h"

#include <optional>
#include <vector>

namespace icmoe::training {

/// Prompts as annotators would give them for a known object (engine.md 2.6). Points lie on the mask's own grid.

/// A click in the inner half of the object; often its interior-most pixel.
[[nodiscard]] std::optional<PointPrompt> firstClick(const SliceMask& truth, Random& random);
/// A click at an error of the answer: mostly the interior-most pixel of the largest one, sometimes of another, with
/// jitter inside it. Nothing where nothing is wrong.
[[nodiscard]] std::optional<PointPrompt> correctingClick(const SliceMask& truth, const SliceMask& answer,
                                                         Random& random);
/// The object's box, each side moved by a tenth of its length (deviation).
[[nodiscard]] BoxPrompt jitteredBox(const SliceMask& truth, Random& random);
/// A curve that stays in the inner part of a region; nothing where the region is too thin.
[[nodiscard]] std::optional<ScribblePrompt> scribbleIn(const SliceMask& region, bool inside, Random& random);
/// A rough outline around the object.
[[nodiscard]] std::optional<LassoPrompt> lassoAround(const SliceMask& truth, Random& random);
/// The object as a hurried hand or an earlier slice would give it: grown, shrunk, shifted, with pieces missing.
[[nodiscard]] std::optional<MaskPrompt> roughMask(const SliceMask& truth, Random& random);

/// What a simulated annotator opens with.
enum class Opening { click, box, scribble, lasso, mask, boxAndClick };
[[nodiscard]] std::vector<Prompt> openWith(Opening opening, const SliceMask& truth, Random& random);

/// Adds a click unless one is there already; false then.
bool addClick(std::vector<Prompt>& prompts, const PointPrompt& click);

} // namespace icmoe::training
