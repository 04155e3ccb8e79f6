#include "app/DataFolder.h"

#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

namespace icmoe::app {

namespace fs = std::filesystem;

namespace {

constexpr const char* kHint = "Choose another folder with --data-dir";

fs::path defaultPath()
{
    // The XDG base directory specification: a relative value counts as unset.
    if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && data[0] == '/') {
        return fs::path(data) / "icmoe";
    }
    if (const char* home = std::getenv("HOME"); home != nullptr && home[0] != '\0') {
        return fs::path(home) / ".local" / "share" / "icmoe";
    }
    return {};
}

} // namespace

Result<DataFolder> DataFolder::open(const fs::path& chosen)
{
    std::error_code error;
    const fs::path root = chosen.empty() ? defaultPath() : fs::absolute(chosen, error);
    if (root.empty()) {
        return fail(ErrorCode::writeFailed, "there is no home folder for the annotations", {}, kHint);
    }
    const bool isNew = !fs::exists(root, error);
    if (isNew) {
        fs::create_directories(root.parent_path(), error);
        if (::mkdir(root.c_str(), 0700) != 0) {
            return fail(ErrorCode::writeFailed, "the data folder cannot be made", root.string(), kHint);
        }
    }
    if (!fs::is_directory(root, error)) {
        return fail(ErrorCode::writeFailed, "the data folder is a file", root.string(), kHint);
    }
    if (!isNew && chosen.empty()) {
        fs::permissions(root, fs::perms::owner_all, error); // a read-only file system keeps what it has
    }
    if (::access(root.c_str(), R_OK | X_OK) != 0) {
        return fail(ErrorCode::permissionDenied, "the data folder cannot be read", root.string(), kHint);
    }
    return DataFolder(root);
}

EngineOptions DataFolder::engineOptions(int threads) const
{
    EngineOptions options;
    options.weightFolders = defaultFolders("weights");
    options.weightFolders.insert(options.weightFolders.begin(), weights());
    options.packFolders = defaultFolders("packs");
    options.packFolders.insert(options.packFolders.begin(), packs());
    options.cacheFolder = embeddings();
    options.threads = threads;
    return options;
}

fs::path programFolder()
{
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    return error ? fs::current_path(error) : program.parent_path();
}

std::vector<fs::path> defaultFolders(const char* name)
{
    return {programFolder() / name, programFolder() / ".." / "share" / "icmoe" / name};
}

} // namespace icmoe::app
