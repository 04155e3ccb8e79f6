#pragma once

#include "core/image/Vec3.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace icmoe {

/// Half-open interval of row-major pixel indices (y · width + x). A run may span rows.
struct Run {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    bool operator==(const Run&) const = default;
};

/// Inclusive pixel bounds.
struct PixelBox {
    int x0 = 0;
    int y0 = 0;
    int x1 = 0;
    int y1 = 0;
    bool operator==(const PixelBox&) const = default;
};

/// A binary picture as sorted, disjoint, non-touching runs. Set operations are linear in runs; both sides must have the
/// same size. A value.
class SliceMask {
public:
    SliceMask() = default;
    SliceMask(int width, int height);
    /// `bitmap`: height × width bytes, non-zero = inside.
    [[nodiscard]] static SliceMask fromBitmap(std::span<const std::uint8_t> bitmap, int width, int height);
    /// Runs in any order, may overlap; clipped to the picture.
    [[nodiscard]] static SliceMask fromRuns(std::vector<Run> runs, int width, int height);

    [[nodiscard]] int width() const { return m_width; }
    [[nodiscard]] int height() const { return m_height; }
    [[nodiscard]] const std::vector<Run>& runs() const { return m_runs; }
    [[nodiscard]] bool empty() const { return m_runs.empty(); }
    [[nodiscard]] std::size_t area() const; ///< pixels inside
    [[nodiscard]] bool contains(int x, int y) const;
    [[nodiscard]] std::optional<PixelBox> bounds() const;
    /// height × width bytes, 0 or `inside`.
    [[nodiscard]] std::vector<std::uint8_t> toBitmap(std::uint8_t inside = 1) const;

    [[nodiscard]] SliceMask united(const SliceMask& other) const;
    [[nodiscard]] SliceMask intersected(const SliceMask& other) const;
    [[nodiscard]] SliceMask subtracted(const SliceMask& other) const;
    bool operator==(const SliceMask&) const = default;

private:
    int m_width = 0;
    int m_height = 0;
    std::vector<Run> m_runs;
};

/// Drawn shapes on a picture of the given size; centres and radii in pixels, clipped.
[[nodiscard]] SliceMask ellipseMask(int width, int height, Point2 centre, double radiusX, double radiusY);
/// A brush stroke: the union of ellipses along the polyline, without gaps.
[[nodiscard]] SliceMask strokeMask(int width, int height, std::span<const Point2> path, double radiusX, double radiusY);
/// Pixels whose centre lies inside the closed polygon (even-odd).
[[nodiscard]] SliceMask polygonMask(int width, int height, std::span<const Point2> polygon);
/// Closed outlines along pixel edges (corner coordinates: pixel (c, r) covers c − ½ … c + ½), for drawing.
[[nodiscard]] std::vector<std::vector<Point2>> outlines(const SliceMask& mask);

} // namespace icmoe
