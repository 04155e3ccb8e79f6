#include "core/image/Geometry.h"

#include <algorithm>
#include <cstdio>

namespace icmoe {
namespace {

bool isFinite(Vec3 v)
{
    return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z);
}

Status check(const Geometry::Parameters& p)
{
    if (p.size.width <= 0 || p.size.height <= 0 || p.size.depth <= 0) {
        return fail(ErrorCode::invalidArgument, "a grid needs a positive width, height and depth");
    }
    if (!(p.spacingI > 0) || !(p.spacingJ > 0) || !std::isfinite(p.spacingI) || !std::isfinite(p.spacingJ)) {
        return fail(ErrorCode::invalidArgument, "pixel spacing must be positive");
    }
    if (p.positions.size() != static_cast<std::size_t>(p.size.depth) ||
        !std::all_of(p.positions.begin(), p.positions.end(), isFinite)) {
        return fail(ErrorCode::invalidArgument, "every slice needs a finite position");
    }
    const double row = length(p.rowDirection);
    const double column = length(p.columnDirection);
    if (!(std::abs(row - 1) < 1e-3) || !(std::abs(column - 1) < 1e-3) ||
        !(std::abs(dot(p.rowDirection, p.columnDirection)) < 1e-3)) {
        return fail(ErrorCode::invalidArgument, "row and column direction must be perpendicular unit vectors");
    }
    return {};
}

/// Index of the gap that holds `height`: the largest k ≤ n - 2 with heights[k] ≤ height, at least 0.
std::size_t gapOf(const std::vector<double>& heights, double height)
{
    const auto above = std::upper_bound(heights.begin(), heights.end(), height);
    const auto index = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, above - heights.begin() - 1));
    return std::min(index, heights.size() - 2);
}

} // namespace

Result<Geometry> Geometry::make(Parameters parameters)
{
    if (auto sound = check(parameters); !sound) {
        return fail(sound.error());
    }
    Geometry g;
    g.m = std::move(parameters);
    g.m.rowDirection = normalized(g.m.rowDirection);
    g.m.columnDirection =
        normalized(g.m.columnDirection - g.m.rowDirection * dot(g.m.columnDirection, g.m.rowDirection));
    g.m_normal = cross(g.m.rowDirection, g.m.columnDirection);
    for (const auto& position : g.m.positions) {
        g.m_heights.push_back(dot(position, g.m_normal));
    }
    if (!std::is_sorted(g.m_heights.begin(), g.m_heights.end())) {
        return fail(ErrorCode::invalidArgument, "slice positions must ascend along the normal");
    }
    const std::size_t n = g.m_heights.size();
    if (n == 1) {
        g.m_spacingK = g.m.singleSliceThickness > 0 ? g.m.singleSliceThickness : 1;
        return g;
    }
    const double extent = g.m_heights.back() - g.m_heights.front();
    g.m_spacingK = extent > 0 ? extent / static_cast<double>(n - 1) : 1;
    for (std::size_t k = 0; k < n; ++k) {
        const Vec3 regular = g.m.positions.front() + g.m_normal * (g.m_spacingK * static_cast<double>(k));
        g.m_unevennessMm = std::max(g.m_unevennessMm, length(g.m.positions[k] - regular));
    }
    const Vec3 way = g.m.positions.back() - g.m.positions.front();
    const Vec3 across = way - g.m_normal * dot(way, g.m_normal);
    g.m_tiltDegrees = std::atan2(length(across), extent) * 180.0 / std::acos(-1.0);
    return g;
}

Result<Geometry> Geometry::regular(Size3 size, Vec3 origin, Vec3 rowDirection, Vec3 columnDirection, Vec3 spacing)
{
    Parameters p;
    p.size = size;
    p.rowDirection = rowDirection;
    p.columnDirection = columnDirection;
    p.spacingI = spacing.x;
    p.spacingJ = spacing.y;
    p.singleSliceThickness = spacing.z;
    const Vec3 normal = normalized(cross(rowDirection, columnDirection));
    for (int k = 0; k < size.depth; ++k) {
        p.positions.push_back(origin + normal * (spacing.z * k));
    }
    return make(std::move(p));
}

Vec3 Geometry::axisDirection(int axis) const
{
    if (axis == 0) {
        return m.rowDirection;
    }
    if (axis == 1) {
        return m.columnDirection;
    }
    const Vec3 way = m.positions.back() - m.positions.front();
    return length(way) > 0 ? normalized(way) : m_normal;
}

bool Geometry::isRegular(double toleranceMm) const
{
    return m_unevennessMm <= toleranceMm;
}

Vec3 Geometry::toPatient(Vec3 voxel) const
{
    const Vec3 inPlane = m.rowDirection * (voxel.x * m.spacingI) + m.columnDirection * (voxel.y * m.spacingJ);
    if (m.size.depth == 1) {
        return m.positions.front() + inPlane + m_normal * (voxel.z * m_spacingK);
    }
    const double last = static_cast<double>(m.size.depth - 2);
    const auto gap = static_cast<std::size_t>(std::clamp(std::floor(voxel.z), 0.0, last));
    const double fraction = voxel.z - static_cast<double>(gap);
    return m.positions[gap] + (m.positions[gap + 1] - m.positions[gap]) * fraction + inPlane;
}

Vec3 Geometry::toVoxel(Vec3 patient) const
{
    const double height = dot(patient, m_normal);
    double k = 0;
    Vec3 origin = m.positions.front();
    if (m.size.depth == 1) {
        k = (height - m_heights.front()) / m_spacingK;
    } else {
        const std::size_t gap = gapOf(m_heights, height);
        const double width = m_heights[gap + 1] - m_heights[gap];
        const double fraction = width > 0 ? (height - m_heights[gap]) / width : 0;
        k = static_cast<double>(gap) + fraction;
        origin = m.positions[gap] + (m.positions[gap + 1] - m.positions[gap]) * fraction;
    }
    const Vec3 inPlane = patient - origin;
    return {dot(inPlane, m.rowDirection) / m.spacingI, dot(inPlane, m.columnDirection) / m.spacingJ, k};
}

double Geometry::voxelVolume(int k) const
{
    const auto index = static_cast<std::size_t>(k);
    double thickness = m_spacingK;
    if (m.size.depth > 1) {
        const double below =
            index > 0 ? m_heights[index] - m_heights[index - 1] : m_heights[index + 1] - m_heights[index];
        const double above = index + 1 < m_heights.size() ? m_heights[index + 1] - m_heights[index] : below;
        thickness = (below + above) / 2;
    }
    return m.spacingI * m.spacingJ * thickness;
}

bool Geometry::sameGrid(const Geometry& other, double toleranceMm) const
{
    if (size() != other.size()) {
        return false;
    }
    const double right = m.size.width - 1;
    const double bottom = m.size.height - 1;
    for (int k = 0; k < m.size.depth; ++k) {
        for (const Vec3 corner : {Vec3{0, 0, 0}, Vec3{right, 0, 0}, Vec3{0, bottom, 0}, Vec3{right, bottom, 0}}) {
            const Vec3 voxel{corner.x, corner.y, static_cast<double>(k)};
            if (length(toPatient(voxel) - other.toPatient(voxel)) > toleranceMm) {
                return false;
            }
        }
    }
    return true;
}

std::string lettersOf(Vec3 patient, int decimals)
{
    const auto part = [decimals](double value, char positive, char negative) {
        char text[64];
        std::snprintf(text, sizeof text, "%c %.*f", value < 0 ? negative : positive, decimals, std::abs(value));
        return std::string(text);
    };
    return part(patient.x, 'L', 'R') + " " + part(patient.y, 'P', 'A') + " " + part(patient.z, 'S', 'I');
}

std::string letterOf(Vec3 direction)
{
    const Vec3 unit = normalized(direction);
    struct Part {
        double size;
        char letter;
    };
    std::array<Part, 3> parts{Part{std::abs(unit.x), unit.x < 0 ? 'R' : 'L'},
                              Part{std::abs(unit.y), unit.y < 0 ? 'A' : 'P'},
                              Part{std::abs(unit.z), unit.z < 0 ? 'I' : 'S'}};
    std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.size > b.size; });
    constexpr double kOblique = 0.342; // sin 20°
    std::string letters(1, parts[0].letter);
    for (std::size_t i = 1; i < 3; ++i) {
        if (parts[i].size > kOblique) {
            letters += parts[i].letter;
        }
    }
    return letters;
}

} // namespace icmoe
