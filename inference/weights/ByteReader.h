#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace icmoe::weights {

/// Little-endian numbers from a span, never beyond its end: each read answers nothing when too few bytes are left.
class ByteReader {
public:
    explicit ByteReader(std::span<const std::byte> bytes)
        : m_bytes(bytes)
    {
    }

    [[nodiscard]] std::size_t left() const { return m_bytes.size() - m_at; }
    [[nodiscard]] std::size_t position() const { return m_at; }

    [[nodiscard]] std::optional<std::span<const std::byte>> take(std::uint64_t count)
    {
        if (count > left()) {
            return std::nullopt;
        }
        const auto part = m_bytes.subspan(m_at, static_cast<std::size_t>(count));
        m_at += static_cast<std::size_t>(count);
        return part;
    }

    [[nodiscard]] std::optional<std::string_view> takeText(std::uint64_t count)
    {
        const auto part = take(count);
        if (!part) {
            return std::nullopt;
        }
        return std::string_view(reinterpret_cast<const char*>(part->data()), part->size());
    }

    /// An unsigned number of `width` bytes (1 to 8).
    [[nodiscard]] std::optional<std::uint64_t> takeNumber(std::size_t width)
    {
        const auto part = take(width);
        if (!part) {
            return std::nullopt;
        }
        std::uint64_t value = 0;
        for (std::size_t i = width; i-- > 0;) {
            value = (value << 8) | std::to_integer<std::uint64_t>((*part)[i]);
        }
        return value;
    }

private:
    std::span<const std::byte> m_bytes;
    std::size_t m_at = 0;
};

} // namespace icmoe::weights
