#include "core/mask/SliceMask.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>
#include <vector>

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

namespace {

/// Pixels begin … end − 1 of one row.
struct Stretch {
    int begin = 0;
    int end = 0;
};
using Row = std::vector<Stretch>;

/// Calls `apart` with each pixel of a row that another one lacks.
template<typename Function>
void forEachApart(const Row& row, const Row& other, Function&& apart)
{
    auto at = other.begin();
    for (const Stretch stretch : row) {
        for (int x = stretch.begin; x < stretch.end;) {
            while (at != other.end() && at->end <= x) {
                ++at;
            }
            const int free = at != other.end() ? std::min(at->begin, stretch.end) : stretch.end;
            for (; x < free; ++x) {
                apart(x);
            }
            if (at != other.end()) {
                x = std::max(x, std::min(at->end, stretch.end));
            }
        }
    }
}

/// The pixel corners around an object's bounds, each with the directions in which border edges leave it. Edges have the
/// object on their right. Made from runs: the work grows with the border, not with the area.
class CornerGrid {
public:
    enum Direction : int { right = 0, down = 1, left = 2, up = 3 };

    CornerGrid(const SliceMask& mask, const PixelBox& box)
        : m_box(box)
        , m_width(box.x1 - box.x0 + 2)
        , m_height(box.y1 - box.y0 + 2)
        , m_leaving(static_cast<std::size_t>(m_width) * static_cast<std::size_t>(m_height))
    {
        const auto rows = rowsOf(mask, box);
        const Row nothing;
        for (int y = 0; y < m_height; ++y) {
            const Row& above = y > 0 ? rows[static_cast<std::size_t>(y - 1)] : nothing;
            const Row& here = y + 1 < m_height ? rows[static_cast<std::size_t>(y)] : nothing;
            forEachApart(here, above, [&](int x) { leave(x, y, right); });
            forEachApart(above, here, [&](int x) { leave(x + 1, y, left); });
            for (const Stretch stretch : here) {
                leave(stretch.begin, y + 1, up);
                leave(stretch.end, y, down);
            }
        }
        std::sort(m_corners.begin(), m_corners.end());
    }

    /// (x, y) of the corners that edges leave, by x and then y; some more than once.
    [[nodiscard]] const std::vector<std::pair<int, int>>& corners() const { return m_corners; }
    [[nodiscard]] unsigned leaving(int x, int y) const { return m_leaving[index(x, y)]; }
    void take(int x, int y, int direction) { m_leaving[index(x, y)] &= static_cast<std::uint8_t>(~(1U << direction)); }
    [[nodiscard]] Point2 point(int x, int y) const { return {m_box.x0 + x - 0.5, m_box.y0 + y - 0.5}; }

private:
    [[nodiscard]] std::size_t index(int x, int y) const
    {
        return static_cast<std::size_t>(y) * static_cast<std::size_t>(m_width) + static_cast<std::size_t>(x);
    }
    static std::vector<Row> rowsOf(const SliceMask& mask, const PixelBox& box)
    {
        std::vector<Row> rows(static_cast<std::size_t>(box.y1 - box.y0 + 1));
        const auto width = static_cast<std::uint32_t>(mask.width());
        for (const Run run : mask.runs()) {
            for (std::uint32_t at = run.begin; at < run.end;) { // a run may span rows
                const std::uint32_t row = at / width;
                const std::uint32_t end = std::min(run.end, (row + 1) * width);
                rows[static_cast<std::size_t>(static_cast<int>(row) - box.y0)].push_back(
                    {static_cast<int>(at - row * width) - box.x0, static_cast<int>(end - row * width) - box.x0});
                at = end;
            }
        }
        return rows;
    }
    void leave(int x, int y, Direction direction)
    {
        m_leaving[index(x, y)] |= static_cast<std::uint8_t>(1U << direction);
        m_corners.emplace_back(x, y);
    }

    PixelBox m_box;
    int m_width;
    int m_height;
    std::vector<std::uint8_t> m_leaving;
    std::vector<std::pair<int, int>> m_corners;
};

/// Follows the border from a corner back to it, and takes its edges out of the grid. Where two objects meet at a corner
/// it turns right, so that 8-neighbours are drawn apart.
std::vector<Point2> followBorder(CornerGrid& grid, int startX, int startY)
{
    constexpr std::array<int, 4> kStepX{1, 0, -1, 0};
    constexpr std::array<int, 4> kStepY{0, 1, 0, -1};
    std::vector<Point2> loop{grid.point(startX, startY)};
    int direction = std::countr_zero(grid.leaving(startX, startY));
    int x = startX;
    int y = startY;
    do {
        grid.take(x, y, direction);
        x += kStepX[static_cast<std::size_t>(direction)];
        y += kStepY[static_cast<std::size_t>(direction)];
        if (x == startX && y == startY) {
            break;
        }
        for (const int turn : {1, 0, 3}) { // right, straight on, left
            const int next = (direction + turn) % 4;
            if ((grid.leaving(x, y) >> next & 1U) != 0) {
                if (turn != 0) {
                    loop.push_back(grid.point(x, y));
                }
                direction = next;
                break;
            }
        }
    } while (true);
    return loop;
}

} // namespace

std::vector<std::vector<Point2>> outlines(const SliceMask& mask)
{
    const auto box = mask.bounds();
    if (!box) {
        return {};
    }
    CornerGrid grid(mask, *box);
    std::vector<std::vector<Point2>> loops;
    for (const auto& [x, y] : grid.corners()) {
        while (grid.leaving(x, y) != 0) {
            loops.push_back(followBorder(grid, x, y));
        }
    }
    return loops;
}

} // namespace icmoe
