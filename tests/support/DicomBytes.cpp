#include "tests/support/DicomBytes.h"

#include <fstream>

namespace icmoe::test {

DicomBytes::DicomBytes(std::string_view transferSyntaxUid)
{
    bytes(128);
    raw(std::as_bytes(std::span("DICM", 4)));
    text(2, 0x0010, "UI", std::string(transferSyntaxUid));
    m_explicit = transferSyntaxUid != "1.2.840.10008.1.2";
}

void DicomBytes::put16(std::uint16_t value)
{
    m_bytes.push_back(static_cast<std::byte>(value & 0xffU));
    m_bytes.push_back(static_cast<std::byte>(value >> 8U));
}

void DicomBytes::put32(std::uint32_t value)
{
    put16(static_cast<std::uint16_t>(value & 0xffffU));
    put16(static_cast<std::uint16_t>(value >> 16U));
}

DicomBytes& DicomBytes::header(std::uint16_t group, std::uint16_t element, std::string_view vr, std::uint32_t length)
{
    put16(group);
    put16(element);
    if (!m_explicit) {
        put32(length);
        return *this;
    }
    raw(std::as_bytes(std::span(vr.data(), 2)));
    if (vr == "OB" || vr == "OW" || vr == "SQ" || vr == "UN" || vr == "UT" || vr == "OF") {
        put16(0);
        put32(length);
    } else {
        put16(static_cast<std::uint16_t>(length));
    }
    return *this;
}

DicomBytes& DicomBytes::text(std::uint16_t group, std::uint16_t element, std::string_view vr, std::string value)
{
    value.resize(value.size() + value.size() % 2, vr == "UI" ? '\0' : ' ');
    header(group, element, vr, static_cast<std::uint32_t>(value.size()));
    return raw(std::as_bytes(std::span(value)));
}

DicomBytes& DicomBytes::number(std::uint16_t group, std::uint16_t element, std::uint16_t value)
{
    header(group, element, "US", 2);
    put16(value);
    return *this;
}

DicomBytes& DicomBytes::item(std::uint32_t length, std::uint16_t element)
{
    put16(0xfffe);
    put16(element);
    put32(length);
    return *this;
}

DicomBytes& DicomBytes::bytes(std::size_t count, std::byte value)
{
    m_bytes.insert(m_bytes.end(), count, value);
    return *this;
}

DicomBytes& DicomBytes::raw(std::span<const std::byte> more)
{
    m_bytes.insert(m_bytes.end(), more.begin(), more.end());
    return *this;
}

DicomBytes& DicomBytes::picture(int rows, int columns, int bits, const std::string& frames)
{
    text(0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.7");
    text(0x0008, 0x0018, "UI", "2.25.1");
    text(0x0008, 0x0060, "CS", "OT");
    number(0x0028, 0x0002, 1);
    text(0x0028, 0x0004, "CS", "MONOCHROME2");
    if (!frames.empty()) {
        text(0x0028, 0x0008, "IS", frames);
    }
    number(0x0028, 0x0010, static_cast<std::uint16_t>(rows));
    number(0x0028, 0x0011, static_cast<std::uint16_t>(columns));
    number(0x0028, 0x0100, static_cast<std::uint16_t>(bits));
    number(0x0028, 0x0101, static_cast<std::uint16_t>(bits));
    number(0x0028, 0x0102, static_cast<std::uint16_t>(bits - 1));
    return number(0x0028, 0x0103, 0);
}

std::filesystem::path DicomBytes::write(const std::filesystem::path& path) const
{
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(m_bytes.data()), static_cast<std::streamsize>(m_bytes.size()));
    return path;
}

} // namespace icmoe::test
