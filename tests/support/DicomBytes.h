#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace icmoe::test {

/// Builds DICOM files byte by byte, so that they can lie. Explicit little endian unless told otherwise.
class DicomBytes {
public:
    /// Preamble and meta header with this transfer syntax.
    explicit DicomBytes(std::string_view transferSyntaxUid = "1.2.840.10008.1.2.1");

    /// An element as it should be (value padded to even length).
    DicomBytes& text(std::uint16_t group, std::uint16_t element, std::string_view vr, std::string value);
    DicomBytes& number(std::uint16_t group, std::uint16_t element, std::uint16_t value);
    /// Header alone with any length, and bytes alone: for lies.
    DicomBytes& header(std::uint16_t group, std::uint16_t element, std::string_view vr, std::uint32_t length);
    DicomBytes& item(std::uint32_t length, std::uint16_t element = 0xe000);
    DicomBytes& bytes(std::size_t count, std::byte value = std::byte{0});
    DicomBytes& raw(std::span<const std::byte> more);
    /// SOP class, UIDs and the Image Pixel module.
    DicomBytes& picture(int rows, int columns, int bits = 16, const std::string& frames = "");

    [[nodiscard]] const std::vector<std::byte>& all() const { return m_bytes; }
    std::filesystem::path write(const std::filesystem::path& path) const;

private:
    void put16(std::uint16_t value);
    void put32(std::uint32_t value);
    std::vector<std::byte> m_bytes;
    bool m_explicit = true;
};

} // namespace icmoe::test
