#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace icmoe {

/// SHA-256 (FIPS 180-4), incremental.
class Sha256 {
public:
    Sha256();
    void update(std::span<const std::byte> bytes);
    void update(std::string_view text) { update(std::as_bytes(std::span(text.data(), text.size()))); }
    /// Lower-case hex of all that was given; the object is spent.
    [[nodiscard]] std::string hex();

private:
    void block(const std::byte* bytes);
    std::array<std::uint32_t, 8> m_state;
    std::array<std::byte, 64> m_buffer;
    std::uint64_t m_length = 0;
};

[[nodiscard]] std::string sha256(std::span<const std::byte> bytes);

} // namespace icmoe
