#pragma once

#include "core/image/SliceImage.h"
#include "inference/sam/ImageEncoder.h"
#include "inference/sam/Preprocess.h"

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
};

/// What experts see of a picture, rounded to fp16 before its first use so that a cold and a warm answer have the same
/// bits.
struct PictureFeatures {
    at::Tensor embedding; ///< fp16 [4096, 256]
    at::Tensor half;      ///< fp16 [32, 128, 128]
    at::Tensor full;      ///< fp16 [16, 128, 128]
    at::Tensor image;     ///< uint8 [3, 256, 256]: what went into the encoder, 0..255

    [[nodiscard]] static constexpr std::size_t byteSize()
    {
        return std::size_t{2} * 4096 * 256 + std::size_t{2} * (32 + 16) * 128 * 128 + std::size_t{3} * 256 * 256;
    }
    [[nodiscard]] std::vector<std::byte> toBytes() const;
    /// malformedFile for another number of bytes.
    [[nodiscard]] static Result<PictureFeatures> fromBytes(std::span<const std::byte> bytes);
};

/// Encodes a prepared picture. Nothing when a step said so.
[[nodiscard]] std::optional<PictureFeatures> encodeFeatures(ImageEncoder& encoder, const NetworkInput& input,
                                                            const TapProjection& taps, const ImageEncoder::Step& step);

/// Finds the projection from the taps of many pictures.
class TapStatistics {
public:
    TapStatistics();
    void add(ImageEncoder& encoder, const NetworkInput& input);
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
