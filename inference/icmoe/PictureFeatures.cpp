#include "inference/icmoe/PictureFeatures.h"

#include "core/base/Sha256.h"
#include "inference/icmoe/ExpertParameters.h"

#include <ATen/ATen.h>
#include <cstring>

namespace icmoe {
namespace {

constexpr std::string_view kHalfTap = "stage1";
constexpr std::string_view kFullTap = "stage0";

/// stage 0, [256, 256, 64] → [128, 128, 64]
at::Tensor pooled(const at::Tensor& stage0)
{
    return stage0.view({128, 2, 128, 2, 64}).mean(at::IntArrayRef{1, 3});
}

at::Tensor projected(const at::Tensor& tap, const at::Tensor& weight, const at::Tensor& bias)
{
    const auto values = at::linear(tap, weight.to(tap.device()), bias.to(tap.device()));
    return values.permute({2, 0, 1}).contiguous().to(at::kCPU, at::kHalf); // C×128×128
}

void append(std::vector<std::byte>& bytes, const at::Tensor& tensor)
{
    const auto whole = tensor.contiguous();
    const auto* begin = static_cast<const std::byte*>(whole.const_data_ptr());
    bytes.insert(bytes.end(), begin, begin + whole.nbytes());
}

} // namespace

std::string TapProjection::hash() const
{
    Sha256 hash;
    for (const auto* tensor : {&halfWeight, &halfBias, &fullWeight, &fullBias}) {
        std::vector<std::byte> bytes;
        append(bytes, *tensor);
        hash.update(bytes);
    }
    return hash.hex();
}

TapProjection TapProjection::none()
{
    return {at::zeros({kHalfTapChannels, 128}), at::zeros({kHalfTapChannels}), at::zeros({kFullTapChannels, 64}),
            at::zeros({kFullTapChannels})};
}

std::vector<std::byte> PictureFeatures::toBytes() const
{
    std::vector<std::byte> bytes;
    bytes.reserve(byteSize(hasTaps()));
    for (const auto* tensor : {&embedding, &half, &full, &image}) {
        if (tensor->defined()) {
            append(bytes, *tensor);
        }
    }
    return bytes;
}

PictureFeatures PictureFeatures::on(at::Device device) const
{
    PictureFeatures moved = *this;
    for (auto* tensor : {&moved.embedding, &moved.half, &moved.full, &moved.image}) {
        if (tensor->defined()) {
            *tensor = tensor->to(device);
        }
    }
    return moved;
}

Result<PictureFeatures> PictureFeatures::fromBytes(std::span<const std::byte> bytes)
{
    const bool withTaps = bytes.size() == byteSize();
    if (!withTaps && bytes.size() != byteSize(false)) {
        return fail(ErrorCode::malformedFile, "cached features have " + std::to_string(bytes.size()) + " bytes, " +
                                                  std::to_string(byteSize()) + " were expected");
    }
    const auto take = [&](std::vector<std::int64_t> shape, at::ScalarType type) {
        auto tensor = at::empty(shape, type);
        std::memcpy(tensor.data_ptr(), bytes.data(), tensor.nbytes());
        bytes = bytes.subspan(tensor.nbytes());
        return tensor;
    };
    PictureFeatures features;
    features.embedding = take({4096, 256}, at::kHalf);
    if (withTaps) {
        features.half = take({kHalfTapChannels, 128, 128}, at::kHalf);
        features.full = take({kFullTapChannels, 128, 128}, at::kHalf);
    }
    features.image = take({3, 256, 256}, at::kByte);
    return features;
}

std::optional<PictureFeatures> encodeFeatures(ImageEncoder& encoder, const std::vector<float>& values,
                                              const at::Tensor& image, const TapProjection* taps,
                                              const ImageEncoder::Step& step)
{
    PictureFeatures features;
    ImageEncoder::Tap see;
    if (taps != nullptr) {
        see = [&](std::string_view name, const at::Tensor& tap) {
            if (name == kHalfTap) {
                features.half = projected(tap, taps->halfWeight, taps->halfBias);
            } else if (name == kFullTap) {
                features.full = projected(pooled(tap), taps->fullWeight, taps->fullBias);
            }
        };
    }
    const auto embedding = encoder.encode(values.data(), step, see);
    if (!embedding) {
        return std::nullopt;
    }
    features.embedding = embedding->to(at::kCPU, at::kHalf);
    features.image = image;
    return features;
}

TapStatistics::TapStatistics()
{
    for (auto [moments, channels] : {std::pair{&m_half, std::int64_t{128}}, std::pair{&m_full, std::int64_t{64}}}) {
        moments->sum = at::zeros({channels}, at::kDouble);
        moments->product = at::zeros({channels, channels}, at::kDouble);
    }
}

void TapStatistics::Moments::add(const at::Tensor& values)
{
    const auto rows = values.reshape({-1, values.size(-1)}).to(at::kCPU, at::kDouble);
    sum += rows.sum(0);
    product += at::matmul(rows.t(), rows);
    count += static_cast<double>(rows.size(0));
}

void TapStatistics::add(ImageEncoder& encoder, const std::vector<float>& values)
{
    (void)encoder.encode(
        values.data(), [] { return true; },
        [&](std::string_view name, const at::Tensor& tap) {
            if (name == kHalfTap) {
                m_half.add(tap);
            } else if (name == kFullTap) {
                m_full.add(pooled(tap));
            }
        });
}

void TapStatistics::fit(const Moments& moments, int channels, at::Tensor& weight, at::Tensor& bias)
{
    const auto mean = moments.sum / moments.count;
    const auto covariance = moments.product / moments.count - at::outer(mean, mean);
    const auto [values, vectors] = at::linalg_eigh(covariance); // ascending
    const auto size = values.size(0);
    auto chosen = vectors.slice(1, size - channels, size).flip(1);
    // an eigenvector's sign is arbitrary: the entry of largest size is positive
    const auto largest = chosen.gather(0, chosen.abs().argmax(0, true));
    chosen = chosen * largest.sign();
    const auto deviation = values.slice(0, size - channels, size).flip(0).clamp_min(1e-12).sqrt();
    const auto scaled = chosen / deviation; // C×channels
    weight = scaled.t().contiguous().to(at::kFloat);
    bias = -at::matmul(mean, scaled).to(at::kFloat);
}

TapProjection TapStatistics::projection() const
{
    TapProjection taps;
    fit(m_half, kHalfTapChannels, taps.halfWeight, taps.halfBias);
    fit(m_full, kFullTapChannels, taps.fullWeight, taps.fullBias);
    return taps;
}

} // namespace icmoe
