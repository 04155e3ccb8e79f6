#pragma once

#include "core/image/SliceImage.h"

#include <optional>
#include <string>

namespace icmoe::test {

/// The pictures of tests/support/make_reference.py and tests/data/sam/make_reference.py, by the same integer formulas.
/// "colin27" is read from Debian's mricron-data and is missing where that package is.
[[nodiscard]] std::optional<SliceImage> referencePicture(const std::string& name);
/// "box512": a bright box, columns 137 to 375, rows 131 to 309. With a key.
[[nodiscard]] SliceImage boxPicture();

} // namespace icmoe::test
