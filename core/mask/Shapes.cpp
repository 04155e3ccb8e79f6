#include "core/mask/SliceMask.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

namespace icmoe {
namespace {

/// Adds the pixels of row y with x in [from, to] (continuous), clipped.
void addSpan(std::vector<Run>& runs, int width, int height, int y, double from, double to)
{
    if (y < 0 || y >= height || !(from <= to)) {
        return;
    }
    const double first = std::max(0.0, std::ceil(from));
    const double last = std::min(static_cast<double>(width) - 1, std::floor(to));
    if (first <= last) {
        const auto row = static_cast<std::uint32_t>(y) * static_cast<std::uint32_t>(width);
        runs.push_back({row + static_cast<std::uint32_t>(first), row + static_cast<std::uint32_t>(last) + 1});
    }
}

void addEllipse(std::vector<Run>& runs, int width, int height, Point2 centre, double radiusX, double radiusY)
{
    const int top = static_cast<int>(std::max(0.0, std::ceil(centre.y - radiusY)));
    const int bottom = static_cast<int>(std::min(height - 1.0, std::floor(centre.y + radiusY)));
    for (int y = top; y <= bottom; ++y) {
        const double up = (y - centre.y) / radiusY;
        const double half = radiusX * std::sqrt(std::max(0.0, 1 - up * up));
        addSpan(runs, width, height, y, centre.x - half, centre.x + half);
    }
    if (std::round(centre.x) >= 0 && std::round(centre.x) < width) { // a brush always paints the pixel under it
        addSpan(runs, width, height, static_cast<int>(std::lround(centre.y)), std::round(centre.x),
                std::round(centre.x));
    }
}

/// The parallelogram between two equal ellipses: the segment swept sideways by the ellipse's extreme points.
void addBridge(std::vector<Run>& runs, int width, int height, Point2 a, Point2 b, double radiusX, double radiusY)
{
    // in a space where the ellipse is a unit circle, the bridge is a rectangle
    const Point2 way{(b.x - a.x) / radiusX, (b.y - a.y) / radiusY};
    const double distance = std::hypot(way.x, way.y);
    if (distance < 1e-9) {
        return;
    }
    const Point2 side{-way.y / distance * radiusX, way.x / distance * radiusY};
    const std::array<Point2, 4> corners{Point2{a.x + side.x, a.y + side.y}, Point2{b.x + side.x, b.y + side.y},
                                        Point2{b.x - side.x, b.y - side.y}, Point2{a.x - side.x, a.y - side.y}};
    const SliceMask bridge = polygonMask(width, height, corners);
    runs.insert(runs.end(), bridge.runs().begin(), bridge.runs().end());
}

} // namespace

SliceMask ellipseMask(int width, int height, Point2 centre, double radiusX, double radiusY)
{
    std::vector<Run> runs;
    addEllipse(runs, width, height, centre, std::max(radiusX, 1e-6), std::max(radiusY, 1e-6));
    return SliceMask::fromRuns(std::move(runs), width, height);
}

SliceMask strokeMask(int width, int height, std::span<const Point2> path, double radiusX, double radiusY)
{
    std::vector<Run> runs;
    radiusX = std::max(radiusX, 0.5);
    radiusY = std::max(radiusY, 0.5);
    for (std::size_t i = 0; i < path.size(); ++i) {
        addEllipse(runs, width, height, path[i], radiusX, radiusY);
        if (i > 0) {
            addBridge(runs, width, height, path[i - 1], path[i], radiusX, radiusY);
        }
    }
    return SliceMask::fromRuns(std::move(runs), width, height);
}

SliceMask polygonMask(int width, int height, std::span<const Point2> polygon)
{
    std::vector<Run> runs;
    if (polygon.size() < 3) {
        return SliceMask(width, height);
    }
    const auto [lowest, highest] =
        std::minmax_element(polygon.begin(), polygon.end(), [](Point2 a, Point2 b) { return a.y < b.y; });
    const int top = static_cast<int>(std::max(0.0, std::ceil(lowest->y)));
    const int bottom = static_cast<int>(std::min(height - 1.0, std::floor(highest->y)));
    std::vector<double> crossings;
    for (int y = top; y <= bottom; ++y) {
        crossings.clear();
        for (std::size_t i = 0; i < polygon.size(); ++i) {
            const Point2 a = polygon[i];
            const Point2 b = polygon[(i + 1) % polygon.size()];
            if ((a.y <= y) != (b.y <= y)) {
                crossings.push_back(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
            }
        }
        std::sort(crossings.begin(), crossings.end());
        for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
            addSpan(runs, width, height, y, crossings[i], crossings[i + 1]);
        }
    }
    return SliceMask::fromRuns(std::move(runs), width, height);
}

std::vector<std::vector<Point2>> outlines(const SliceMask& mask)
{
    const auto box = mask.bounds();
    if (!box) {
        return {};
    }
    // Directed pixel edges with the object on their right; each corner leads on to the next. Where two objects meet at
    // a corner there are two ways on: take the one that turns right, so that 8-neighbours are drawn apart.
    struct Corner {
        int x;
        int y;
        bool operator==(const Corner&) const = default;
        bool operator<(const Corner& other) const { return std::tie(x, y) < std::tie(other.x, other.y); }
    };
    std::multimap<Corner, Corner> edges;
    for (int y = box->y0; y <= box->y1; ++y) {
        for (int x = box->x0; x <= box->x1; ++x) {
            if (!mask.contains(x, y)) {
                continue;
            }
            if (!mask.contains(x, y - 1)) {
                edges.emplace(Corner{x, y}, Corner{x + 1, y});
            }
            if (!mask.contains(x + 1, y)) {
                edges.emplace(Corner{x + 1, y}, Corner{x + 1, y + 1});
            }
            if (!mask.contains(x, y + 1)) {
                edges.emplace(Corner{x + 1, y + 1}, Corner{x, y + 1});
            }
            if (!mask.contains(x - 1, y)) {
                edges.emplace(Corner{x, y + 1}, Corner{x, y});
            }
        }
    }
    std::vector<std::vector<Point2>> loops;
    while (!edges.empty()) {
        const Corner start = edges.begin()->first;
        Corner from = start;
        Corner to = edges.begin()->second;
        edges.erase(edges.begin());
        std::vector<Point2> loop{{from.x - 0.5, from.y - 0.5}};
        while (to != start) {
            auto [next, end] = edges.equal_range(to);
            auto best = next;
            for (auto candidate = next; candidate != end; ++candidate) {
                const int turn =
                    (to.x - from.x) * (candidate->second.y - to.y) - (to.y - from.y) * (candidate->second.x - to.x);
                if (turn > 0) {
                    best = candidate;
                }
            }
            const Corner after = best->second;
            if ((to.x - from.x) * (after.y - to.y) != (to.y - from.y) * (after.x - to.x)) {
                loop.push_back({to.x - 0.5, to.y - 0.5});
            }
            from = to;
            to = after;
            edges.erase(best);
        }
        loops.push_back(std::move(loop));
    }
    return loops;
}

} // namespace icmoe
