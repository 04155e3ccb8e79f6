#include "core/base/AtomicFile.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace icmoe {
namespace {

Error systemError(int error, ErrorCode otherwise, const std::filesystem::path& path)
{
    Error result{otherwise, std::strerror(error), path.string(), "Check the disk and try again"};
    if (error == ENOENT) {
        result = {ErrorCode::notFound, "no such file or folder", path.string(), "Check the path"};
    } else if (error == EACCES || error == EPERM || error == EROFS) {
        result = {ErrorCode::permissionDenied, "no permission", path.string(),
                  "Choose another folder or change the permissions"};
    } else if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
        result = {ErrorCode::diskFull, "the disk is full", path.string(),
                  "Free some space and try again; nothing was replaced"};
    }
    return result;
}

Status flushFolder(const std::filesystem::path& folder)
{
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return fail(systemError(errno, ErrorCode::writeFailed, folder));
    }
    const bool done = ::fsync(descriptor) == 0 || errno == EINVAL; // some network file systems cannot sync a folder
    const int error = errno;
    ::close(descriptor);
    return done ? Status{} : Status{fail(systemError(error, ErrorCode::writeFailed, folder))};
}

std::filesystem::path folderOf(const std::filesystem::path& path)
{
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

} // namespace

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& path, AtomicFileOptions options)
{
    struct ::stat existing = {};
    if (!options.replace && ::lstat(path.c_str(), &existing) == 0) {
        return fail(ErrorCode::alreadyExists, "the file exists already", path.string(),
                    "Choose another name or use --force");
    }
    static std::atomic<unsigned> counter = 0;
    auto temporary = folderOf(path) / ("." + path.filename().string() + "." + std::to_string(::getpid()) + "." +
                                       std::to_string(counter++) + ".part");
    const int descriptor =
        ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(options.mode));
    if (descriptor < 0) {
        return fail(systemError(errno, ErrorCode::writeFailed, path));
    }
    return AtomicFile(path, std::move(temporary), descriptor, options);
}

AtomicFile::AtomicFile(std::filesystem::path path, std::filesystem::path temporary, int descriptor,
                       AtomicFileOptions options)
    : m_path(std::move(path))
    , m_temporary(std::move(temporary))
    , m_descriptor(descriptor)
    , m_options(options)
{
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : m_path(std::move(other.m_path))
    , m_temporary(std::move(other.m_temporary))
    , m_descriptor(std::exchange(other.m_descriptor, -1))
    , m_options(other.m_options)
{
}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept
{
    if (this != &other) {
        abandon();
        m_path = std::move(other.m_path);
        m_temporary = std::move(other.m_temporary);
        m_descriptor = std::exchange(other.m_descriptor, -1);
        m_options = other.m_options;
    }
    return *this;
}

AtomicFile::~AtomicFile()
{
    abandon();
}

void AtomicFile::abandon() noexcept
{
    if (m_descriptor >= 0) {
        ::close(m_descriptor);
        ::unlink(m_temporary.c_str());
        m_descriptor = -1;
    }
}

Status AtomicFile::write(std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(m_descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return fail(systemError(errno, ErrorCode::writeFailed, m_path));
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Status AtomicFile::commit()
{
    if (::fsync(m_descriptor) != 0) {
        return fail(systemError(errno, ErrorCode::writeFailed, m_path));
    }
    // link() fails where the name has appeared meanwhile, rename() would replace it.
    const bool named = m_options.replace ? ::rename(m_temporary.c_str(), m_path.c_str()) == 0
                                         : ::link(m_temporary.c_str(), m_path.c_str()) == 0;
    if (!named && !m_options.replace && errno != EEXIST && ::rename(m_temporary.c_str(), m_path.c_str()) != 0) {
        return fail(systemError(errno, ErrorCode::writeFailed, m_path));
    }
    if (!named && errno == EEXIST) {
        return fail(ErrorCode::alreadyExists, "the file exists already", m_path.string(),
                    "Choose another name or use --force");
    }
    ::unlink(m_temporary.c_str());
    ::close(m_descriptor);
    m_descriptor = -1;
    return flushFolder(folderOf(m_path));
}

Status writeFileAtomically(const std::filesystem::path& path, std::span<const std::byte> bytes,
                           AtomicFileOptions options)
{
    auto file = AtomicFile::create(path, options);
    if (!file) {
        return fail(file.error());
    }
    if (auto written = file->write(bytes); !written) {
        return written;
    }
    return file->commit();
}

Result<std::vector<std::byte>> readWholeFile(const std::filesystem::path& path, std::size_t limit)
{
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return fail(systemError(errno, ErrorCode::readFailed, path));
    }
    struct Closer {
        int descriptor;
        ~Closer() { ::close(descriptor); }
    } const closer{descriptor};
    struct ::stat status = {};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        return fail(ErrorCode::readFailed, "not a regular file", path.string(), "Check the path");
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > limit) {
        return fail(ErrorCode::limitExceeded,
                    "the file has " + std::to_string(size) + " bytes, at most " + std::to_string(limit) +
                        " were expected",
                    path.string(), "Check that this is the right file");
    }
    std::vector<std::byte> bytes(size);
    std::size_t have = 0;
    while (have < size) {
        const ssize_t got = ::read(descriptor, bytes.data() + have, size - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return fail(ErrorCode::readFailed,
                        got < 0 ? std::strerror(errno) : "the file became shorter while it was read", path.string(),
                        "Check the disk and try again");
        }
        have += static_cast<std::size_t>(got);
    }
    return bytes;
}

} // namespace icmoe
