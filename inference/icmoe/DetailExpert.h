#pragma once

#include "inference/icmoe/ExpertDecoder.h"
#include "inference/icmoe/TensorFile.h"

namespace icmoe {

/// The basic expert of what is smaller than the base's cells: a convolutional network that goes down from the picture
/// at 256 × 256 to 16 × 16 and up again. It sees picture, taps, embedding, prompt maps and the first answer to the same
/// prompts, on which its own answer builds; the base's decoder, whose masks come out of 64 × 64 cells, has no part in
/// it. As any expert it reads the base's features and changes none of its weights.
class DetailExpert {
public:
    /// Answers with the first answer until training has moved it.
    [[nodiscard]] static NamedTensors fresh(std::uint64_t seed);
    /// std::invalid_argument where a tensor is missing or has another shape.
    explicit DetailExpert(NamedTensors parameters);

    /// `batch.maps` hold the first answer as previous mask; `experts`, `points`, `kinds` and `views` have no meaning
    /// here. Logits [N, 256, 256] and predicted IoU [N] alone. Differentiable in the parameters.
    [[nodiscard]] ExpertAnswers operator()(const ExpertBatch& batch) const;

private:
    [[nodiscard]] at::Tensor convolve(const std::string& name, const at::Tensor& x, int stride = 1) const;
    [[nodiscard]] at::Tensor even(const std::string& name, const at::Tensor& x) const;
    [[nodiscard]] at::Tensor block(const std::string& name, const at::Tensor& x) const;
    [[nodiscard]] at::Tensor halved(const std::string& name, const at::Tensor& x) const;
    [[nodiscard]] at::Tensor joined(const std::string& name, const at::Tensor& fine, const at::Tensor& coarse) const;
    [[nodiscard]] at::Tensor context(const at::Tensor& cells, const at::Tensor& maps) const;

    NamedTensors m_parameters;
};

} // namespace icmoe
