#pragma once

namespace icmoe {

// Kernels of the fused image encoder. Pictures are channel last and fp32; strides count floats. Each instruction set
// has its own copy of the same source (EncoderKernels.inl); results of one copy do not depend on threads or on how rows
// are grouped.

/// What `linear` multiplies: floats, or both sides rounded to bf16 and summed in fp32.
enum class Products { fp32, bf16 };

/// What happens to a product before it is stored.
enum class Epilogue {
    store,           ///< c = a·b + bias
    gelu,            ///< c = gelu(a·b + bias)
    addResidual,     ///< c = residual + a·b + bias
    addResidualGelu, ///< c = gelu(residual + a·b + bias)
};

/// c [rows, columns] from a [rows, depth] and packed weights. residual may be c itself.
struct LinearCall {
    const float* a = nullptr;
    long aStride = 0;
    long rows = 0;
    long depth = 0;
    /// fp32: floats [columns / panel][depth][panel]; bf16: [columns / panel][⌈depth / 2⌉][panel][2], odd depth ends in
    /// 0
    const void* weights = nullptr;
    const float* bias = nullptr; ///< [columns]
    long columns = 0;            ///< a multiple of the panel's width
    const float* residual = nullptr;
    long residualStride = 0;
    float* c = nullptr;
    long cStride = 0;
    Epilogue epilogue = Epilogue::store;
};

/// One row of a depthwise 3 × 3: out [columns, channels] from three rows that begin one pixel left of the first window.
struct DepthwiseCall {
    const float* rows[3] = {};
    const float* weights = nullptr; ///< [9][channels]
    const float* bias = nullptr;
    float* out = nullptr;
    long columns = 0;
    long channels = 0; ///< a multiple of 32
    long stride = 1;   ///< 1 or 2
    bool gelu = false;
};

/// Attention within one window: qkv [tokens, heads · 96] (per head 32 q, already scaled, 32 k, 32 v) → out [tokens,
/// heads · 32].
struct AttentionCall {
    const float* qkv = nullptr;
    long tokens = 0;
    long heads = 0;
    const float* bias = nullptr; ///< [heads][tokens][padded tokens], −1e30 in the padding
    float* out = nullptr;
    float* scratch = nullptr; ///< attentionScratch(tokens, panel) floats
};

/// Tokens rounded up to whole panels.
[[nodiscard]] constexpr long paddedTokens(long tokens, long panel)
{
    return (tokens + panel - 1) / panel * panel;
}
[[nodiscard]] constexpr long attentionScratch(long tokens, long panel)
{
    return paddedTokens(tokens, panel) * (32 + 32 + tokens + tokens / 2 + 8) + tokens;
}

struct EncoderKernels {
    const char* name = "";
    long panel = 0; ///< columns of one packed panel; divides 32
    Products products = Products::fp32;
    void (*linear)(const LinearCall&) = nullptr;
    /// y = (x − mean) / √(variance + epsilon) · weight + bias, row by row.
    void (*layerNorm)(const float* x, long xStride, float* y, long yStride, long rows, long channels,
                      const float* weight, const float* bias, float epsilon) = nullptr;
    void (*depthwiseRow)(const DepthwiseCall&) = nullptr;
    void (*attention)(const AttentionCall&) = nullptr;
};

[[nodiscard]] const EncoderKernels& genericKernels();
[[nodiscard]] const EncoderKernels& avx2Kernels();
[[nodiscard]] const EncoderKernels& avx512Kernels();
[[nodiscard]] const EncoderKernels& avx512Bf16Kernels();
/// Does this processor run that copy?
[[nodiscard]] bool canRun(const EncoderKernels& kernels);
/// The fastest fp32 copy that this processor runs.
[[nodiscard]] const EncoderKernels& bestKernels();

} // namespace icmoe
