#pragma once

#include <ATen/core/Tensor.h>

namespace icmoe {

/// The largest value within `reach` rows and columns: [N, H, W]; a square, taken as rows and then columns.
[[nodiscard]] at::Tensor dilated(const at::Tensor& masks, int reach);
/// The same for what is not in the masks (0 or 1).
[[nodiscard]] at::Tensor eroded(const at::Tensor& masks, int reach);

} // namespace icmoe
