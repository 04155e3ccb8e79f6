#include "core/mask/Mask.h"

#include <array>

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

/// Runs of `mask` along one row or column of a stored slice, seen as pixels of a plane's row. `axis`: 0 = along i at
/// row `fixed`, 1 = along j at column `fixed`.
template<typename Function>
void forEachInside(const SliceMask& mask, int axis, int fixed, int length, Function&& inside)
{
    for (int at = 0; at < length; ++at) {
        if (axis == 0 ? mask.contains(at, fixed) : mask.contains(fixed, at)) {
            inside(at);
        }
    }
}

} // namespace

SliceMask Mask::cut(const SlicePlane& plane, int n) const
{
    if (plane.axisN() == 2) {
        const SliceMask stored = slice(n);
        if (plane.axisX() == 0 && !plane.flipX() && !plane.flipY()) {
            return stored;
        }
        std::vector<Run> runs;
        const auto width = static_cast<std::uint32_t>(plane.width());
        const auto storedWidth = static_cast<std::uint32_t>(m_size.width);
        for (const Run run : stored.runs()) {
            for (std::uint32_t at = run.begin; at < run.end; ++at) {
                const auto p =
                    plane.point(Vec3{static_cast<double>(at % storedWidth), static_cast<double>(at / storedWidth), 0});
                const auto pixel = static_cast<std::uint32_t>(p.y) * width + static_cast<std::uint32_t>(p.x);
                runs.push_back({pixel, pixel + 1});
            }
        }
        return SliceMask::fromRuns(std::move(runs), plane.width(), plane.height());
    }
    std::vector<Run> runs;
    const int inPlane = plane.axisN() == 0 ? 1 : 0; // the other in-plane axis of the stored slice
    const int length = inPlane == 0 ? m_size.width : m_size.height;
    const auto width = static_cast<std::uint32_t>(plane.width());
    for (const auto& [k, stored] : m_slices) {
        const int slice = k;
        forEachInside(stored, inPlane, n, length, [&](int at) {
            const Vec3 voxel{plane.axisN() == 0 ? double(n) : double(at), plane.axisN() == 0 ? double(at) : double(n),
                             double(slice)};
            const auto p = plane.point(voxel);
            const auto pixel = static_cast<std::uint32_t>(p.y) * width + static_cast<std::uint32_t>(p.x);
            runs.push_back({pixel, pixel + 1});
        });
    }
    return SliceMask::fromRuns(std::move(runs), plane.width(), plane.height());
}

void Mask::paste(const SlicePlane& plane, int n, const SliceMask& mask)
{
    std::map<int, std::vector<Run>> inside; // stored slice → runs that the pasted mask sets
    const auto width = static_cast<std::uint32_t>(plane.width());
    const auto storedWidth = static_cast<std::uint32_t>(m_size.width);
    for (const Run run : mask.runs()) {
        for (std::uint32_t at = run.begin; at < run.end; ++at) {
            const Index3 v = plane.voxel(static_cast<int>(at % width), static_cast<int>(at / width), n);
            const auto pixel = static_cast<std::uint32_t>(v.j) * storedWidth + static_cast<std::uint32_t>(v.i);
            inside[v.k].push_back({pixel, pixel + 1});
        }
    }
    const auto fromRuns = [this](std::vector<Run> runs) {
        return SliceMask::fromRuns(std::move(runs), m_size.width, m_size.height);
    };
    if (plane.axisN() == 2) {
        setSlice(n, fromRuns(std::move(inside[n])));
        return;
    }
    std::vector<Run> crossing; // the row or column of a stored slice that the pasted slice crosses
    if (plane.axisN() == 1) {
        const auto begin = static_cast<std::uint32_t>(n) * storedWidth;
        crossing.push_back({begin, begin + storedWidth});
    } else {
        for (int j = 0; j < m_size.height; ++j) {
            const auto pixel = static_cast<std::uint32_t>(j) * storedWidth + static_cast<std::uint32_t>(n);
            crossing.push_back({pixel, pixel + 1});
        }
    }
    const SliceMask line = fromRuns(std::move(crossing));
    for (int k = 0; k < m_size.depth; ++k) {
        const auto found = inside.find(k);
        if (found == inside.end() && !m_slices.contains(k)) {
            continue;
        }
        SliceMask rest = slice(k).subtracted(line);
        setSlice(k, found == inside.end() ? std::move(rest) : rest.united(fromRuns(std::move(found->second))));
    }
}

} // namespace icmoe
