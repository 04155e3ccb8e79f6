#include "inference/sam/SegmenterSupport.h"

#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/sam/TensorDevice.h"
#include "inference/sam/TorchGuard.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <cstring>

namespace icmoe {

std::vector<std::byte> SamEmbedding::toBytes(const Embedding& embedding)
{
    const auto* own = dynamic_cast<const SamEmbedding*>(&embedding);
    if (own == nullptr) {
        return {};
    }
    const auto* bytes = static_cast<const std::byte*>(own->features().const_data_ptr());
    return {bytes, bytes + kBytes};
}

Result<std::shared_ptr<const Embedding>> SamEmbedding::fromBytes(std::span<const std::byte> bytes)
{
    if (bytes.size() != kBytes) {
        return fail(ErrorCode::malformedFile, "a cached embedding has " + std::to_string(bytes.size()) + " bytes, " +
                                                  std::to_string(kBytes) + " were expected");
    }
    return guarded<std::shared_ptr<const Embedding>>("reading a cached embedding", [&] {
        const auto features = at::empty({kTokens, kWidth}, at::kHalf);
        std::memcpy(features.data_ptr(), bytes.data(), bytes.size());
        return std::make_shared<const SamEmbedding>(features);
    });
}

EngineInfo engineInfo(std::string_view engine, const std::string& weightsSha256, Precision precision, at::Device device,
                      int preprocessing)
{
    EngineInfo info;
    info.engine = engine;
    info.weightsSha256 = weightsSha256;
    info.expertsRevision = "none";
    info.precision = textOf(precision);
    info.threads = at::get_num_threads();
    info.device = deviceText(device, info.threads);
    info.preprocessing = preprocessing;
    return info;
}

ImageTokens preparedTokens(const SamEmbedding& embedding, const MaskDecoder& decoder, const at::Tensor& noMask)
{
    return decoder.prepare(
        embedding.features().to(noMask.device(), at::kFloat).add_(noMask).unsqueeze(0)); // 1×4096×256
}

SliceMask maskAboveZero(const std::vector<float>& values, int width, int height)
{
    std::vector<std::uint8_t> bitmap(values.size());
    std::transform(values.begin(), values.end(), bitmap.begin(),
                   [](float v) { return v > 0 ? std::uint8_t{1} : std::uint8_t{0}; });
    return SliceMask::fromBitmap(bitmap, width, height);
}

} // namespace icmoe
