#pragma once

#include "core/mask/SliceMask.h"

namespace icmoe {

/// The centre lines of drawn strokes: a walk over the pixels of each 8-connected piece, the next pixel always the
/// nearest one that was not visited. Quadratic in a piece's pixels, so strokes have to be thin.
[[nodiscard]] std::vector<std::vector<Point2>> strokePaths(const SliceMask& strokes);

/// A stroke as one draws it through an object: the longest of the shortest ways between pixels of its inner half (at
/// least half as deep as the deepest one), in the piece around that. Empty for an empty mask.
[[nodiscard]] std::vector<Point2> strokeThrough(const SliceMask& object);

} // namespace icmoe
