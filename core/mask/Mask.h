#pragma once

#include "core/image/Plane.h"
#include "core/mask/SliceMask.h"

#include <map>

namespace icmoe {

/// A binary object on a volume's grid: runs for each stored slice k that has voxels. A value.
class Mask {
public:
    Mask() = default;
    explicit Mask(Size3 size)
        : m_size(size)
    {
    }

    [[nodiscard]] Size3 size() const { return m_size; }
    /// Slice k, empty where nothing is there.
    [[nodiscard]] SliceMask slice(int k) const;
    void setSlice(int k, SliceMask mask); ///< an empty mask erases the entry
    [[nodiscard]] const std::map<int, SliceMask>& slices() const { return m_slices; }
    [[nodiscard]] bool empty() const { return m_slices.empty(); }
    [[nodiscard]] std::size_t voxelCount() const;
    [[nodiscard]] bool contains(Index3 index) const;
    /// Volume in ml by the geometry's own slice positions.
    [[nodiscard]] double millilitres(const Geometry& geometry) const;

    /// The object cut by slice n of a plane, on that plane's grid.
    [[nodiscard]] SliceMask cut(const SlicePlane& plane, int n) const;
    /// Stored slices that an edit changed, as they were before it.
    using Changes = std::map<int, SliceMask>;
    /// Replaces what slice n of a plane holds.
    Changes paste(const SlicePlane& plane, int n, const SliceMask& region);
    /// Adds or removes a region on slice n of a plane; touches only the stored slices that the region crosses.
    Changes add(const SlicePlane& plane, int n, const SliceMask& region);
    Changes subtract(const SlicePlane& plane, int n, const SliceMask& region);
    bool operator==(const Mask&) const = default;

private:
    [[nodiscard]] Changes storedRegion(const SlicePlane& plane, int n, const SliceMask& region) const;
    [[nodiscard]] SliceMask crossing(const SlicePlane& plane, int n) const;
    void change(Changes& changes, int k, SliceMask after);

    Size3 m_size;
    std::map<int, SliceMask> m_slices;
};

} // namespace icmoe
