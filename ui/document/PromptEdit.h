#pragma once

#include "core/engine/Prompt.h"

#include <QString>

#include <optional>
#include <vector>

namespace icmoe::ui {

/// "Box 1", "Inside 2", "Outside 1", "Scribble 1", "Lasso 1", "Mask 1": numbered among prompts of the same kind;
/// "Label: Putamen".
[[nodiscard]] QString promptName(const std::vector<Prompt>& prompts, PromptId id);
/// The prompt moved by stored pixels, as far as it stays on the picture.
[[nodiscard]] Prompt moved(Prompt prompt, double dx, double dy, int width, int height);
/// Inside ↔ outside; nullopt for shapes without a side.
[[nodiscard]] std::optional<Prompt> flipped(Prompt prompt);
/// The points that outline a prompt, in stored pixels: box corners, the click, the path.
[[nodiscard]] std::vector<Point2> outlineOf(const Prompt& prompt);

} // namespace icmoe::ui
