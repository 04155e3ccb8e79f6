#include "core/mask/Metrics.h"

#include "core/mask/DistanceTransform.h"

#include <algorithm>
#include <cmath>

namespace icmoe {
namespace {

double diceOf(std::size_t both, std::size_t a, std::size_t b)
{
    return a + b == 0 ? 1.0 : 2.0 * static_cast<double>(both) / static_cast<double>(a + b);
}

/// Pixels of the mask that have a 4-neighbour outside it.
std::vector<std::uint8_t> borderBitmap(const SliceMask& mask)
{
    auto bitmap = mask.toBitmap();
    auto border = bitmap;
    const auto w = static_cast<std::size_t>(mask.width());
    const auto h = static_cast<std::size_t>(mask.height());
    for (std::size_t y = 0; y < h; ++y) {
        for (std::size_t x = 0; x < w; ++x) {
            const std::size_t i = y * w + x;
            const bool inner = x > 0 && y > 0 && x + 1 < w && y + 1 < h && bitmap[i - 1] && bitmap[i + 1] &&
                               bitmap[i - w] && bitmap[i + w];
            if (inner) {
                border[i] = 0;
            }
        }
    }
    return border;
}

void addDistances(std::vector<double>& all, const std::vector<std::uint8_t>& from, const std::vector<double>& squared)
{
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (from[i] != 0) {
            all.push_back(std::sqrt(squared[i]));
        }
    }
}

} // namespace

double iou(const SliceMask& a, const SliceMask& b)
{
    const auto both = static_cast<double>(a.intersected(b).area());
    const auto either = static_cast<double>(a.area() + b.area()) - both;
    return either > 0 ? both / either : 1;
}

double dice(const SliceMask& a, const SliceMask& b)
{
    return diceOf(a.intersected(b).area(), a.area(), b.area());
}

double dice(const Mask& a, const Mask& b)
{
    std::size_t both = 0;
    for (const auto& [k, slice] : a.slices()) {
        both += slice.intersected(b.slice(k)).area();
    }
    return diceOf(both, a.voxelCount(), b.voxelCount());
}

double hausdorff95(const SliceMask& a, const SliceMask& b, double spacingX, double spacingY)
{
    if (a.empty() && b.empty()) {
        return 0;
    }
    if (a.empty() || b.empty()) {
        return std::hypot(a.width() * spacingX, a.height() * spacingY);
    }
    const auto borderA = borderBitmap(a);
    const auto borderB = borderBitmap(b);
    std::vector<double> distances;
    addDistances(distances, borderA, squaredDistance(borderB, a.width(), a.height(), spacingX, spacingY));
    addDistances(distances, borderB, squaredDistance(borderA, a.width(), a.height(), spacingX, spacingY));
    const auto rank = static_cast<std::ptrdiff_t>(std::ceil(0.95 * static_cast<double>(distances.size()))) - 1;
    std::nth_element(distances.begin(), distances.begin() + rank, distances.end());
    return distances[static_cast<std::size_t>(rank)];
}

} // namespace icmoe
