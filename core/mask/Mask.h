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
    /// Replaces what slice n of a plane holds; touches every stored slice that crosses it.
    void paste(const SlicePlane& plane, int n, const SliceMask& mask);
    bool operator==(const Mask&) const = default;

private:
    Size3 m_size;
    std::map<int, SliceMask> m_slices;
};

} // namespace icmoe
