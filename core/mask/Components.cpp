#include "core/mask/Metrics.h"

#include "core/mask/DistanceTransform.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace icmoe {
namespace {

/// A run within one row, with the row and its component.
struct RowRun {
    int row;
    int first;
    int last; ///< inclusive
};

std::vector<RowRun> rowRuns(const SliceMask& mask)
{
    std::vector<RowRun> result;
    const auto width = static_cast<std::uint32_t>(mask.width());
    for (const Run run : mask.runs()) {
        for (std::uint32_t at = run.begin; at < run.end;) {
            const std::uint32_t row = at / width;
            const std::uint32_t end = std::min(run.end, (row + 1) * width);
            result.push_back(
                {static_cast<int>(row), static_cast<int>(at % width), static_cast<int>((end - 1) % width)});
            at = end;
        }
    }
    return result;
}

class DisjointSets {
public:
    explicit DisjointSets(std::size_t n)
        : m_parent(n)
    {
        std::iota(m_parent.begin(), m_parent.end(), std::size_t{0});
    }
    std::size_t find(std::size_t i)
    {
        while (m_parent[i] != i) {
            m_parent[i] = m_parent[m_parent[i]];
            i = m_parent[i];
        }
        return i;
    }
    void join(std::size_t a, std::size_t b)
    {
        a = find(a);
        b = find(b);
        m_parent[std::max(a, b)] = std::min(a, b);
    }

private:
    std::vector<std::size_t> m_parent;
};

} // namespace

std::vector<SliceMask> connectedComponents(const SliceMask& mask, bool eightConnected)
{
    const auto runs = rowRuns(mask);
    DisjointSets sets(runs.size());
    const int reach = eightConnected ? 1 : 0;
    std::size_t above = 0; // first run of the row above that may touch
    for (std::size_t i = 0; i < runs.size(); ++i) {
        while (above < i && (runs[above].row < runs[i].row - 1 ||
                             (runs[above].row == runs[i].row - 1 && runs[above].last + reach < runs[i].first))) {
            ++above;
        }
        for (std::size_t j = above; j < i && runs[j].row == runs[i].row - 1 && runs[j].first <= runs[i].last + reach;
             ++j) {
            sets.join(i, j);
        }
    }
    std::map<std::size_t, std::vector<Run>> grouped; // by the first run, so in row order
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const auto row = static_cast<std::uint32_t>(runs[i].row) * static_cast<std::uint32_t>(mask.width());
        grouped[sets.find(i)].push_back(
            {row + static_cast<std::uint32_t>(runs[i].first), row + static_cast<std::uint32_t>(runs[i].last) + 1});
    }
    std::vector<SliceMask> components;
    components.reserve(grouped.size());
    for (auto& [first, members] : grouped) {
        components.push_back(SliceMask::fromRuns(std::move(members), mask.width(), mask.height()));
    }
    std::stable_sort(components.begin(), components.end(),
                     [](const SliceMask& a, const SliceMask& b) { return a.area() > b.area(); });
    return components;
}

std::optional<BorderDistance> borderDistance(const SliceMask& mask)
{
    const auto box = mask.bounds();
    if (!box) {
        return std::nullopt;
    }
    // a frame of one pixel around the object's box counts as outside, also where the picture ends there
    BorderDistance result{box->x0 - 1, box->y0 - 1, box->x1 - box->x0 + 3, box->y1 - box->y0 + 3, {}};
    std::vector<std::uint8_t> outside(static_cast<std::size_t>(result.width) * static_cast<std::size_t>(result.height),
                                      1);
    for (int y = box->y0; y <= box->y1; ++y) {
        for (int x = box->x0; x <= box->x1; ++x) {
            if (mask.contains(x, y)) {
                outside[result.index(x, y)] = 0;
            }
        }
    }
    result.squared = squaredDistance(outside, result.width, result.height, 1, 1);
    return result;
}

std::optional<Point2> interiorMostPixel(const SliceMask& mask)
{
    const auto distance = borderDistance(mask);
    if (!distance) {
        return std::nullopt;
    }
    const auto& squared = distance->squared;
    const auto best = std::max_element(squared.begin(), squared.end()); // the first of equals: row order
    return distance->pixel(static_cast<std::size_t>(best - squared.begin()));
}

} // namespace icmoe
