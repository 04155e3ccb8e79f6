#pragma once

#include "core/base/Result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

namespace icmoe {

/// Bytes that are read forward. Memory stays bounded whatever the content says.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    /// Reads up to bytes.size(); fewer only at the end.
    virtual std::size_t read(std::span<std::byte> bytes) = 0;
    /// Skips up to `count` bytes; returns how many there were.
    virtual std::uint64_t skip(std::uint64_t count) = 0;
    [[nodiscard]] virtual std::uint64_t position() const = 0;
    /// All bytes there are; nothing where only reading to the end can tell (deflated).
    [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
};

/// A source that can also go back.
class SeekableSource : public ByteSource {
public:
    virtual void seek(std::uint64_t position) = 0;
};

/// notFound, permissionDenied, readFailed.
[[nodiscard]] Result<std::unique_ptr<SeekableSource>> openFileSource(const std::filesystem::path& path);
/// The bytes must live as long as the source.
[[nodiscard]] std::unique_ptr<SeekableSource> memorySource(std::span<const std::byte> bytes);
/// The raw deflate stream (RFC 1951, as DICOM's deflated syntax has it) that starts at `source`'s position. A damaged
/// stream ends early. `source` must live as long.
[[nodiscard]] std::unique_ptr<ByteSource> inflatingSource(ByteSource& source);

} // namespace icmoe
