#pragma once

#include "core/image/Geometry.h"

#include <optional>
#include <string_view>

namespace icmoe {

enum class Plane { axial, sagittal, coronal, acquisition };

[[nodiscard]] std::string_view name(Plane plane);
[[nodiscard]] std::optional<Plane> planeFromName(std::string_view name);

/// How slices of one plane are cut from a grid, without resampling: slice n of the plane is the set of voxels whose
/// index along `axisN` is n; pixel (x, y) walks along `axisX` and `axisY`, flipped where a display convention asks
/// for it. `acquisition` is the stored slice: x = column i, y = row j, n = k. The others take the voxel axes closest to
/// the patient's and are turned as radiologists look at them: axial x → L, y → P; coronal x → L, y → I;
/// sagittal x → P, y → I. Grids without a place in the patient answer every plane with `acquisition`.
class SlicePlane {
public:
    SlicePlane(const Geometry& geometry, Plane plane);

    [[nodiscard]] Plane plane() const { return m_plane; }
    [[nodiscard]] int width() const { return m_size[m_axisX]; }
    [[nodiscard]] int height() const { return m_size[m_axisY]; }
    [[nodiscard]] int count() const { return m_size[m_axisN]; } ///< number of slices
    [[nodiscard]] int axisX() const { return m_axisX; }
    [[nodiscard]] int axisY() const { return m_axisY; }
    [[nodiscard]] int axisN() const { return m_axisN; }
    [[nodiscard]] bool flipX() const { return m_flipX; }
    [[nodiscard]] bool flipY() const { return m_flipY; }
    [[nodiscard]] double spacingX() const { return m_spacingX; } ///< mm between pixel centres
    [[nodiscard]] double spacingY() const { return m_spacingY; }
    [[nodiscard]] double spacingN() const { return m_spacingN; }

    [[nodiscard]] Index3 voxel(int x, int y, int n) const;
    [[nodiscard]] Vec3 voxel(Point2 point, double n) const; ///< continuous
    [[nodiscard]] Point2 point(Vec3 voxel) const;           ///< inverse, drops the slice
    [[nodiscard]] double slice(Vec3 voxel) const { return voxel[m_axisN]; }
    /// Patient directions of increasing x and y (unit).
    [[nodiscard]] Vec3 directionX() const { return m_directionX; }
    [[nodiscard]] Vec3 directionY() const { return m_directionY; }

private:
    Plane m_plane;
    Size3 m_size;
    int m_axisX = 0;
    int m_axisY = 1;
    int m_axisN = 2;
    bool m_flipX = false;
    bool m_flipY = false;
    double m_spacingX = 1;
    double m_spacingY = 1;
    double m_spacingN = 1;
    Vec3 m_directionX;
    Vec3 m_directionY;
};

/// The plane whose slices are the stored ones, named by the patient's axes (axial for a transverse CT).
[[nodiscard]] Plane acquisitionPlaneName(const Geometry& geometry);

} // namespace icmoe
