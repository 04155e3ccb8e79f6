#include "core/base/PrivateFolder.h"

namespace icmoe {

Status openPrivateFolder(const std::filesystem::path& folder, const std::string& what, const std::string& option)
{
    namespace fs = std::filesystem;
    const auto hint = "Choose another one with " + option;
    std::error_code error;
    fs::create_directories(folder, error);
    if (!fs::is_directory(folder, error)) {
        return fail(ErrorCode::writeFailed, what + " cannot be made", folder.string(), hint);
    }
    fs::permissions(folder, fs::perms::owner_all, error);
    if (error) {
        return fail(ErrorCode::permissionDenied, what + " belongs to somebody else", folder.string(), hint);
    }
    return {};
}

} // namespace icmoe
