#pragma once

#include <string>
#include <vector>

namespace icmoe {

/// Names without a bar as one text for a file's metadata, whose values are never empty, and back.
[[nodiscard]] std::string joinedNames(const std::vector<std::string>& names);
[[nodiscard]] std::vector<std::string> splitNames(const std::string& text);

} // namespace icmoe
