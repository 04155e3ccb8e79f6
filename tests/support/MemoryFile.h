#pragma once

#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace icmoe::test {

/// Bytes that are opened by a name, without a disk: what a test or a fuzzer gives to functions that read files.
class MemoryFile {
public:
    explicit MemoryFile(std::span<const std::byte> bytes)
        : m_descriptor(::memfd_create("test", MFD_CLOEXEC))
    {
        if (m_descriptor < 0 ||
            ::write(m_descriptor, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
            std::abort();
        }
    }
    ~MemoryFile() { ::close(m_descriptor); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    [[nodiscard]] std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(m_descriptor); }

private:
    int m_descriptor;
};

} // namespace icmoe::test
