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
            const std::uint32_t row = p / width;
            left.push_back({static_cast<double>(p % width), static_cast<double>(row)});
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

/// Pixels in the order in which a walk of king's moves from the first reaches them, and whence.
struct Reached {
    std::vector<std::size_t> order;
    std::vector<std::size_t> from; ///< by pixel
};

/// `open` has a closed frame, so that neighbours of an open pixel always exist.
Reached reach(const std::vector<std::uint8_t>& open, std::size_t width, std::size_t start)
{
    Reached reached{{start}, std::vector<std::size_t>(open.size(), open.size())};
    reached.from[start] = start;
    for (std::size_t n = 0; n < reached.order.size(); ++n) {
        const auto at = reached.order[n];
        for (const auto next : {at - width, at - 1, at + 1, at + width, at - width - 1, at - width + 1, at + width - 1,
                                at + width + 1}) { // straight moves first
            if (open[next] != 0 && reached.from[next] == open.size()) {
                reached.from[next] = at;
                reached.order.push_back(next);
            }
        }
    }
    return reached;
}

} // namespace

std::vector<Point2> strokeThrough(const SliceMask& object)
{
    const auto distance = borderDistance(object);
    if (!distance) {
        return {};
    }
    const auto& squared = distance->squared;
    const auto deepest = std::max_element(squared.begin(), squared.end());
    std::vector<std::uint8_t> inner(squared.size());
    std::transform(squared.begin(), squared.end(), inner.begin(),
                   [&](double d) { return d >= *deepest / 4 ? std::uint8_t{1} : std::uint8_t{0}; });
    const auto width = static_cast<std::size_t>(distance->width);
    const auto middle = static_cast<std::size_t>(deepest - squared.begin());
    const auto oneEnd = reach(inner, width, middle).order.back();
    const auto ways = reach(inner, width, oneEnd);
    std::vector<Point2> path;
    for (auto at = ways.order.back(); at != oneEnd; at = ways.from[at]) {
        path.push_back(distance->pixel(at));
    }
    path.push_back(distance->pixel(oneEnd));
    return path;
}

std::vector<std::vector<Point2>> strokePaths(const SliceMask& strokes)
{
    std::vector<std::vector<Point2>> paths;
    for (const SliceMask& piece : connectedComponents(strokes)) {
        paths.push_back(walk(piece));
    }
    return paths;
}

} // namespace icmoe
