#include "core/dicom/ByteSource.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace icmoe {
namespace {

class FileSource final : public SeekableSource {
public:
    FileSource(int descriptor, std::uint64_t size)
        : m_descriptor(descriptor)
        , m_size(size)
        , m_buffer(kBuffer)
    {
    }
    ~FileSource() override { ::close(m_descriptor); }
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    std::size_t read(std::span<std::byte> bytes) override
    {
        std::size_t done = 0;
        while (done < bytes.size() && m_position < m_size) {
            if (m_position < m_bufferStart || m_position >= m_bufferStart + m_filled) {
                if (!fill()) {
                    break;
                }
            }
            const auto at = static_cast<std::size_t>(m_position - m_bufferStart);
            const std::size_t take = std::min(bytes.size() - done, m_filled - at);
            std::memcpy(bytes.data() + done, m_buffer.data() + at, take);
            done += take;
            m_position += take;
        }
        return done;
    }
    std::uint64_t skip(std::uint64_t count) override
    {
        const std::uint64_t take = std::min(count, m_size - m_position);
        m_position += take;
        return take;
    }
    std::uint64_t position() const override { return m_position; }
    std::optional<std::uint64_t> size() const override { return m_size; }
    void seek(std::uint64_t position) override { m_position = std::min(position, m_size); }

private:
    static constexpr std::size_t kBuffer = 16384;
    bool fill()
    {
        ssize_t got = 0;
        do {
            got = ::pread(m_descriptor, m_buffer.data(), m_buffer.size(), static_cast<off_t>(m_position));
        } while (got < 0 && errno == EINTR);
        m_bufferStart = m_position;
        m_filled = got > 0 ? static_cast<std::size_t>(got) : 0;
        return m_filled > 0;
    }

    int m_descriptor;
    std::uint64_t m_size;
    std::uint64_t m_position = 0;
    std::uint64_t m_bufferStart = 0;
    std::size_t m_filled = 0;
    std::vector<std::byte> m_buffer;
};

class MemorySource final : public SeekableSource {
public:
    explicit MemorySource(std::span<const std::byte> bytes)
        : m_bytes(bytes)
    {
    }
    std::size_t read(std::span<std::byte> bytes) override
    {
        const std::size_t take = std::min(bytes.size(), m_bytes.size() - m_position);
        std::copy_n(m_bytes.begin() + static_cast<std::ptrdiff_t>(m_position), take, bytes.begin());
        m_position += take;
        return take;
    }
    std::uint64_t skip(std::uint64_t count) override
    {
        const std::uint64_t take = std::min<std::uint64_t>(count, m_bytes.size() - m_position);
        m_position += static_cast<std::size_t>(take);
        return take;
    }
    std::uint64_t position() const override { return m_position; }
    std::optional<std::uint64_t> size() const override { return m_bytes.size(); }
    void seek(std::uint64_t position) override
    {
        m_position = static_cast<std::size_t>(std::min<std::uint64_t>(position, m_bytes.size()));
    }

private:
    std::span<const std::byte> m_bytes;
    std::size_t m_position = 0;
};

class InflatingSource final : public ByteSource {
public:
    explicit InflatingSource(ByteSource& source)
        : m_source(source)
    {
        m_ended = ::inflateInit2(&m_stream, -MAX_WBITS) != Z_OK;
    }
    ~InflatingSource() override { ::inflateEnd(&m_stream); }
    InflatingSource(const InflatingSource&) = delete;
    InflatingSource& operator=(const InflatingSource&) = delete;

    std::size_t read(std::span<std::byte> bytes) override
    {
        std::size_t done = 0;
        while (done < bytes.size() && !m_ended) {
            if (m_stream.avail_in == 0) {
                m_stream.next_in = reinterpret_cast<Bytef*>(m_input.data());
                m_stream.avail_in = static_cast<uInt>(m_source.read(m_input));
            }
            const std::size_t piece = std::min<std::size_t>(bytes.size() - done, 1U << 20U);
            m_stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + done);
            m_stream.avail_out = static_cast<uInt>(piece);
            const bool hadInput = m_stream.avail_in > 0;
            const int state = ::inflate(&m_stream, Z_NO_FLUSH);
            const std::size_t got = piece - m_stream.avail_out;
            done += got;
            m_position += got;
            m_ended = state != Z_OK && !(state == Z_BUF_ERROR && (hadInput || got > 0));
            if (!hadInput && got == 0) {
                m_ended = true;
            }
        }
        return done;
    }
    std::uint64_t skip(std::uint64_t count) override
    {
        std::array<std::byte, 16384> sink{};
        std::uint64_t done = 0;
        while (done < count) {
            const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(sink.size(), count - done));
            const std::size_t got = read(std::span(sink).first(want));
            done += got;
            if (got < want) {
                break;
            }
        }
        return done;
    }
    std::uint64_t position() const override { return m_position; }
    std::optional<std::uint64_t> size() const override { return std::nullopt; }

private:
    ByteSource& m_source;
    ::z_stream m_stream{};
    std::array<std::byte, 16384> m_input{};
    std::uint64_t m_position = 0;
    bool m_ended = false;
};

} // namespace

Result<std::unique_ptr<SeekableSource>> openFileSource(const std::filesystem::path& path)
{
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        const ErrorCode code = errno == ENOENT                       ? ErrorCode::notFound
                               : (errno == EACCES || errno == EPERM) ? ErrorCode::permissionDenied
                                                                     : ErrorCode::readFailed;
        return fail(code, std::string("the file cannot be opened: ") + std::strerror(errno), path.string(),
                    "Check the path and its permissions");
    }
    struct ::stat status = {};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(descriptor);
        return fail(ErrorCode::readFailed, "not a regular file", path.string(), "Check the path");
    }
    return std::make_unique<FileSource>(descriptor, static_cast<std::uint64_t>(status.st_size));
}

std::unique_ptr<SeekableSource> memorySource(std::span<const std::byte> bytes)
{
    return std::make_unique<MemorySource>(bytes);
}

std::unique_ptr<ByteSource> inflatingSource(ByteSource& source)
{
    return std::make_unique<InflatingSource>(source);
}

} // namespace icmoe
