#pragma once

#include <array>
#include <cmath>

namespace icmoe {

/// Three doubles: a point or direction in patient space (LPS, millimetres) or a continuous voxel index (i, j, k).
struct Vec3 {
    double x = 0;
    double y = 0;
    double z = 0;

    friend constexpr Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
    friend constexpr Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
    friend constexpr Vec3 operator*(Vec3 a, double s) { return {a.x * s, a.y * s, a.z * s}; }
    friend constexpr Vec3 operator*(double s, Vec3 a) { return a * s; }
    constexpr bool operator==(const Vec3&) const = default;
    [[nodiscard]] constexpr double operator[](int axis) const { return axis == 0 ? x : axis == 1 ? y : z; }
};

[[nodiscard]] constexpr double dot(Vec3 a, Vec3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}
[[nodiscard]] constexpr Vec3 cross(Vec3 a, Vec3 b)
{
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
[[nodiscard]] inline double length(Vec3 a)
{
    return std::sqrt(dot(a, a));
}
[[nodiscard]] inline Vec3 normalized(Vec3 a)
{
    const double l = length(a);
    return l > 0 ? a * (1.0 / l) : a;
}

struct Size3 {
    int width = 0;  ///< columns, along i
    int height = 0; ///< rows, along j
    int depth = 0;  ///< slices, along k
    constexpr bool operator==(const Size3&) const = default;
    [[nodiscard]] constexpr int operator[](int axis) const { return axis == 0 ? width : axis == 1 ? height : depth; }
};

struct Index3 {
    int i = 0;
    int j = 0;
    int k = 0;
    constexpr bool operator==(const Index3&) const = default;
};

/// A point on a slice: x = column, y = row, continuous; pixel (c, r) has its centre at exactly (c, r).
struct Point2 {
    double x = 0;
    double y = 0;
    constexpr bool operator==(const Point2&) const = default;
};

} // namespace icmoe
