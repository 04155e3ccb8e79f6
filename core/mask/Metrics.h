#pragma once

#include "core/mask/Mask.h"

namespace icmoe {

/// 2|A∩B| / (|A|+|B|); both empty: 1.
[[nodiscard]] double dice(const SliceMask& a, const SliceMask& b);
[[nodiscard]] double dice(const Mask& a, const Mask& b);
/// |A∩B| / |A∪B|; both empty: 1.
[[nodiscard]] double iou(const SliceMask& a, const SliceMask& b);
/// 95th percentile of symmetric surface distances in millimetres on one slice. Both empty 0; one empty: the
/// picture's diagonal.
[[nodiscard]] double hausdorff95(const SliceMask& a, const SliceMask& b, double spacingX, double spacingY);

/// 8-connected (or 4-connected) components, largest first (ties: first in row order).
[[nodiscard]] std::vector<SliceMask> connectedComponents(const SliceMask& mask, bool eightConnected = true);
/// The pixel farthest (Euclidean, pixels) from the border of object or picture; ties: first in row order. Empty mask:
/// nullopt.
[[nodiscard]] std::optional<Point2> interiorMostPixel(const SliceMask& mask);

} // namespace icmoe
