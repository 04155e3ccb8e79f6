#pragma once

#include "core/base/Result.h"
#include "core/engine/Prompt.h"
#include "inference/icmoe/Routing.h"
#include "inference/sam/Preprocess.h"

#include <optional>
#include <string>
#include <vector>

namespace icmoe {

/// The class that a label's name means, without regard to case; nothing where no prototype has that name.
[[nodiscard]] std::optional<std::int64_t> classNamed(const std::vector<std::string>& classes, const std::string& name);

/// Where a named structure lies on a slice, in slice pixels: the box of the largest region whose cells resemble the
/// class's prototype more than the slice does elsewhere. embedding [4096, 256]. notFound where nothing stands out.
[[nodiscard]] Result<BoxPrompt> findClass(const Routing& routing, std::int64_t classIndex, const at::Tensor& embedding,
                                          const NetworkGrid& grid);

} // namespace icmoe
