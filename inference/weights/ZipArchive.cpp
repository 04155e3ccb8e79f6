#include "inference/weights/ZipArchive.h"

#include "inference/weights/ByteReader.h"

#include <algorithm>
#include <optional>
#include <zlib.h>

namespace icmoe::weights {
namespace {

constexpr std::uint32_t kEndRecord = 0x06054b50;
constexpr std::uint32_t kEndRecord64 = 0x06064b50;
constexpr std::uint32_t kEndLocator64 = 0x07064b50;
constexpr std::uint32_t kCentralEntry = 0x02014b50;
constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::size_t kEndRecordSize = 22;
constexpr std::size_t kLocatorSize = 20;
constexpr std::size_t kEndRecord64Size = 56;
constexpr std::size_t kLongestComment = 0xffff;
constexpr std::uint64_t kMostEntries = 4096;
constexpr std::uint64_t kLongestName = 512;
constexpr std::uint16_t kEncrypted = 0x0001 | 0x0040 | 0x2000;

tl::unexpected<Error> malformed(std::string what)
{
    return fail(ErrorCode::malformedFile, "the zip archive is not sound: " + std::move(what), {},
                "Fetch the file again; it is not executed and nothing of it was used");
}

tl::unexpected<Error> truncated(std::string what)
{
    return fail(ErrorCode::truncatedFile, "the zip archive ends inside " + std::move(what), {}, "Fetch the file again");
}

/// What a plain 32-bit field holds when the true value is in the zip64 extra.
constexpr std::uint64_t kSaturated = 0xffffffff;

/// Replaces saturated fields, in their fixed order, by the numbers of the zip64 extra field (id 1).
bool widen(std::span<const std::byte> extra, std::initializer_list<std::uint64_t*> fields)
{
    const bool needed =
        std::any_of(fields.begin(), fields.end(), [](const auto* field) { return *field == kSaturated; });
    ByteReader reader(extra);
    while (needed && reader.left() >= 4) {
        const auto id = *reader.takeNumber(2);
        const auto block = reader.take(*reader.takeNumber(2));
        if (!block) {
            return false;
        }
        if (id != 1) {
            continue;
        }
        ByteReader numbers(*block);
        for (auto* field : fields) {
            if (*field != kSaturated) {
                continue;
            }
            const auto wide = numbers.takeNumber(8);
            if (!wide) {
                return false;
            }
            *field = *wide;
        }
        return true;
    }
    return !needed;
}

} // namespace

struct ZipArchive::Directory {
    std::uint64_t entries = 0;
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
};

Result<ZipArchive::Directory> ZipArchive::findDirectory(std::span<const std::byte> file)
{
    if (file.size() < kEndRecordSize || ByteReader(file).takeNumber(4) != kLocalHeader) {
        return fail(ErrorCode::unknownFormat, "this is no zip archive", {}, "Give a checkpoint written by torch.save");
    }
    // The end record is the last thing in the file, behind it only its own comment.
    std::optional<std::size_t> end;
    const std::size_t furthest = std::min(file.size() - kEndRecordSize, kLongestComment);
    for (std::size_t comment = 0; comment <= furthest && !end; ++comment) {
        const std::size_t at = file.size() - kEndRecordSize - comment;
        ByteReader reader(file.subspan(at));
        if (reader.takeNumber(4) == kEndRecord && reader.take(16) && reader.takeNumber(2) == comment) {
            end = at;
        }
    }
    if (!end) {
        return truncated("its entries: the central directory is missing");
    }
    ByteReader reader(file.subspan(*end + 4));
    const auto disk = *reader.takeNumber(2);
    const auto directoryDisk = *reader.takeNumber(2);
    const auto here = *reader.takeNumber(2);
    Directory directory{*reader.takeNumber(2), *reader.takeNumber(4), *reader.takeNumber(4)};
    if (disk != 0 || directoryDisk != 0 || here != directory.entries) {
        return malformed("it says that it spans several disks");
    }
    std::uint64_t directoryEnd = *end;
    const bool hasLocator =
        *end >= kLocatorSize && ByteReader(file.subspan(*end - kLocatorSize)).takeNumber(4) == kEndLocator64;
    if (hasLocator) {
        ByteReader locator(file.subspan(*end - kLocatorSize + 4));
        const auto disk64 = *locator.takeNumber(4);
        const auto at64 = *locator.takeNumber(8);
        if (disk64 != 0 || at64 > *end - kLocatorSize || *end - kLocatorSize - at64 != kEndRecord64Size) {
            return malformed("its zip64 locator points nowhere");
        }
        ByteReader record(file.subspan(static_cast<std::size_t>(at64)));
        if (record.takeNumber(4) != kEndRecord64 || record.takeNumber(8) != kEndRecord64Size - 12 || !record.take(12) ||
            !record.take(8)) {
            return malformed("its zip64 end record is not where the locator says");
        }
        const Directory wide{*record.takeNumber(8), *record.takeNumber(8), *record.takeNumber(8)};
        if ((directory.entries != 0xffff && directory.entries != wide.entries) ||
            (directory.size != kSaturated && directory.size != wide.size) ||
            (directory.offset != kSaturated && directory.offset != wide.offset)) {
            return malformed("its two end records contradict each other");
        }
        directory = wide;
        directoryEnd = at64;
    }
    if (directory.entries > kMostEntries) {
        return fail(ErrorCode::limitExceeded,
                    "the zip archive lists " + std::to_string(directory.entries) + " entries, at most " +
                        std::to_string(kMostEntries) + " are read",
                    {}, "Check that this is the right file");
    }
    if (directory.offset > directoryEnd || directoryEnd - directory.offset != directory.size) {
        return malformed("its central directory does not end where the end record begins");
    }
    return directory;
}

Status ZipArchive::readDirectory(std::span<const std::byte> file, const Directory& directory)
{
    const auto payloads = file.first(static_cast<std::size_t>(directory.offset));
    ByteReader reader(
        file.subspan(static_cast<std::size_t>(directory.offset), static_cast<std::size_t>(directory.size)));
    for (std::uint64_t n = 0; n < directory.entries; ++n) {
        if (reader.left() < 46) {
            return truncated("its central directory");
        }
        if (reader.takeNumber(4) != kCentralEntry) {
            return malformed("entry " + std::to_string(n) + " of its central directory has a wrong signature");
        }
        (void)reader.take(4); // versions
        const auto flags = *reader.takeNumber(2);
        const auto method = *reader.takeNumber(2);
        (void)reader.take(4); // time
        const auto crc = static_cast<std::uint32_t>(*reader.takeNumber(4));
        std::uint64_t packed = *reader.takeNumber(4);
        std::uint64_t size = *reader.takeNumber(4);
        const auto nameLength = *reader.takeNumber(2);
        const auto extraLength = *reader.takeNumber(2);
        const auto commentLength = *reader.takeNumber(2);
        (void)reader.take(8); // disk, attributes
        std::uint64_t offset = *reader.takeNumber(4);
        const auto name = reader.takeText(nameLength);
        const auto extra = reader.take(extraLength);
        if (!name || !extra || !reader.take(commentLength)) {
            return truncated("its central directory");
        }
        if (name->empty() || name->size() > kLongestName) {
            return malformed("an entry's name has " + std::to_string(nameLength) + " bytes");
        }
        if (!widen(*extra, {&size, &packed, &offset})) {
            return malformed("an entry lacks its zip64 numbers");
        }
        if (method != 0 || (flags & kEncrypted) != 0 || packed != size) {
            return malformed("an entry is compressed or encrypted, only stored ones are read");
        }
        if (offset > payloads.size()) {
            return malformed("an entry begins behind the entries");
        }
        ByteReader local(payloads.subspan(static_cast<std::size_t>(offset)));
        if (local.left() < 30 || local.takeNumber(4) != kLocalHeader || !local.take(22)) {
            return malformed("an entry's local header is not where the central directory says");
        }
        const auto localName = *local.takeNumber(2);
        const auto localExtra = *local.takeNumber(2);
        if (local.takeText(localName) != name || !local.take(localExtra)) {
            return malformed("an entry's local header has another name");
        }
        const auto bytes = local.take(size);
        if (!bytes) {
            return malformed("an entry is said to be longer than the file");
        }
        if (!m_entries.emplace(std::string(*name), Entry{*bytes, crc}).second) {
            return malformed("two entries have one name");
        }
    }
    if (reader.left() != 0) {
        return malformed("its central directory is longer than its entries");
    }
    return {};
}

Status ZipArchive::checkOverlap(std::span<const std::byte> file) const
{
    std::vector<std::pair<std::size_t, std::size_t>> ranges;
    ranges.reserve(m_entries.size());
    for (const auto& [name, entry] : m_entries) {
        const auto begin = static_cast<std::size_t>(entry.bytes.data() - file.data());
        ranges.emplace_back(begin, begin + entry.bytes.size());
    }
    std::sort(ranges.begin(), ranges.end());
    for (std::size_t n = 1; n < ranges.size(); ++n) {
        if (ranges[n].first < ranges[n - 1].second) {
            return malformed("two entries overlap");
        }
    }
    return {};
}

Result<ZipArchive> ZipArchive::open(std::span<const std::byte> file)
{
    const auto directory = findDirectory(file);
    if (!directory) {
        return fail(directory.error());
    }
    ZipArchive archive;
    if (auto read = archive.readDirectory(file, *directory); !read) {
        return fail(read.error());
    }
    if (auto apart = archive.checkOverlap(file); !apart) {
        return fail(apart.error());
    }
    return archive;
}

Result<std::span<const std::byte>> ZipArchive::read(std::string_view name) const
{
    const auto found = m_entries.find(name);
    if (found == m_entries.end()) {
        return fail(ErrorCode::notFound, "the zip archive has no entry of that name", std::string(name),
                    "Give a checkpoint written by torch.save");
    }
    const auto& entry = found->second;
    const auto crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(entry.bytes.data()), entry.bytes.size());
    if (crc != entry.crc) {
        return malformed("the checksum of entry " + std::string(name) + " is wrong");
    }
    return entry.bytes;
}

std::vector<std::string> ZipArchive::names() const
{
    std::vector<std::string> all;
    all.reserve(m_entries.size());
    for (const auto& [name, entry] : m_entries) {
        all.push_back(name);
    }
    return all;
}

} // namespace icmoe::weights
