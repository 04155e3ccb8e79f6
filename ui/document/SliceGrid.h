#pragma once

#include "core/image/Plane.h"

#include <optional>

namespace icmoe::ui {

/// How one plane of a volume is laid out on the screen. Usually it is the volume's own slices (`stored()`), pixel for
/// pixel. Where slices are sheared or uneven (gantry tilt, gaps), planes across them are shown on a regular grid in
/// true geometry instead, and the functions here map back and forth. A value.
class SliceGrid {
public:
    SliceGrid(const Geometry& geometry, Plane plane);

    [[nodiscard]] Plane plane() const { return m_stored.plane(); }
    [[nodiscard]] int width() const { return shown().width(); }
    [[nodiscard]] int height() const { return shown().height(); }
    [[nodiscard]] int count() const { return shown().count(); }
    [[nodiscard]] double spacingX() const { return shown().spacingX(); }
    [[nodiscard]] double spacingY() const { return shown().spacingY(); }
    [[nodiscard]] Vec3 directionX() const { return shown().directionX(); }
    [[nodiscard]] Vec3 directionY() const { return shown().directionY(); }
    [[nodiscard]] const SlicePlane& stored() const { return m_stored; }
    [[nodiscard]] const SlicePlane& shown() const { return m_regular ? m_regular->plane : m_stored; }
    [[nodiscard]] const Geometry& geometry() const { return m_geometry; }

    /// Shown on a grid that is not the volume's own.
    [[nodiscard]] bool isResampled() const { return m_regular.has_value(); }
    /// A shown slice lies in one stored slice of the plane, so that prompts and strokes can go on it.
    [[nodiscard]] bool canDraw() const { return m_canDraw; }

    /// Point of shown slice n ↔ continuous voxel index of the volume.
    [[nodiscard]] Vec3 voxel(Point2 point, double n) const;
    [[nodiscard]] Point2 point(Vec3 voxel) const;
    [[nodiscard]] double slice(Vec3 voxel) const;
    /// Patient position of a point of a shown slice, LPS mm.
    [[nodiscard]] Vec3 patient(Point2 point, double n) const;

    /// Between shown and stored points of slice n (prompts live on stored points). Identity unless resampled.
    [[nodiscard]] Point2 toStored(Point2 shownPoint, double n) const;
    [[nodiscard]] Point2 toShown(Point2 storedPoint, double storedSlice) const;
    /// The stored slice of the plane that shown slice n is.
    [[nodiscard]] int storedSlice(int n) const;
    [[nodiscard]] int shownSlice(int storedSlice) const;

private:
    struct Regular {
        Geometry geometry;
        SlicePlane plane;
    };
    Geometry m_geometry;
    SlicePlane m_stored;
    std::optional<Regular> m_regular;
    bool m_canDraw = true;
};

} // namespace icmoe::ui
