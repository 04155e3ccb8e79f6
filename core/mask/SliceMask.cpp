#include "core/mask/SliceMask.h"

#include <algorithm>

namespace icmoe {
namespace {

/// Appends a run, joining it with the last where they touch.
void append(std::vector<Run>& runs, Run run)
{
    if (run.begin >= run.end) {
        return;
    }
    if (!runs.empty() && run.begin <= runs.back().end) {
        runs.back().end = std::max(runs.back().end, run.end);
    } else {
        runs.push_back(run);
    }
}

} // namespace

SliceMask::SliceMask(int width, int height)
    : m_width(width)
    , m_height(height)
{
}

SliceMask SliceMask::fromBitmap(std::span<const std::uint8_t> bitmap, int width, int height)
{
    SliceMask mask(width, height);
    const auto n = static_cast<std::uint32_t>(width) * static_cast<std::uint32_t>(height);
    for (std::uint32_t i = 0; i < n;) {
        if (bitmap[i] == 0) {
            ++i;
            continue;
        }
        const std::uint32_t begin = i;
        while (i < n && bitmap[i] != 0) {
            ++i;
        }
        mask.m_runs.push_back({begin, i});
    }
    return mask;
}

SliceMask SliceMask::fromRuns(std::vector<Run> runs, int width, int height)
{
    SliceMask mask(width, height);
    const auto limit = static_cast<std::uint32_t>(width) * static_cast<std::uint32_t>(height);
    std::sort(runs.begin(), runs.end(), [](Run a, Run b) { return a.begin < b.begin; });
    for (const Run run : runs) {
        append(mask.m_runs, {std::min(run.begin, limit), std::min(run.end, limit)});
    }
    return mask;
}

std::size_t SliceMask::area() const
{
    std::size_t pixels = 0;
    for (const Run run : m_runs) {
        pixels += run.end - run.begin;
    }
    return pixels;
}

bool SliceMask::contains(int x, int y) const
{
    if (x < 0 || y < 0 || x >= m_width || y >= m_height) {
        return false;
    }
    const auto at = static_cast<std::uint32_t>(y) * static_cast<std::uint32_t>(m_width) + static_cast<std::uint32_t>(x);
    const auto after = std::upper_bound(m_runs.begin(), m_runs.end(), at,
                                        [](std::uint32_t value, Run run) { return value < run.begin; });
    return after != m_runs.begin() && at < std::prev(after)->end;
}

std::optional<PixelBox> SliceMask::bounds() const
{
    if (m_runs.empty()) {
        return std::nullopt;
    }
    const auto width = static_cast<std::uint32_t>(m_width);
    PixelBox box{m_width, static_cast<int>(m_runs.front().begin / width), -1,
                 static_cast<int>((m_runs.back().end - 1) / width)};
    for (const Run run : m_runs) {
        if (run.begin / width != (run.end - 1) / width) {
            box.x0 = 0;
            box.x1 = m_width - 1;
        } else {
            box.x0 = std::min(box.x0, static_cast<int>(run.begin % width));
            box.x1 = std::max(box.x1, static_cast<int>((run.end - 1) % width));
        }
    }
    return box;
}

std::vector<std::uint8_t> SliceMask::toBitmap(std::uint8_t inside) const
{
    std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(m_width) * static_cast<std::size_t>(m_height), 0);
    for (const Run run : m_runs) {
        std::fill(bitmap.begin() + run.begin, bitmap.begin() + run.end, inside);
    }
    return bitmap;
}

SliceMask SliceMask::united(const SliceMask& other) const
{
    SliceMask result(m_width, m_height);
    result.m_runs.reserve(m_runs.size() + other.m_runs.size());
    auto a = m_runs.begin();
    auto b = other.m_runs.begin();
    while (a != m_runs.end() || b != other.m_runs.end()) {
        const bool takeA = b == other.m_runs.end() || (a != m_runs.end() && a->begin < b->begin);
        append(result.m_runs, takeA ? *a++ : *b++);
    }
    return result;
}

SliceMask SliceMask::intersected(const SliceMask& other) const
{
    SliceMask result(m_width, m_height);
    auto a = m_runs.begin();
    auto b = other.m_runs.begin();
    while (a != m_runs.end() && b != other.m_runs.end()) {
        append(result.m_runs, {std::max(a->begin, b->begin), std::min(a->end, b->end)});
        (a->end < b->end ? a : b)++;
    }
    return result;
}

SliceMask SliceMask::subtracted(const SliceMask& other) const
{
    SliceMask result(m_width, m_height);
    auto b = other.m_runs.begin();
    for (const Run run : m_runs) {
        std::uint32_t from = run.begin;
        while (b != other.m_runs.end() && b->end <= from) {
            ++b;
        }
        for (auto c = b; c != other.m_runs.end() && c->begin < run.end; ++c) {
            append(result.m_runs, {from, std::max(from, c->begin)});
            from = std::max(from, c->end);
        }
        append(result.m_runs, {from, run.end});
    }
    return result;
}

} // namespace icmoe
