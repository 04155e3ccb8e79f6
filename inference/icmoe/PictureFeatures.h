#pragma once

#include "core/base/Result.h"
#include "inference/sam/ImageEncoder.h"

#include <ATen/core/Tensor.h>
#include <span>
#include <string>

namespace icmoe {

/// A fixed linear map of the encoder's two taps that keep fine detail (engine.md 2.1): principal components of the
/// training pictures, each with deviation 1. Part of a pack.
struct TapProjection {
    at::Tensor halfWeight; ///< [32, 128] of stage 1
    at::Tensor halfBias;   ///< [32]
    at::Tensor fullWeight; ///< [16, 64] of stage 0, pooled
    at::Tensor fullBias;   ///< [16]
    /// Of its values: part of what features are cached by.
    [[nodiscard]] std::string hash() const;
    /// For an encoder that has no taps: zeros.
    [[nodiscard]] static TapProjection none();
};

/// What experts see of a picture, rounded to fp16 before its first use so that a cold and a warm answer have the same
/// bits.
struct PictureFeatures {
    at::Tensor embedding; ///< fp16 [4096, 256]
    at::Tensor half;      ///< fp16 [32, 128, 128]; undefined, as `full`, where the encoder has no taps
    at::Tensor full;      ///< fp16 [16, 128, 128]
    at::Tensor image;     ///< uint8 [3, 256, 256]: what went into the encoder, 0..255

    [[nodiscard]] static constexpr std::size_t byteSize(bool withTaps = true)
    {
        return std::size_t{2} * 4096 * 256 + (withTaps ? std::size_t{2} * (32 + 16) * 128 * 128 : 0) +
               std::size_t{3} * 256 * 256;
    }
    [[nodiscard]] bool hasTaps() const { return half.defined(); }
    [[nodiscard]] PictureFeatures on(at::Device device) const;
    /// Of features in the processor's memory.
    [[nodiscard]] std::vector<std::byte> toBytes() const;
    /// malformedFile for another number of bytes.
    [[nodiscard]] static Result<PictureFeatures> fromBytes(std::span<const std::byte> bytes);
};

/// Encodes a prepared picture, wherever the encoder computes, into the processor's memory: `values` for the encoder,
/// `image` as PictureFeatures::image. `taps`: null without. Nothing when a step said so.
[[nodiscard]] std::optional<PictureFeatures> encodeFeatures(ImageEncoder& encoder, const std::vector<float>& values,
                                                            const at::Tensor& image, const TapProjection* taps,
                                                            const ImageEncoder::Step& step);

/// Finds the projection from the taps of many pictures.
class TapStatistics {
public:
    TapStatistics();
    /// `values`: a prepared picture.
    void add(ImageEncoder& encoder, const std::vector<float>& values);
    [[nodiscard]] TapProjection projection() const;

private:
    struct Moments {
        at::Tensor sum;     ///< double [C]
        at::Tensor product; ///< double [C, C]
        double count = 0;
        void add(const at::Tensor& values);
    };
    static void fit(const Moments& moments, int channels, at::Tensor& weight, at::Tensor& bias);
    Moments m_half;
    Moments m_full;
};

} // namespace icmoe
