#pragma once

#include <ATen/core/Tensor.h>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace icmoe {

class NetworkWeights;
struct EncoderKernels;

/// A network that turns a picture of side() × side() × 3 into cells of 256 values, 64 × 64 of them in every published
/// one. Everything is channel last.
class ImageEncoder {
public:
    /// Called after every step; false abandons the encoding.
    using Step = std::function<bool()>;
    /// Sees a layer's result (float32, [height, width, channels]), which is there during the call only: patch_embed,
    /// stage0, down0, … stage3 of TinyViT, patch_embed, block0, block1, … of SAM's transformer.
    using Tap = std::function<void(std::string_view name, const at::Tensor& value)>;

    virtual ~ImageEncoder() = default;
    /// `input`: side() × side() × 3 floats. Returns float32 [4096, 256] (token = row · 64 + column), or nothing when a
    /// step said so.
    [[nodiscard]] virtual std::optional<at::Tensor> encode(const float* input, const Step& step,
                                                           const Tap& tap = {}) = 0;
    /// How many times `step` is called.
    [[nodiscard]] virtual int steps() const = 0;
    /// Of the square picture that the network takes.
    [[nodiscard]] virtual int side() const { return 256; }
};

/// TinyViT as LiteMedSAM has it, as a chain of LibTorch operators, in the element type given (float32 or bfloat16).
[[nodiscard]] std::unique_ptr<ImageEncoder> makeTorchImageEncoder(const NetworkWeights& weights, at::ScalarType type);

/// TinyViT by the project's own kernels, whose passes stay in cache: the fast one on a processor. `kernels` must be
/// one that this processor runs; without, the best one in fp32.
[[nodiscard]] std::unique_ptr<ImageEncoder> makeFusedImageEncoder(const NetworkWeights& weights);
[[nodiscard]] std::unique_ptr<ImageEncoder> makeFusedImageEncoder(const NetworkWeights& weights,
                                                                  const EncoderKernels& kernels);

/// Shapes of TinyViT's four stages.
struct StageShape {
    int channels = 0;
    int side = 0; ///< height and width of its tokens
    int blocks = 0;
    int heads = 0;  ///< 0: convolutional
    int window = 0; ///< side of an attention window
};
inline constexpr StageShape kStages[4] = {
    {64, 256, 2, 0, 0}, {128, 128, 2, 4, 7}, {160, 64, 6, 5, 14}, {320, 64, 2, 10, 7}};
inline constexpr int kHeadWidth = 32;

/// The relative position bias of a window, gathered: [heads, w², w²] from the stored [heads, w²].
[[nodiscard]] at::Tensor gatherAttentionBias(const at::Tensor& stored, int window);

} // namespace icmoe
