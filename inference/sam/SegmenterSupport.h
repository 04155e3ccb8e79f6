#pragma once

#include "core/engine/Segmenter.h"
#include "inference/Engine.h"
#include "inference/sam/MaskDecoder.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <chrono>
#include <list>

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

/// What does not depend on prompts, for the slices asked about last (10 to 20 MiB each).
template<typename Prepared>
class PreparedSlices {
public:
    /// `features` names the slice; `make` is called where it is not among the last ones. Valid until the next call.
    template<typename Make>
    Prepared& of(const at::Tensor& features, const Make& make)
    {
        // the tensor is kept, so its address names it
        const auto found = std::find_if(m_slices.begin(), m_slices.end(),
                                        [&](const auto& entry) { return entry.first.is_same(features); });
        if (found != m_slices.end()) {
            m_slices.splice(m_slices.begin(), m_slices, found);
        } else {
            m_slices.emplace_front(features, make());
            if (m_slices.size() > kMost) {
                m_slices.pop_back();
            }
        }
        return m_slices.front().second;
    }

private:
    static constexpr std::size_t kMost = 2;
    std::list<std::pair<at::Tensor, Prepared>> m_slices; ///< most recent first
};

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
