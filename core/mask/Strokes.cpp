#include "core/mask/Strokes.h"

#include "core/mask/Metrics.h"

#include <algorithm>

namespace icmoe {
namespace {

std::vector<Point2> walk(const SliceMask& piece)
{
    std::vector<Point2> left;
    const auto width = static_cast<std::uint32_t>(piece.width());
    for (const Run& run : piece.runs()) {
        for (std::uint32_t p = run.begin; p < run.end; ++p) {
            left.push_back({static_cast<double>(p % width), static_cast<double>(p / width)});
        }
    }
    std::vector<Point2> path{left.front()};
    left.erase(left.begin());
    while (!left.empty()) {
        const Point2 at = path.back();
        const auto distance = [&](const Point2& p) {
            return (p.x - at.x) * (p.x - at.x) + (p.y - at.y) * (p.y - at.y);
        };
        const auto next = std::min_element(left.begin(), left.end(),
                                           [&](const Point2& a, const Point2& b) { return distance(a) < distance(b); });
        path.push_back(*next);
        left.erase(next);
    }
    return path;
}

} // namespace

std::vector<std::vector<Point2>> strokePaths(const SliceMask& strokes)
{
    std::vector<std::vector<Point2>> paths;
    for (const SliceMask& piece : connectedComponents(strokes)) {
        paths.push_back(walk(piece));
    }
    return paths;
}

} // namespace icmoe
