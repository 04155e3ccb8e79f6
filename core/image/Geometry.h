#pragma once

#include "core/base/Result.h"
#include "core/image/Vec3.h"

#include <string>
#include <vector>

namespace icmoe {

/// Where pixel distances come from; tools say "px" instead of "mm" where it is `none`.
enum class SpacingSource { none, pixelSpacing, imagerPixelSpacing, ultrasoundRegion, file };

/// The place of a grid in the patient: LPS, millimetres, double. In-plane spacing and direction are shared by all
/// slices; **each slice has its own position** (centre of its first voxel), so that gantry tilt and uneven gaps are
/// held as they are. Slices are ordered along `normal()`. A value; immutable once built.
class Geometry {
public:
    struct Parameters {
        Size3 size;
        Vec3 rowDirection{1, 0, 0};      ///< unit vector along increasing i (a row's direction)
        Vec3 columnDirection{0, 1, 0};   ///< unit vector along increasing j (a column's direction)
        double spacingI = 1;             ///< between columns, mm (DICOM PixelSpacing[1])
        double spacingJ = 1;             ///< between rows, mm (DICOM PixelSpacing[0])
        std::vector<Vec3> positions;     ///< one for each slice (DICOM ImagePositionPatient)
        double singleSliceThickness = 1; ///< mm, used where depth is 1
        SpacingSource spacingSource = SpacingSource::pixelSpacing;
        bool placedInPatient = true; ///< false: a photograph; letters and patient positions mean nothing
    };

    /// Refuses non-positive sizes and spacings, directions that are not orthonormal within 1e-3 (they are
    /// re-orthonormalised), a number of positions other than `depth` (all invalidArgument).
    [[nodiscard]] static Result<Geometry> make(Parameters parameters);
    /// A regular grid: positions = origin + k · spacingK · normal.
    [[nodiscard]] static Result<Geometry> regular(Size3 size, Vec3 origin, Vec3 rowDirection, Vec3 columnDirection,
                                                  Vec3 spacing);

    [[nodiscard]] Size3 size() const { return m.size; }
    [[nodiscard]] Vec3 rowDirection() const { return m.rowDirection; }
    [[nodiscard]] Vec3 columnDirection() const { return m.columnDirection; }
    [[nodiscard]] Vec3 normal() const { return m_normal; } ///< row × column
    [[nodiscard]] double spacingI() const { return m.spacingI; }
    [[nodiscard]] double spacingJ() const { return m.spacingJ; }
    /// Mean distance of slices along the normal, mm; the slice thickness where there is one slice.
    [[nodiscard]] double spacingK() const { return m_spacingK; }
    /// Spacing along the voxel axis 0, 1 or 2.
    [[nodiscard]] double spacing(int axis) const
    {
        return axis == 0 ? m.spacingI : axis == 1 ? m.spacingJ : m_spacingK;
    }
    [[nodiscard]] const std::vector<Vec3>& positions() const { return m.positions; }
    [[nodiscard]] SpacingSource spacingSource() const { return m.spacingSource; }
    [[nodiscard]] bool placedInPatient() const { return m.placedInPatient; }

    /// Direction of increasing index along the voxel axis 0, 1 or 2 (unit). Axis 2 is the way from slice to slice,
    /// which differs from the normal where the gantry is tilted.
    [[nodiscard]] Vec3 axisDirection(int axis) const;
    /// Largest distance of a slice position from the regular, unsheared grid through first and last slice, mm.
    [[nodiscard]] double unevenness() const { return m_unevennessMm; }
    /// Angle between the way from slice to slice and the normal, degrees (gantry tilt).
    [[nodiscard]] double tiltDegrees() const { return m_tiltDegrees; }
    /// Even gaps and no shear within `toleranceMm`: what NIfTI and NRRD readers expect.
    [[nodiscard]] bool isRegular(double toleranceMm = 0.01) const;

    /// Continuous voxel index to patient, between slices linear, beyond them along the nearest gap.
    [[nodiscard]] Vec3 toPatient(Vec3 voxel) const;
    /// Inverse of toPatient.
    [[nodiscard]] Vec3 toVoxel(Vec3 patient) const;
    /// mm³ that voxels of slice k stand for: in-plane area × half the distance to each neighbour.
    [[nodiscard]] double voxelVolume(int k) const;

    /// Same size and same place within `toleranceMm` at all corners of all slices.
    [[nodiscard]] bool sameGrid(const Geometry& other, double toleranceMm = 0.01) const;

private:
    Parameters m;
    Vec3 m_normal;
    double m_spacingK = 1;
    double m_unevennessMm = 0;
    double m_tiltDegrees = 0;
    std::vector<double> m_heights; ///< position · normal, ascending
};

/// "R 15.0 P 8.2 S 15.0": a patient position in letters, no sign to misread. Millimetres with `decimals` digits.
[[nodiscard]] std::string lettersOf(Vec3 patient, int decimals = 0);
/// The letters of a direction, strongest first: "R", "AR" where oblique by more than ~20°.
[[nodiscard]] std::string letterOf(Vec3 direction);

} // namespace icmoe
