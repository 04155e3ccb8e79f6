#include "ui/document/SliceGrid.h"

#include <algorithm>
#include <cmath>

namespace icmoe::ui {
namespace {

constexpr double kToleranceMm = 0.1; // what scanners round away

struct Extent {
    double low = 0;
    double high = 0;
    void include(double value)
    {
        low = std::min(low, value);
        high = std::max(high, value);
    }
};

/// Smallest gap between slices along the normal, but not so small that the grid would have more than four times as
/// many slices.
double shownSpacing(const Geometry& geometry)
{
    const auto& positions = geometry.positions();
    double smallest = geometry.spacingK();
    for (std::size_t k = 1; k < positions.size(); ++k) {
        smallest = std::min(smallest, std::abs(dot(positions[k] - positions[k - 1], geometry.normal())));
    }
    return std::max(smallest, geometry.spacingK() / 4);
}

} // namespace

SliceGrid::SliceGrid(const Geometry& geometry, Plane plane)
    : m_geometry(geometry)
    , m_stored(geometry, plane)
{
    if (m_stored.axisN() == 2 || geometry.size().depth < 2 || geometry.isRegular(kToleranceMm)) {
        return;
    }
    // In-plane shift of each slice against the first, in voxels: what the regular grid must hold besides.
    Extent alongI;
    Extent alongJ;
    const Vec3 first = geometry.positions().front();
    for (const Vec3 position : geometry.positions()) {
        alongI.include(dot(position - first, geometry.rowDirection()) / geometry.spacingI());
        alongJ.include(dot(position - first, geometry.columnDirection()) / geometry.spacingJ());
    }
    const double spacing = shownSpacing(geometry);
    const double height = dot(geometry.positions().back() - first, geometry.normal());
    const Size3 size{geometry.size().width + static_cast<int>(std::ceil(alongI.high - alongI.low - 1e-6)),
                     geometry.size().height + static_cast<int>(std::ceil(alongJ.high - alongJ.low - 1e-6)),
                     1 + static_cast<int>(std::lround(height / spacing))};
    const Vec3 origin = first + geometry.rowDirection() * (alongI.low * geometry.spacingI()) +
                        geometry.columnDirection() * (alongJ.low * geometry.spacingJ());
    auto regular = Geometry::regular(size, origin, geometry.rowDirection(), geometry.columnDirection(),
                                     {geometry.spacingI(), geometry.spacingJ(), spacing});
    if (!regular) {
        return; // a geometry that cannot be laid out regularly is shown as it is stored
    }
    const SlicePlane shownPlane(*regular, plane);
    if (shownPlane.axisN() != m_stored.axisN() || shownPlane.axisX() != m_stored.axisX()) {
        return;
    }
    m_regular = Regular{std::move(*regular), shownPlane};
    const Extent& across = m_stored.axisN() == 0 ? alongI : alongJ;
    m_canDraw = across.high - across.low < 0.01;
}

Vec3 SliceGrid::voxel(Point2 point, double n) const
{
    const Vec3 index = shown().voxel(point, n);
    return m_regular ? m_geometry.toVoxel(m_regular->geometry.toPatient(index)) : index;
}

Point2 SliceGrid::point(Vec3 voxel) const
{
    return shown().point(m_regular ? m_regular->geometry.toVoxel(m_geometry.toPatient(voxel)) : voxel);
}

double SliceGrid::slice(Vec3 voxel) const
{
    return shown().slice(m_regular ? m_regular->geometry.toVoxel(m_geometry.toPatient(voxel)) : voxel);
}

Vec3 SliceGrid::patient(Point2 point, double n) const
{
    const Vec3 index = shown().voxel(point, n);
    return m_regular ? m_regular->geometry.toPatient(index) : m_geometry.toPatient(index);
}

Point2 SliceGrid::toStored(Point2 shownPoint, double n) const
{
    return m_regular ? m_stored.point(voxel(shownPoint, n)) : shownPoint;
}

Point2 SliceGrid::toShown(Point2 storedPoint, double storedSlice) const
{
    return m_regular ? point(m_stored.voxel(storedPoint, storedSlice)) : storedPoint;
}

int SliceGrid::storedSlice(int n) const
{
    if (!m_regular) {
        return n;
    }
    const Point2 middle{(width() - 1) / 2.0, (height() - 1) / 2.0};
    const auto index = static_cast<int>(std::lround(m_stored.slice(voxel(middle, n))));
    return std::clamp(index, 0, m_stored.count() - 1);
}

int SliceGrid::shownSlice(int storedSlice) const
{
    if (!m_regular) {
        return storedSlice;
    }
    const Point2 middle{(m_stored.width() - 1) / 2.0, (m_stored.height() - 1) / 2.0};
    const auto index = static_cast<int>(std::lround(slice(m_stored.voxel(middle, storedSlice))));
    return std::clamp(index, 0, count() - 1);
}

} // namespace icmoe::ui
