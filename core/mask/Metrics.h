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
/// Squared Euclidean distance (pixels) of each pixel to the border of object or picture, within the object's box and a
/// frame of one pixel around it.
struct BorderDistance {
    int x0; ///< where the frame begins
    int y0;
    int width;
    int height;
    std::vector<double> squared; ///< height × width

    [[nodiscard]] std::size_t index(int x, int y) const
    {
        return static_cast<std::size_t>(y - y0) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x - x0);
    }
    [[nodiscard]] Point2 pixel(std::size_t index) const
    {
        const int row = static_cast<int>(index) / width;
        const int column = static_cast<int>(index) % width;
        return {static_cast<double>(x0 + column), static_cast<double>(y0 + row)};
    }
};
/// Nothing for an empty mask.
[[nodiscard]] std::optional<BorderDistance> borderDistance(const SliceMask& mask);
/// The pixel farthest (Euclidean, pixels) from the border of object or picture; ties: first in row order. Empty mask:
/// nullopt.
[[nodiscard]] std::optional<Point2> interiorMostPixel(const SliceMask& mask);

} // namespace icmoe
