#pragma once

#include "inference/training/Contrast.h"

#include <string>
#include <vector>

namespace icmoe::training {

/// Embeddings on their first two principal components, a colour for each class (SVG). `names`: of the classes.
[[nodiscard]] std::string embeddingPicture(const Embedded& embedded, const std::vector<std::string>& names);

} // namespace icmoe::training
