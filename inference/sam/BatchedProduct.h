#pragma once

#include <ATen/core/Tensor.h>

namespace icmoe {

/// a·b of every pair: [N, M, K]·[N, K, L] → [N, M, L]. As at::bmm, which deals whole pairs out to threads: pairs that
/// are left over when each thread has as many as the others are computed one by one, each by all threads.
[[nodiscard]] at::Tensor batchedProduct(const at::Tensor& a, const at::Tensor& b);
/// base + a·b, without a pass of its own for the sum. base: [N or 1, M, L].
[[nodiscard]] at::Tensor batchedSum(const at::Tensor& base, const at::Tensor& a, const at::Tensor& b);

} // namespace icmoe
