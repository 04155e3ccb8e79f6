#include "core/mask/Mask.h"

#include <algorithm>

namespace icmoe {

SliceMask Mask::slice(int k) const
{
    const auto found = m_slices.find(k);
    return found == m_slices.end() ? SliceMask(m_size.width, m_size.height) : found->second;
}

void Mask::setSlice(int k, SliceMask mask)
{
    if (mask.empty()) {
        m_slices.erase(k);
    } else {
        m_slices.insert_or_assign(k, std::move(mask));
    }
}

std::size_t Mask::voxelCount() const
{
    std::size_t count = 0;
    for (const auto& [k, slice] : m_slices) {
        count += slice.area();
    }
    return count;
}

bool Mask::contains(Index3 index) const
{
    const auto found = m_slices.find(index.k);
    return found != m_slices.end() && found->second.contains(index.i, index.j);
}

double Mask::millilitres(const Geometry& geometry) const
{
    double cubicMillimetres = 0;
    for (const auto& [k, slice] : m_slices) {
        cubicMillimetres += static_cast<double>(slice.area()) * geometry.voxelVolume(k);
    }
    return cubicMillimetres / 1000;
}

namespace {

/// Calls `inside` with first and last + 1 of each stretch of the mask's pixels in row j.
template<typename Function>
void forEachStretchInRow(const SliceMask& mask, int j, Function&& inside)
{
    const auto width = static_cast<std::uint32_t>(mask.width());
    const std::uint32_t begin = static_cast<std::uint32_t>(j) * width;
    auto run = std::lower_bound(mask.runs().begin(), mask.runs().end(), begin,
                                [](Run r, std::uint32_t at) { return r.end <= at; });
    for (; run != mask.runs().end() && run->begin < begin + width; ++run) {
        inside(static_cast<int>(std::max(run->begin, begin) - begin),
               static_cast<int>(std::min(run->end, begin + width) - begin));
    }
}

/// Calls `inside` with each j of the mask's pixels in column i.
template<typename Function>
void forEachInColumn(const SliceMask& mask, int i, Function&& inside)
{
    const auto width = static_cast<std::uint32_t>(mask.width());
    const auto column = static_cast<std::uint32_t>(i);
    for (const Run run : mask.runs()) {
        std::uint32_t row = run.begin / width;
        row += run.begin % width > column ? 1 : 0;
        for (; row * width + column < run.end; ++row) {
            inside(static_cast<int>(row));
        }
    }
}

class RunBuilder {
public:
    explicit RunBuilder(const SlicePlane& plane)
        : m_plane(plane)
    {
    }
    void add(Vec3 voxel)
    {
        const Point2 p = m_plane.point(voxel);
        const auto pixel = static_cast<std::uint32_t>(p.y) * static_cast<std::uint32_t>(m_plane.width()) +
                           static_cast<std::uint32_t>(p.x);
        if (!m_runs.empty() && m_runs.back().end == pixel) {
            ++m_runs.back().end;
        } else {
            m_runs.push_back({pixel, pixel + 1});
        }
    }
    /// Voxels (begin … end − 1, j, k).
    void addLine(int begin, int end, int j, int k)
    {
        if (m_plane.axisX() != 0) {
            for (int i = begin; i < end; ++i) {
                add({double(i), double(j), double(k)});
            }
            return;
        }
        const Point2 first = m_plane.point({double(begin), double(j), double(k)});
        const Point2 last = m_plane.point({double(end - 1), double(j), double(k)});
        const auto row = static_cast<std::uint32_t>(first.y) * static_cast<std::uint32_t>(m_plane.width());
        m_runs.push_back({row + static_cast<std::uint32_t>(std::min(first.x, last.x)),
                          row + static_cast<std::uint32_t>(std::max(first.x, last.x)) + 1});
    }
    SliceMask finish() { return SliceMask::fromRuns(std::move(m_runs), m_plane.width(), m_plane.height()); }

private:
    const SlicePlane& m_plane;
    std::vector<Run> m_runs;
};

bool isStoredSlice(const SlicePlane& plane)
{
    return plane.axisN() == 2 && plane.axisX() == 0 && !plane.flipX() && !plane.flipY();
}

} // namespace

SliceMask Mask::cut(const SlicePlane& plane, int n) const
{
    if (isStoredSlice(plane)) {
        return slice(n);
    }
    RunBuilder result(plane);
    if (plane.axisN() == 2) {
        const SliceMask stored = slice(n);
        for (int j = 0; j < m_size.height; ++j) {
            forEachStretchInRow(stored, j, [&](int begin, int end) { result.addLine(begin, end, j, n); });
        }
        return result.finish();
    }
    for (const auto& [k, stored] : m_slices) {
        if (plane.axisN() == 1) {
            const int slice = k;
            forEachStretchInRow(stored, n, [&](int begin, int end) { result.addLine(begin, end, n, slice); });
        } else {
            const double z = k;
            forEachInColumn(stored, n, [&](int j) { result.add({double(n), double(j), z}); });
        }
    }
    return result.finish();
}

/// A region of one plane's slice as regions of stored slices.
Mask::Changes Mask::storedRegion(const SlicePlane& plane, int n, const SliceMask& region) const
{
    if (isStoredSlice(plane)) {
        return {{n, region}};
    }
    std::map<int, std::vector<Run>> runs;
    const auto width = static_cast<std::uint32_t>(plane.width());
    for (const Run run : region.runs()) {
        for (std::uint32_t at = run.begin; at < run.end; ++at) {
            const Index3 v = plane.voxel(static_cast<int>(at % width), static_cast<int>(at / width), n);
            const auto pixel = static_cast<std::uint32_t>(v.j) * static_cast<std::uint32_t>(m_size.width) +
                               static_cast<std::uint32_t>(v.i);
            runs[v.k].push_back({pixel, pixel + 1});
        }
    }
    Changes result;
    for (auto& [k, list] : runs) {
        result.emplace(k, SliceMask::fromRuns(std::move(list), m_size.width, m_size.height));
    }
    return result;
}

/// The pixels of any stored slice that slice n of a plane crosses.
SliceMask Mask::crossing(const SlicePlane& plane, int n) const
{
    std::vector<Run> runs;
    const auto width = static_cast<std::uint32_t>(m_size.width);
    const auto at = static_cast<std::uint32_t>(n);
    if (plane.axisN() == 2) {
        runs.push_back({0, width * static_cast<std::uint32_t>(m_size.height)});
    } else if (plane.axisN() == 1) {
        runs.push_back({at * width, (at + 1) * width});
    } else {
        for (std::uint32_t j = 0; j < static_cast<std::uint32_t>(m_size.height); ++j) {
            runs.push_back({j * width + at, j * width + at + 1});
        }
    }
    return SliceMask::fromRuns(std::move(runs), m_size.width, m_size.height);
}

void Mask::change(Changes& changes, int k, SliceMask after)
{
    SliceMask before = slice(k);
    if (before != after) {
        setSlice(k, std::move(after));
        changes.emplace(k, std::move(before));
    }
}

Mask::Changes Mask::paste(const SlicePlane& plane, int n, const SliceMask& region)
{
    Changes changes;
    const Changes wanted = storedRegion(plane, n, region);
    const SliceMask line = crossing(plane, n);
    const int first = plane.axisN() == 2 ? n : 0;
    const int last = plane.axisN() == 2 ? n : m_size.depth - 1;
    for (int k = first; k <= last; ++k) {
        const auto here = wanted.find(k);
        if (here == wanted.end() && !m_slices.contains(k)) {
            continue;
        }
        SliceMask rest = slice(k).subtracted(line);
        change(changes, k, here == wanted.end() ? std::move(rest) : rest.united(here->second));
    }
    return changes;
}

Mask::Changes Mask::add(const SlicePlane& plane, int n, const SliceMask& region)
{
    Changes changes;
    for (const auto& [k, stored] : storedRegion(plane, n, region)) {
        change(changes, k, slice(k).united(stored));
    }
    return changes;
}

Mask::Changes Mask::subtract(const SlicePlane& plane, int n, const SliceMask& region)
{
    Changes changes;
    for (const auto& [k, stored] : storedRegion(plane, n, region)) {
        if (m_slices.contains(k)) {
            change(changes, k, slice(k).subtracted(stored));
        }
    }
    return changes;
}

} // namespace icmoe
