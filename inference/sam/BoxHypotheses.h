#pragma once

#include "core/engine/Prompt.h"
#include "inference/sam/Preprocess.h"

#include <string>
#include <vector>

namespace icmoe {

/// A box in pixels of the network's 256 × 256 picture.
struct NetworkBox {
    double x0 = 0;
    double y0 = 0;
    double x1 = 0;
    double y1 = 0;
    bool operator==(const NetworkBox&) const = default;
};

/// What the base network is asked. It was trained on boxes alone, so every kind of prompt becomes boxes: those that the
/// annotator drew are answered together (the union of their masks), guesses around clicks and strokes compete.
struct BoxQuestion {
    std::vector<NetworkBox> boxes;
    bool areGuesses = false;
    std::string notice; ///< for the annotator, empty where everything was used as meant
};

/// LiteMedSAM's published pre-processing truncates corners to whole network pixels, MedSAM's does not.
enum class BoxCorners { truncated, exact };

/// Reads checked prompts in canonical order. invalidArgument where nothing says what is inside (negative prompts
/// alone).
[[nodiscard]] Result<BoxQuestion> askBoxes(const std::vector<Prompt>& prompts, const NetworkGrid& grid,
                                           BoxCorners corners = BoxCorners::truncated);

/// About ten boxes around `core` (a click: a box without area) inside the used part of the picture, small ones first;
/// sides are moved so that points of `outside` lie outside where that is possible without cutting `core`.
[[nodiscard]] std::vector<NetworkBox> boxHypotheses(const NetworkBox& core, const std::vector<Point2>& outside,
                                                    double usedWidth, double usedHeight);

/// Cells of the embedded picture (64 × 64, four network pixels a side): columns x0 … x1 − 1, rows y0 … y1 − 1.
struct CellWindow {
    std::int64_t x0 = 0;
    std::int64_t y0 = 0;
    std::int64_t x1 = 64;
    std::int64_t y1 = 64;
};
/// The cells of a box and a quarter of its sides around it: an answer to a guessed box ends there.
[[nodiscard]] CellWindow cellsAround(const NetworkBox& box);

} // namespace icmoe
