#pragma once

#include "core/base/Result.h"
#include "inference/weights/TensorTable.h"

#include <string>
#include <string_view>
#include <vector>

namespace icmoe::weights {

/// The measures of SAM's image encoder, a vision transformer. Its pictures are cut into patches of 16 × 16 pixels.
struct VitShape {
    int depth = 0; ///< blocks
    int width = 0; ///< values a token
    int heads = 0;
    std::vector<int> globalBlocks; ///< blocks whose attention sees the whole picture, ascending
    int side = 1024;               ///< of the square picture
    int window = 14;               ///< side of an attention window in the other blocks

    [[nodiscard]] int grid() const { return side / kPatch; } ///< tokens along a side
    [[nodiscard]] bool isGlobal(int block) const;
    bool operator==(const VitShape&) const = default;

    static constexpr int kPatch = 16;
};

/// The published encoders: "vit_b", "vit_l", "vit_h". Null for another name.
[[nodiscard]] const VitShape* samShape(std::string_view variant);

/// Reads the measures off the tensors `image_encoder.*`. weightsUnknown where they are not those of such an encoder.
[[nodiscard]] Result<VitShape> readVitShape(const TensorTable& tensors);

/// A name and shape that a checkpoint must have; all are float32.
struct ExpectedTensor {
    std::string name;
    std::vector<std::int64_t> shape;
};
/// Everything in a checkpoint of segment-anything with that image encoder.
[[nodiscard]] std::vector<ExpectedTensor> expectedSamTensors(const VitShape& shape);

/// "vit_b", "vit_l" or "vit_h", where the tensors are exactly those that this variant has. weightsUnknown names the
/// first tensor that is missing, too much or of another shape.
[[nodiscard]] Result<std::string_view> recogniseSam(const TensorTable& tensors);

/// weightsCorrupt where a value is infinite or no number.
[[nodiscard]] Status checkFinite(const TensorTable& tensors);

} // namespace icmoe::weights
