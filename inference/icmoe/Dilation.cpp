#include "inference/icmoe/Dilation.h"

#include <ATen/ATen.h>

namespace icmoe {

at::Tensor dilated(const at::Tensor& masks, int reach)
{
    const auto rows = at::max_pool2d(masks.unsqueeze(0), {1, 2 * reach + 1}, {1, 1}, {0, reach});
    return at::max_pool2d(rows, {2 * reach + 1, 1}, {1, 1}, {reach, 0}).squeeze(0);
}

at::Tensor eroded(const at::Tensor& masks, int reach)
{
    return 1 - dilated(1 - masks, reach);
}

} // namespace icmoe
