#pragma once

#include "core/base/Result.h"
#include "core/image/Geometry.h"
#include "core/mask/Mask.h"

#include <array>
#include <optional>

namespace icmoe {

/// Where the voxels of one grid lie on another that has the same lattice, turned, flipped or cropped:
/// to = origin + i · step[0] + j · step[1] + k · step[2].
struct GridMapping {
    Index3 origin;
    std::array<Index3, 3> step;
    [[nodiscard]] Index3 at(int i, int j, int k) const;
    [[nodiscard]] bool isIdentityInPlane() const; ///< rows onto rows from the first pixel on
};

/// Nothing where voxel centres differ by more than `tolerance` voxels anywhere. Grids without a place in the patient
/// map only onto one of the same size that has none either, by index.
[[nodiscard]] std::optional<GridMapping> findMapping(const Geometry& from, const Geometry& to, double tolerance = 0.05);

/// The mask on the other grid, voxel by voxel; geometryMismatch where a voxel would fall outside.
[[nodiscard]] Result<Mask> mapMask(const Mask& mask, const GridMapping& mapping, Size3 size);

/// The mask on any other grid by nearest neighbour. Voxels farther from every source slice than `reachMm` (along the
/// source's normal) stay empty, so that gaps between slices are not filled.
[[nodiscard]] Mask resampleMask(const Mask& mask, const Geometry& from, const Geometry& to, double reachMm);

/// The regular, unsheared grid that covers an uneven or tilted one: same rows and columns, slices at the smallest gap.
/// limitExceeded where that makes more than 2³² voxels.
[[nodiscard]] Result<Geometry> regularGridOver(const Geometry& geometry);

/// Farthest that a place between two slices of the grid is from the nearer one, mm: half the largest gap.
[[nodiscard]] double halfLargestGap(const Geometry& geometry);

} // namespace icmoe
