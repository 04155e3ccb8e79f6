#pragma once

#include "core/store/AnnotationStore.h"

#include <span>

namespace SQLite {
class Database;
}

/// The present masks of a series, slice by slice. All functions throw.
namespace icmoe::store {

/// Puts the patch's slices in place; empty ones have no row.
void applyPatch(SQLite::Database& database, SeriesKey series, const SegmentationPatch& patch);

/// All slices with voxels. databaseCorrupt where one does not decode or lies outside the series.
[[nodiscard]] SegmentationPatch presentSlices(SQLite::Database& database, SeriesKey series);

/// A patch's bytes that fit a series of this size, or databaseCorrupt.
[[nodiscard]] SegmentationPatch soundPatch(std::span<const std::byte> bytes, Size3 size);
/// A mask on one of the three planes of a series of this size, or databaseCorrupt.
[[nodiscard]] SliceMask soundMask(std::span<const std::byte> bytes, Size3 size);

/// Do all slices lie on the series' grid?
[[nodiscard]] bool fits(const SegmentationPatch& patch, Size3 size);
/// Can the mask be a slice of a plane of the series?
[[nodiscard]] bool fits(const SliceMask& mask, Size3 size);

} // namespace icmoe::store
