#pragma once

#include "core/base/Result.h"

#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace icmoe {

/// The first bytes of a file, decompressed, by which its format is told: an ending may lie.
class FileStart {
public:
    /// Errors of ByteStream.
    [[nodiscard]] static Result<FileStart> read(const std::filesystem::path& path);

    [[nodiscard]] bool isNifti() const; ///< 1 or 2, of either byte order
    [[nodiscard]] bool isNrrd() const { return text().starts_with("NRRD000"); }
    [[nodiscard]] bool isPng() const { return text().starts_with("\x89PNG"); }
    [[nodiscard]] bool isJpeg() const { return text().starts_with("\xff\xd8\xff"); }
    [[nodiscard]] bool wasCompressed() const { return m_compressed; }
    [[nodiscard]] std::span<const std::byte> bytes() const { return std::span(m_bytes).first(m_size); }

private:
    [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(m_bytes.data()), m_size}; }

    std::array<std::byte, 1024> m_bytes = {};
    std::size_t m_size = 0;
    bool m_compressed = false;
};

} // namespace icmoe
