#pragma once

#include "core/base/Result.h"
#include "core/image/Plane.h"
#include "core/label/Label.h"
#include "core/mask/SliceMask.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace icmoe {

using PromptId = std::uint64_t;

/// Corners in slice pixels, x0 ≤ x1, y0 ≤ y1; pixel centres, so a one-pixel object has x0 = x1.
struct BoxPrompt {
    double x0 = 0;
    double y0 = 0;
    double x1 = 0;
    double y1 = 0;
    bool operator==(const BoxPrompt&) const = default;
};
struct PointPrompt {
    Point2 at;
    bool inside = true;
    bool operator==(const PointPrompt&) const = default;
};
struct ScribblePrompt {
    std::vector<Point2> path;
    bool inside = true;
    bool operator==(const ScribblePrompt&) const = default;
};
struct LassoPrompt {
    std::vector<Point2> polygon; ///< closed, not repeated
    bool operator==(const LassoPrompt&) const = default;
};
struct MaskPrompt {
    SliceMask mask;
    bool operator==(const MaskPrompt&) const = default;
};

/// The structure's name: routes to what the experts know of it.
struct LabelPrompt {
    std::string label;
    bool operator==(const LabelPrompt&) const = default;
};

/// One thing the annotator said about one slice. An object with an id, so that it can be moved or deleted.
struct Prompt {
    PromptId id = 0;
    Plane plane = Plane::acquisition;
    int slice = 0;
    std::variant<BoxPrompt, PointPrompt, ScribblePrompt, LassoPrompt, MaskPrompt, LabelPrompt> shape;
    bool operator==(const Prompt&) const = default;
};

/// A prompt that names what is meant on a slice.
[[nodiscard]] Prompt labelPrompt(Plane plane, int slice, std::string label, PromptId id = 0);

/// A canonical order (kind, coordinates), so that the order of prompts changes no bit (IC9).
[[nodiscard]] std::vector<Prompt> canonicalOrder(std::vector<Prompt> prompts);
/// Refuses an empty set (emptyInput), prompts of several slices or planes, two labels, coordinates that are not finite
/// or a label without a name (invalidArgument), or outside the picture by more than its size (outOfRange), a positive
/// and a negative click on one pixel (conflictingPrompts).
[[nodiscard]] Status checkPrompts(const std::vector<Prompt>& prompts, int width, int height);

/// JSON text of prompts, as the store and `annotate` hold them, and back (malformedFile).
[[nodiscard]] std::string promptsToJson(const std::vector<Prompt>& prompts);
[[nodiscard]] Result<std::vector<Prompt>> promptsFromJson(std::string_view json);

} // namespace icmoe
