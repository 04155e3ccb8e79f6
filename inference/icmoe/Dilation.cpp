#include "inference/icmoe/Dilation.h"

#include <ATen/ATen.h>
#include <limits>

namespace icmoe {
namespace {

/// The largest of `window` neighbours along a dimension, which becomes window − 1 shorter: windows of twice the length
/// come out of two shorter ones.
at::Tensor largestAlong(at::Tensor values, std::int64_t dimension, std::int64_t window)
{
    for (std::int64_t done = 1; done < window;) {
        const auto step = std::min(done, window - done);
        values = at::maximum(values.slice(dimension, 0, -step), values.slice(dimension, step));
        done += step;
    }
    return values;
}

} // namespace

at::Tensor dilated(const at::Tensor& masks, int reach)
{
    const auto framed =
        at::constant_pad_nd(masks, {reach, reach, reach, reach}, -std::numeric_limits<double>::infinity());
    return largestAlong(largestAlong(framed, 1, 2 * reach + 1), 2, 2 * reach + 1);
}

at::Tensor eroded(const at::Tensor& masks, int reach)
{
    return 1 - dilated(1 - masks, reach);
}

} // namespace icmoe
