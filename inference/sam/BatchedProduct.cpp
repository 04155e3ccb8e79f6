#include "inference/sam/BatchedProduct.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

namespace icmoe {
namespace {

/// How many pairs at::bmm computes without an idle thread; all where the product must remain one node of a graph.
std::int64_t evenlyDealt(const at::Tensor& a, const at::Tensor& b)
{
    const auto count = a.size(0);
    const bool learns = at::GradMode::is_enabled() && (a.requires_grad() || b.requires_grad());
    return learns || !a.is_cpu() ? count : count - count % at::get_num_threads();
}

} // namespace

at::Tensor batchedProduct(const at::Tensor& a, const at::Tensor& b)
{
    const auto count = a.size(0);
    const auto even = evenlyDealt(a, b);
    if (even == count) {
        return at::bmm(a, b);
    }
    auto result = at::empty({count, a.size(1), b.size(2)}, a.options());
    if (even > 0) {
        auto first = result.slice(0, 0, even);
        at::bmm_out(first, a.slice(0, 0, even), b.slice(0, 0, even));
    }
    for (auto n = even; n < count; ++n) {
        auto one = result[n];
        at::mm_out(one, a[n], b[n]);
    }
    return result;
}

at::Tensor batchedSum(const at::Tensor& base, const at::Tensor& a, const at::Tensor& b)
{
    const auto count = a.size(0);
    const auto even = evenlyDealt(a, b);
    const auto whole = base.size(0) == count ? base : base.expand({count, -1, -1});
    if (even == count || base.requires_grad()) {
        return at::baddbmm(whole, a, b);
    }
    auto result = at::empty({count, a.size(1), b.size(2)}, a.options());
    if (even > 0) {
        auto first = result.slice(0, 0, even);
        at::baddbmm_out(first, whole.slice(0, 0, even), a.slice(0, 0, even), b.slice(0, 0, even));
    }
    for (auto n = even; n < count; ++n) {
        auto one = result[n];
        at::addmm_out(one, whole[n], a[n], b[n]);
    }
    return result;
}

} // namespace icmoe
