#pragma once

#include "core/engine/Segmenter.h"
#include "inference/Engine.h"
#include "inference/sam/MaskDecoder.h"
#include "inference/sam/RecentlyUsed.h"

#include <ATen/ATen.h>
#include <chrono>

namespace icmoe {

/// What SAM's family makes of a picture: 64 × 64 cells of 256 values. Rounded to fp16 before its first use, so that an
/// answer has the same bits from memory, from disk and fresh.
class SamEmbedding final : public Embedding {
public:
    static constexpr std::int64_t kTokens = 4096;
    static constexpr std::int64_t kWidth = 256;
    static constexpr std::size_t kBytes = static_cast<std::size_t>(kTokens * kWidth) * 2;

    /// `features`: [4096, 256] of any type.
    explicit SamEmbedding(const at::Tensor& features)
        : m_features(features.to(at::kCPU, at::kHalf))
    {
    }
    std::size_t byteSize() const override { return kBytes; }
    const at::Tensor& features() const { return m_features; } ///< fp16 [4096, 256], in the processor's memory

    /// As Segmenter::serialize() and deserialize() want them.
    [[nodiscard]] static std::vector<std::byte> toBytes(const Embedding& embedding);
    [[nodiscard]] static Result<std::shared_ptr<const Embedding>> fromBytes(std::span<const std::byte> bytes);

private:
    at::Tensor m_features;
};

struct SameTensor {
    bool operator()(const at::Tensor& a, const at::Tensor& b) const { return a.is_same(b); }
};
/// What does not depend on prompts, for the slices asked about last (10 to 20 MiB each). Its features name a slice: the
/// tensor is kept, so its address does.
template<typename Prepared>
using PreparedSlices = RecentlyUsed<at::Tensor, Prepared, 2, SameTensor>;

/// Of an engine without experts, with the threads that LibTorch has now.
[[nodiscard]] EngineInfo engineInfo(std::string_view engine, const std::string& weightsSha256, Precision precision,
                                    at::Device device, int preprocessing);

/// SAM's decoder made ready for an embedding.
[[nodiscard]] ImageTokens preparedTokens(const SamEmbedding& embedding, const MaskDecoder& decoder,
                                         const at::Tensor& noMask);

/// The pixels whose value is above zero. `values`: height × width.
[[nodiscard]] SliceMask maskAboveZero(const std::vector<float>& values, int width, int height);

[[nodiscard]] inline double secondsSince(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

} // namespace icmoe
