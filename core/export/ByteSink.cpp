#include "core/export/ByteSink.h"

#include <algorithm>
#include <zlib.h>

namespace icmoe {

ByteSink::ByteSink(AtomicFile& file, bool gzip)
    : m_file(file)
{
    if (gzip) {
        m_stream = std::make_unique<z_stream_s>();
        m_buffer.resize(std::size_t{1} << 18);
        // Fast packing: masks shrink anyway, and pictures hardly shrink more at higher levels.
        if (::deflateInit2(m_stream.get(), 3, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
            throw std::bad_alloc(); // the only way to fail; caught at the edge of the module
        }
    }
}

ByteSink::~ByteSink()
{
    if (m_stream) {
        ::deflateEnd(m_stream.get());
    }
}

Status ByteSink::write(std::span<const std::byte> bytes)
{
    return m_stream ? deflateAll(bytes, Z_NO_FLUSH) : m_file.write(bytes);
}

Status ByteSink::finish()
{
    return m_stream ? deflateAll({}, Z_FINISH) : Status{};
}

Status ByteSink::deflateAll(std::span<const std::byte> bytes, int flush)
{
    do {
        const auto part = bytes.first(std::min<std::size_t>(bytes.size(), std::size_t{1} << 30));
        bytes = bytes.subspan(part.size());
        m_stream->next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(part.data()));
        m_stream->avail_in = static_cast<uInt>(part.size());
        do {
            m_stream->next_out = reinterpret_cast<Bytef*>(m_buffer.data());
            m_stream->avail_out = static_cast<uInt>(m_buffer.size());
            ::deflate(m_stream.get(), flush);
            const auto out = std::span<const std::byte>(m_buffer).first(m_buffer.size() - m_stream->avail_out);
            if (auto written = m_file.write(out); !written) {
                return written;
            }
        } while (m_stream->avail_out == 0);
    } while (!bytes.empty());
    return {};
}

} // namespace icmoe
