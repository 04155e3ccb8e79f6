#include "core/export/GridMapping.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace icmoe {
namespace {

constexpr std::array<Index3, 6> kUnitSteps = {Index3{1, 0, 0},  {0, 1, 0},  {0, 0, 1},
                                              Index3{-1, 0, 0}, {0, -1, 0}, {0, 0, -1}};

Vec3 mapped(const Geometry& from, const Geometry& to, Index3 index)
{
    return to.toVoxel(
        from.toPatient({static_cast<double>(index.i), static_cast<double>(index.j), static_cast<double>(index.k)}));
}

double distance(Vec3 voxel, Index3 index)
{
    return std::max({std::abs(voxel.x - index.i), std::abs(voxel.y - index.j), std::abs(voxel.z - index.k)});
}

std::optional<Index3> rounded(Vec3 voxel, double tolerance)
{
    if (!(std::abs(voxel.x) < 1e9 && std::abs(voxel.y) < 1e9 && std::abs(voxel.z) < 1e9)) {
        return std::nullopt;
    }
    const Index3 index{static_cast<int>(std::lround(voxel.x)), static_cast<int>(std::lround(voxel.y)),
                       static_cast<int>(std::lround(voxel.z))};
    return distance(voxel, index) <= tolerance ? std::optional(index) : std::nullopt;
}

int along(Index3 step)
{
    return step.i != 0 ? 0 : step.j != 0 ? 1 : 2;
}

/// The steps of all three axes; an axis of one voxel takes what the others leave.
std::optional<std::array<Index3, 3>> findSteps(const Geometry& from, const Geometry& to, double tolerance)
{
    std::array<std::optional<Index3>, 3> steps;
    std::array<bool, 3> taken = {};
    const Vec3 start = mapped(from, to, {});
    for (int axis = 0; axis < 3; ++axis) {
        if (from.size()[axis] == 1) {
            continue;
        }
        const Vec3 next = mapped(from, to, {axis == 0, axis == 1, axis == 2}) - start;
        for (const Index3 step : kUnitSteps) {
            if (distance(next, step) <= tolerance) {
                steps[static_cast<std::size_t>(axis)] = step;
            }
        }
        const auto& step = steps[static_cast<std::size_t>(axis)];
        if (!step || taken[static_cast<std::size_t>(along(*step))]) {
            return std::nullopt;
        }
        taken[static_cast<std::size_t>(along(*step))] = true;
    }
    for (auto& step : steps) {
        if (!step) {
            const auto free = static_cast<std::size_t>(std::find(taken.begin(), taken.end(), false) - taken.begin());
            taken[free] = true;
            step = kUnitSteps[free];
        }
    }
    return std::array<Index3, 3>{*steps[0], *steps[1], *steps[2]};
}

/// Bounds of a box of voxel indices, for the search of a resampled mask.
struct IndexBounds {
    Index3 low{1 << 30, 1 << 30, 1 << 30};
    Index3 high{-1, -1, -1};
    void include(Vec3 voxel, Size3 size)
    {
        const auto lower = [](double v, int count) {
            return static_cast<int>(std::clamp(std::floor(v) - 1, 0.0, count - 1.0));
        };
        const auto upper = [](double v, int count) {
            return static_cast<int>(std::clamp(std::ceil(v) + 1, 0.0, count - 1.0));
        };
        low = {std::min(low.i, lower(voxel.x, size.width)), std::min(low.j, lower(voxel.y, size.height)),
               std::min(low.k, lower(voxel.z, size.depth))};
        high = {std::max(high.i, upper(voxel.x, size.width)), std::max(high.j, upper(voxel.y, size.height)),
                std::max(high.k, upper(voxel.z, size.depth))};
    }
};

/// A source mask as bitmaps, for fast look-ups.
class BitmapLookup {
public:
    BitmapLookup(const Mask& mask, const Geometry& from, double reachMm)
        : m_from(from)
        , m_reach(reachMm)
    {
        for (const auto& [k, slice] : mask.slices()) {
            m_bitmaps[k] = slice.toBitmap();
        }
    }

    [[nodiscard]] bool contains(Vec3 patient) const
    {
        const Vec3 voxel = m_from.toVoxel(patient);
        const Size3 size = m_from.size();
        const double k = std::clamp(std::round(voxel.z), 0.0, size.depth - 1.0);
        const auto bitmap = m_bitmaps.find(static_cast<int>(k));
        if (bitmap == m_bitmaps.end()) {
            return false;
        }
        // In plane by the slice's own position: between sheared slices the nearer one counts.
        const Vec3 offset = patient - m_from.positions()[static_cast<std::size_t>(k)];
        const double i = std::round(dot(offset, m_from.rowDirection()) / m_from.spacingI());
        const double j = std::round(dot(offset, m_from.columnDirection()) / m_from.spacingJ());
        const double away = std::abs(dot(offset, m_from.normal()));
        if (!(i >= 0 && j >= 0 && i < size.width && j < size.height) || away > m_reach) {
            return false;
        }
        return bitmap->second[static_cast<std::size_t>(j) * static_cast<std::size_t>(size.width) +
                              static_cast<std::size_t>(i)] != 0;
    }

private:
    const Geometry& m_from;
    double m_reach;
    std::map<int, std::vector<std::uint8_t>> m_bitmaps;
};

IndexBounds boundsOn(const Mask& mask, const Geometry& from, const Geometry& to, double reachMm)
{
    IndexBounds bounds;
    for (const auto& [k, slice] : mask.slices()) {
        const auto box = slice.bounds();
        if (!box) {
            continue;
        }
        for (const double x : {box->x0 - 0.5, box->x1 + 0.5}) {
            for (const double y : {box->y0 - 0.5, box->y1 + 0.5}) {
                const Vec3 corner = from.toPatient({x, y, static_cast<double>(k)});
                bounds.include(to.toVoxel(corner + from.normal() * reachMm), to.size());
                bounds.include(to.toVoxel(corner - from.normal() * reachMm), to.size());
            }
        }
    }
    return bounds;
}

} // namespace

Index3 GridMapping::at(int i, int j, int k) const
{
    return {origin.i + i * step[0].i + j * step[1].i + k * step[2].i,
            origin.j + i * step[0].j + j * step[1].j + k * step[2].j,
            origin.k + i * step[0].k + j * step[1].k + k * step[2].k};
}

bool GridMapping::isIdentityInPlane() const
{
    return origin.i == 0 && origin.j == 0 && step[0] == Index3{1, 0, 0} && step[1] == Index3{0, 1, 0};
}

std::optional<GridMapping> findMapping(const Geometry& from, const Geometry& to, double tolerance)
{
    if (!from.placedInPatient() || !to.placedInPatient()) {
        const bool same = !from.placedInPatient() && !to.placedInPatient() && from.size() == to.size();
        return same ? std::optional(GridMapping{{}, {kUnitSteps[0], kUnitSteps[1], kUnitSteps[2]}}) : std::nullopt;
    }
    const auto start = rounded(mapped(from, to, {}), tolerance);
    const auto steps = start ? findSteps(from, to, tolerance) : std::nullopt;
    if (!steps) {
        return std::nullopt;
    }
    const GridMapping mapping{*start, *steps};
    const Size3 size = from.size();
    for (int k = 0; k < size.depth; ++k) {
        for (const int i : {0, size.width / 2, size.width - 1}) {
            for (const int j : {0, size.height / 2, size.height - 1}) {
                if (distance(mapped(from, to, {i, j, k}), mapping.at(i, j, k)) > tolerance) {
                    return std::nullopt;
                }
            }
        }
    }
    return mapping;
}

Result<Mask> mapMask(const Mask& mask, const GridMapping& mapping, Size3 size)
{
    Mask result(size);
    const bool wholeSlices =
        mapping.isIdentityInPlane() && mask.size().width == size.width && mask.size().height == size.height;
    std::map<int, std::vector<Run>> runs;
    for (const auto& [k, slice] : mask.slices()) {
        const auto width = static_cast<std::uint32_t>(mask.size().width);
        if (wholeSlices && mapping.at(0, 0, k).k >= 0 && mapping.at(0, 0, k).k < size.depth) {
            result.setSlice(mapping.at(0, 0, k).k, slice);
            continue;
        }
        for (const Run run : slice.runs()) {
            for (std::uint32_t n = run.begin; n < run.end; ++n) {
                const Index3 to = mapping.at(static_cast<int>(n % width), static_cast<int>(n / width), k);
                if (to.i < 0 || to.j < 0 || to.k < 0 || to.i >= size.width || to.j >= size.height ||
                    to.k >= size.depth) {
                    return fail(ErrorCode::geometryMismatch, "voxels of the mask lie outside the picture", {},
                                "Use the picture that the mask was made on, or --resample");
                }
                const auto pixel = static_cast<std::uint32_t>(to.j) * static_cast<std::uint32_t>(size.width) +
                                   static_cast<std::uint32_t>(to.i);
                auto& list = runs[to.k];
                if (!list.empty() && list.back().end == pixel) {
                    ++list.back().end;
                } else {
                    list.push_back({pixel, pixel + 1});
                }
            }
        }
    }
    for (auto& [k, list] : runs) {
        result.setSlice(k, SliceMask::fromRuns(std::move(list), size.width, size.height));
    }
    return result;
}

Mask resampleMask(const Mask& mask, const Geometry& from, const Geometry& to, double reachMm)
{
    const Size3 size = to.size();
    Mask result(size);
    const IndexBounds bounds = boundsOn(mask, from, to, reachMm);
    const BitmapLookup lookup(mask, from, reachMm * (1 + 1e-9));
    for (int k = bounds.low.k; k <= bounds.high.k; ++k) {
        std::vector<Run> runs;
        for (int j = bounds.low.j; j <= bounds.high.j; ++j) {
            const Vec3 row = to.toPatient({0, static_cast<double>(j), static_cast<double>(k)});
            for (int i = bounds.low.i; i <= bounds.high.i; ++i) {
                if (lookup.contains(row + to.rowDirection() * (to.spacingI() * i))) {
                    const auto pixel = static_cast<std::uint32_t>(j) * static_cast<std::uint32_t>(size.width) +
                                       static_cast<std::uint32_t>(i);
                    runs.push_back({pixel, pixel + 1});
                }
            }
        }
        result.setSlice(k, SliceMask::fromRuns(std::move(runs), size.width, size.height));
    }
    return result;
}

Result<Geometry> regularGridOver(const Geometry& geometry)
{
    const auto& positions = geometry.positions();
    const Vec3 normal = geometry.normal();
    double gap = geometry.spacingK();
    Vec3 low{};
    Vec3 high{};
    for (std::size_t k = 0; k < positions.size(); ++k) {
        const Vec3 offset = positions[k] - positions.front();
        const double x = dot(offset, geometry.rowDirection());
        const double y = dot(offset, geometry.columnDirection());
        low = {std::min(low.x, x), std::min(low.y, y), 0};
        high = {std::max(high.x, x), std::max(high.y, y), dot(offset, normal)};
        if (k > 0) {
            const double step = dot(positions[k] - positions[k - 1], normal);
            gap = step > 1e-3 ? std::min(gap, step) : gap;
        }
    }
    // Whole pixels to the low side keep the first slice's pixels on the new lattice.
    const double before = std::ceil(-low.x / geometry.spacingI() - 1e-6);
    const double above = std::ceil(-low.y / geometry.spacingJ() - 1e-6);
    const Size3 size = geometry.size();
    const double width = size.width + before + std::ceil(high.x / geometry.spacingI() - 1e-6);
    const double height = size.height + above + std::ceil(high.y / geometry.spacingJ() - 1e-6);
    const double depth = std::round(high.z / gap) + 1;
    if (width * height * depth > std::pow(2.0, 32)) {
        return fail(ErrorCode::limitExceeded, "the regular grid over these slices would have more than 2^32 voxels");
    }
    const Vec3 origin = positions.front() - geometry.rowDirection() * (before * geometry.spacingI()) -
                        geometry.columnDirection() * (above * geometry.spacingJ());
    return Geometry::regular({static_cast<int>(width), static_cast<int>(height), static_cast<int>(depth)}, origin,
                             geometry.rowDirection(), geometry.columnDirection(),
                             {geometry.spacingI(), geometry.spacingJ(), gap});
}

double halfLargestGap(const Geometry& geometry)
{
    double largest = geometry.size().depth == 1 ? geometry.spacingK() : 0;
    const auto& positions = geometry.positions();
    for (std::size_t k = 1; k < positions.size(); ++k) {
        largest = std::max(largest, dot(positions[k] - positions[k - 1], geometry.normal()));
    }
    return largest / 2;
}

} // namespace icmoe
