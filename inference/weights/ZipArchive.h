#pragma once

#include "core/base/Result.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace icmoe::weights {

/// The entries of a zip archive whose entries are all stored, as torch.save writes them. Sizes and checksums come from
/// the central directory (the local headers of such files carry zeros); zip64 records are read and must not contradict
/// the plain ones. The archive's bytes must outlive this object.
class ZipArchive {
public:
    /// truncatedFile, malformedFile (records that contradict each other or the file's size, overlapping or doubled
    /// entries, compression, encryption), limitExceeded (more than 4,096 entries), unknownFormat (no zip at all).
    [[nodiscard]] static Result<ZipArchive> open(std::span<const std::byte> file);

    [[nodiscard]] std::size_t size() const { return m_entries.size(); }
    [[nodiscard]] bool contains(std::string_view name) const { return m_entries.find(name) != m_entries.end(); }
    /// Bytes of one entry, after its CRC-32 was compared. notFound, malformedFile.
    [[nodiscard]] Result<std::span<const std::byte>> read(std::string_view name) const;
    /// Names, sorted.
    [[nodiscard]] std::vector<std::string> names() const;

private:
    struct Entry {
        std::span<const std::byte> bytes;
        std::uint32_t crc = 0;
    };
    struct Directory;
    [[nodiscard]] static Result<Directory> findDirectory(std::span<const std::byte> file);
    [[nodiscard]] Status readDirectory(std::span<const std::byte> file, const Directory& directory);
    [[nodiscard]] Status checkOverlap(std::span<const std::byte> file) const;

    std::map<std::string, Entry, std::less<>> m_entries;
};

} // namespace icmoe::weights
