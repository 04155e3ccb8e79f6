#pragma once

#include "core/base/Result.h"

#include <filesystem>
#include <string>

namespace icmoe {

/// Makes the folder where it is missing and lets nobody else into it (mode 0700). `what` names it in errors, `option`
/// is the way out: writeFailed, permissionDenied where it belongs to somebody else.
[[nodiscard]] Status openPrivateFolder(const std::filesystem::path& folder, const std::string& what,
                                       const std::string& option);

} // namespace icmoe
