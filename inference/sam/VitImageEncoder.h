#pragma once

#include "inference/sam/ImageEncoder.h"
#include "inference/weights/SamStructure.h"

namespace icmoe {

/// The image encoder of SAM and MedSAM: a vision transformer whose blocks look at windows of 14 × 14 tokens or at the
/// whole picture, with decomposed relative positions. Computes in the element type given (float32 or bfloat16).
/// `weights` are those of an encoder with these measures; its embedding has [grid², 256] values.
[[nodiscard]] std::unique_ptr<ImageEncoder> makeVitImageEncoder(const NetworkWeights& weights,
                                                                const weights::VitShape& shape, at::ScalarType type);

} // namespace icmoe
