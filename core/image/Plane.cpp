#include "core/image/Plane.h"

#include <array>

namespace icmoe {
namespace {

/// Voxel axes in the order of the patient's: result[0] is the axis closest to left-right, [1] to front-back, [2] to
/// head-foot, each axis used once (the strongest match first).
std::array<int, 3> closestAxes(const Geometry& geometry)
{
    std::array<int, 3> result{-1, -1, -1};
    std::array<bool, 3> used{};
    for (int round = 0; round < 3; ++round) {
        double best = -1;
        int bestPatient = 0;
        int bestAxis = 0;
        for (int patient = 0; patient < 3; ++patient) {
            for (int axis = 0; axis < 3; ++axis) {
                const double match = std::abs((axis == 2 ? geometry.normal() : geometry.axisDirection(axis))[patient]);
                if (result[static_cast<std::size_t>(patient)] < 0 && !used[static_cast<std::size_t>(axis)] &&
                    match > best + 1e-9) {
                    best = match;
                    bestPatient = patient;
                    bestAxis = axis;
                }
            }
        }
        result[static_cast<std::size_t>(bestPatient)] = bestAxis;
        used[static_cast<std::size_t>(bestAxis)] = true;
    }
    return result;
}

/// Patient axis and sign that x and y of a displayed plane walk along (LPS).
struct Convention {
    int patientX;
    int signX;
    int patientY;
    int signY;
    int patientN;
};

Convention conventionOf(Plane plane)
{
    switch (plane) {
    case Plane::sagittal:
        return {1, 1, 2, -1, 0};
    case Plane::coronal:
        return {0, 1, 2, -1, 1};
    case Plane::axial:
    case Plane::acquisition:
        break;
    }
    return {0, 1, 1, 1, 2};
}

} // namespace

std::string_view name(Plane plane)
{
    switch (plane) {
    case Plane::axial:
        return "axial";
    case Plane::sagittal:
        return "sagittal";
    case Plane::coronal:
        return "coronal";
    case Plane::acquisition:
        return "acquisition";
    }
    return "acquisition";
}

std::optional<Plane> planeFromName(std::string_view text)
{
    for (const Plane plane : {Plane::axial, Plane::sagittal, Plane::coronal, Plane::acquisition}) {
        if (text == name(plane)) {
            return plane;
        }
    }
    return std::nullopt;
}

SlicePlane::SlicePlane(const Geometry& geometry, Plane plane)
    : m_plane(plane)
    , m_size(geometry.size())
{
    if (plane != Plane::acquisition && geometry.placedInPatient()) {
        const auto axes = closestAxes(geometry);
        const Convention c = conventionOf(plane);
        m_axisX = axes[static_cast<std::size_t>(c.patientX)];
        m_axisY = axes[static_cast<std::size_t>(c.patientY)];
        m_axisN = axes[static_cast<std::size_t>(c.patientN)];
        const auto along = [&](int axis, int patient) {
            return (axis == 2 ? geometry.normal() : geometry.axisDirection(axis))[patient];
        };
        m_flipX = along(m_axisX, c.patientX) * c.signX < 0;
        m_flipY = along(m_axisY, c.patientY) * c.signY < 0;
    }
    m_spacingX = geometry.spacing(m_axisX);
    m_spacingY = geometry.spacing(m_axisY);
    m_spacingN = geometry.spacing(m_axisN);
    m_directionX = geometry.axisDirection(m_axisX) * (m_flipX ? -1.0 : 1.0);
    m_directionY = geometry.axisDirection(m_axisY) * (m_flipY ? -1.0 : 1.0);
}

Index3 SlicePlane::voxel(int x, int y, int n) const
{
    std::array<int, 3> index{};
    index[static_cast<std::size_t>(m_axisX)] = m_flipX ? m_size[m_axisX] - 1 - x : x;
    index[static_cast<std::size_t>(m_axisY)] = m_flipY ? m_size[m_axisY] - 1 - y : y;
    index[static_cast<std::size_t>(m_axisN)] = n;
    return {index[0], index[1], index[2]};
}

Vec3 SlicePlane::voxel(Point2 point, double n) const
{
    std::array<double, 3> index{};
    index[static_cast<std::size_t>(m_axisX)] = m_flipX ? m_size[m_axisX] - 1 - point.x : point.x;
    index[static_cast<std::size_t>(m_axisY)] = m_flipY ? m_size[m_axisY] - 1 - point.y : point.y;
    index[static_cast<std::size_t>(m_axisN)] = n;
    return {index[0], index[1], index[2]};
}

Point2 SlicePlane::point(Vec3 voxel) const
{
    const double x = voxel[m_axisX];
    const double y = voxel[m_axisY];
    return {m_flipX ? m_size[m_axisX] - 1 - x : x, m_flipY ? m_size[m_axisY] - 1 - y : y};
}

Plane acquisitionPlaneName(const Geometry& geometry)
{
    for (const Plane plane : {Plane::axial, Plane::sagittal, Plane::coronal}) {
        if (SlicePlane(geometry, plane).axisN() == 2) {
            return plane;
        }
    }
    return Plane::axial;
}

} // namespace icmoe
