#pragma once

#include "core/base/Result.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace icmoe::weights {

enum class ElementType { f16, f32, i64 };

[[nodiscard]] constexpr std::size_t byteSize(ElementType type)
{
    return type == ElementType::f16 ? 2 : type == ElementType::f32 ? 4 : 8;
}

/// A contiguous little-endian tensor that lies in somebody else's buffer.
struct TensorEntry {
    std::string name;
    ElementType type = ElementType::f32;
    std::vector<std::int64_t> shape; ///< empty: a scalar
    std::span<const std::byte> bytes;
};

/// Tensors in the order of their file.
using TensorTable = std::vector<TensorEntry>;

/// Number of elements, or nothing where a side is negative or the product overflows.
[[nodiscard]] inline std::optional<std::uint64_t> elementCount(const std::vector<std::int64_t>& shape)
{
    std::uint64_t count = 1;
    for (const auto side : shape) {
        if (side < 0) {
            return std::nullopt;
        }
        const auto wide = static_cast<std::uint64_t>(side);
        if (wide != 0 && count > std::numeric_limits<std::uint64_t>::max() / 16 / wide) {
            return std::nullopt;
        }
        count *= wide;
    }
    return count;
}

} // namespace icmoe::weights
