#pragma once

#include "core/base/Result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

struct gzFile_s;

namespace icmoe {

enum class StreamEncoding {
    plain,
    gzip,
    detect, ///< gzip where the first two bytes say so
};

/// Reads a file from an offset on, front to back, unpacking gzip on the way. One thread. Never holds more than a fixed
/// buffer, whatever the file says.
class ByteStream {
public:
    /// notFound, permissionDenied, readFailed.
    [[nodiscard]] static Result<ByteStream> open(const std::filesystem::path& path, StreamEncoding encoding,
                                                 std::uint64_t offset = 0);
    ByteStream(ByteStream&& other) noexcept;
    ByteStream& operator=(ByteStream&&) = delete;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;
    ~ByteStream();

    /// Fills the span or fails: truncatedFile where the stream ends first, decodeFailed where gzip data are damaged.
    [[nodiscard]] Status read(std::span<std::byte> bytes);
    /// Reads at most as many bytes as the span holds; fewer only at the end.
    [[nodiscard]] Result<std::size_t> readSome(std::span<std::byte> bytes);
    [[nodiscard]] Status skip(std::uint64_t count);
    /// Call after the last byte of interest: checks gzip's own checksum where the stream ends here.
    [[nodiscard]] Status finish();

    /// The most bytes that can possibly follow from the start: the file's rest, or for gzip that times deflate's limit.
    /// Checked before anything is allocated for what a header promises.
    [[nodiscard]] std::uint64_t upperBound() const { return m_upperBound; }
    [[nodiscard]] bool compressed() const { return m_gzip != nullptr; }

private:
    ByteStream() = default;
    std::string m_name;
    int m_descriptor = -1;
    gzFile_s* m_gzip = nullptr;
    std::uint64_t m_upperBound = 0;
};

} // namespace icmoe
