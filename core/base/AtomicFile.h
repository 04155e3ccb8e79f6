#pragma once

#include "core/base/Result.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

namespace icmoe {

struct AtomicFileOptions {
    bool replace = false; ///< replace an existing file; else ErrorCode::alreadyExists
    unsigned mode = 0600; ///< POSIX permissions of the new file
};

/// A file that appears whole or not at all: bytes go to a temporary name in the same folder, commit() flushes them to
/// the disk and renames. Destroying an uncommitted file removes the temporary one. Movable, one thread at a time.
class AtomicFile {
public:
    [[nodiscard]] static Result<AtomicFile> create(const std::filesystem::path& path, AtomicFileOptions options = {});
    AtomicFile(AtomicFile&& other) noexcept;
    AtomicFile& operator=(AtomicFile&& other) noexcept;
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    ~AtomicFile();

    [[nodiscard]] Status write(std::span<const std::byte> bytes);
    /// Where the bytes are until commit(), for libraries that write by name. They must not remove or rename it.
    [[nodiscard]] const std::filesystem::path& temporaryPath() const { return m_temporary; }
    /// fsync of the file, rename, fsync of the folder.
    [[nodiscard]] Status commit();

private:
    AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int descriptor, AtomicFileOptions options);
    void abandon() noexcept;

    std::filesystem::path m_path;
    std::filesystem::path m_temporary;
    int m_descriptor = -1;
    AtomicFileOptions m_options;
};

/// The whole of it in one call.
[[nodiscard]] Status writeFileAtomically(const std::filesystem::path& path, std::span<const std::byte> bytes,
                                         AtomicFileOptions options = {});

/// Reads a whole file. A file longer than `limit` bytes is refused (limitExceeded) before anything is allocated.
[[nodiscard]] Result<std::vector<std::byte>> readWholeFile(const std::filesystem::path& path, std::size_t limit);

} // namespace icmoe
