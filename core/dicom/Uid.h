#pragma once

#include <string>
#include <string_view>

namespace icmoe {

/// A valid DICOM UID ("2.25.…", PS3.5 annex B.2) made from the SHA-256 of a text: the same text gives the same UID.
[[nodiscard]] std::string uidFromText(std::string_view text);

} // namespace icmoe
