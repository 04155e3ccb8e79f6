#include "core/formats/ByteStream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>
#include <zlib.h>

namespace icmoe {
namespace {

constexpr std::uint64_t kDeflateLimit = 1032; // deflate cannot shrink by more than this factor

ErrorCode codeOf(int error)
{
    return error == ENOENT                       ? ErrorCode::notFound
           : (error == EACCES || error == EPERM) ? ErrorCode::permissionDenied
                                                 : ErrorCode::readFailed;
}

} // namespace

Result<ByteStream> ByteStream::open(const std::filesystem::path& path, StreamEncoding encoding, std::uint64_t offset)
{
    ByteStream stream;
    stream.m_name = path.string();
    stream.m_descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct ::stat status = {};
    if (stream.m_descriptor < 0 || ::fstat(stream.m_descriptor, &status) != 0) {
        return fail(codeOf(errno), std::strerror(errno), stream.m_name, "Check the path");
    }
    if (!S_ISREG(status.st_mode)) {
        return fail(ErrorCode::readFailed, "not a regular file", stream.m_name, "Check the path");
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (offset > size) {
        return fail(ErrorCode::truncatedFile,
                    "the file has " + std::to_string(size) + " bytes, data were expected from byte " +
                        std::to_string(offset) + " on",
                    stream.m_name);
    }
    if (encoding == StreamEncoding::detect) {
        std::array<unsigned char, 2> magic = {};
        const auto got = ::pread(stream.m_descriptor, magic.data(), magic.size(), static_cast<off_t>(offset));
        encoding = got == 2 && magic[0] == 0x1f && magic[1] == 0x8b ? StreamEncoding::gzip : StreamEncoding::plain;
    }
    if (::lseek(stream.m_descriptor, static_cast<off_t>(offset), SEEK_SET) < 0) {
        return fail(ErrorCode::readFailed, std::strerror(errno), stream.m_name);
    }
    stream.m_upperBound = size - offset;
    if (encoding == StreamEncoding::gzip) {
        stream.m_gzip = ::gzdopen(stream.m_descriptor, "rb");
        if (stream.m_gzip == nullptr) {
            return fail(ErrorCode::readFailed, "zlib could not open the stream", stream.m_name);
        }
        stream.m_descriptor = -1; // zlib closes it
        ::gzbuffer(stream.m_gzip, 1U << 18);
        if (::gzdirect(stream.m_gzip) != 0) {
            return fail(ErrorCode::malformedFile, "gzip data were expected, the signature is missing", stream.m_name);
        }
        stream.m_upperBound *= kDeflateLimit;
    }
    return stream;
}

ByteStream::ByteStream(ByteStream&& other) noexcept
    : m_name(std::move(other.m_name))
    , m_descriptor(std::exchange(other.m_descriptor, -1))
    , m_gzip(std::exchange(other.m_gzip, nullptr))
    , m_upperBound(other.m_upperBound)
{
}

ByteStream::~ByteStream()
{
    if (m_gzip != nullptr) {
        ::gzclose_r(m_gzip);
    }
    if (m_descriptor >= 0) {
        ::close(m_descriptor);
    }
}

Result<std::size_t> ByteStream::readSome(std::span<std::byte> bytes)
{
    std::size_t have = 0;
    while (have < bytes.size()) {
        const auto wanted = std::min<std::size_t>(bytes.size() - have, std::size_t{1} << 24);
        if (m_gzip != nullptr) {
            const int got = ::gzread(m_gzip, bytes.data() + have, static_cast<unsigned>(wanted));
            int state = Z_OK;
            const char* message = ::gzerror(m_gzip, &state);
            if (got < 0 || (state != Z_OK && state != Z_BUF_ERROR && state != Z_STREAM_END)) {
                return fail(ErrorCode::decodeFailed, std::string("damaged gzip data: ") + message, m_name);
            }
            if (got == 0) {
                break;
            }
            have += static_cast<std::size_t>(got);
            continue;
        }
        const ssize_t got = ::read(m_descriptor, bytes.data() + have, wanted);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fail(ErrorCode::readFailed, std::strerror(errno), m_name, "Check the disk and try again");
        }
        if (got == 0) {
            break;
        }
        have += static_cast<std::size_t>(got);
    }
    return have;
}

Status ByteStream::read(std::span<std::byte> bytes)
{
    const auto got = readSome(bytes);
    if (!got) {
        return fail(got.error());
    }
    if (*got != bytes.size()) {
        return fail(ErrorCode::truncatedFile,
                    "the file ends " + std::to_string(bytes.size() - *got) + " bytes before what its header promises",
                    m_name, "Copy the file again");
    }
    return {};
}

Status ByteStream::skip(std::uint64_t count)
{
    std::vector<std::byte> scratch(static_cast<std::size_t>(std::min<std::uint64_t>(count, std::uint64_t{1} << 18)));
    while (count > 0) {
        const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, scratch.size()));
        if (auto done = read(std::span(scratch).first(part)); !done) {
            return done;
        }
        count -= part;
    }
    return {};
}

Status ByteStream::finish()
{
    if (m_gzip == nullptr) {
        return {};
    }
    std::array<std::byte, 1> extra = {};
    const int got = ::gzread(m_gzip, extra.data(), 1);
    int state = Z_OK;
    const char* message = ::gzerror(m_gzip, &state);
    if (got < 0 || state == Z_DATA_ERROR || state == Z_BUF_ERROR) {
        return fail(ErrorCode::decodeFailed, std::string("damaged gzip data: ") + message, m_name,
                    "Copy the file again");
    }
    return {};
}

} // namespace icmoe
