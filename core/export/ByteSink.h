#pragma once

#include "core/base/AtomicFile.h"

#include <memory>

struct z_stream_s;

namespace icmoe {

/// Streams bytes into an AtomicFile, packed by gzip where asked for. finish() writes what is left; the caller commits.
class ByteSink {
public:
    ByteSink(AtomicFile& file, bool gzip);
    ~ByteSink();
    ByteSink(const ByteSink&) = delete;
    ByteSink& operator=(const ByteSink&) = delete;

    /// Bytes that are never packed (a text header before packed samples). Before the first write().
    [[nodiscard]] Status writePlain(std::span<const std::byte> bytes) { return m_file.write(bytes); }
    [[nodiscard]] Status write(std::span<const std::byte> bytes);
    [[nodiscard]] Status finish();

private:
    [[nodiscard]] Status deflateAll(std::span<const std::byte> bytes, int flush);
    AtomicFile& m_file;
    std::unique_ptr<z_stream_s> m_stream; ///< none for plain files
    std::vector<std::byte> m_buffer;
};

} // namespace icmoe
