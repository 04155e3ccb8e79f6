#pragma once

#include "inference/weights/WeightsFile.h"

#include <ATen/core/Tensor.h>
#include <map>
#include <memory>
#include <string>

namespace icmoe {

/// The checkpoint's tensors by their names. Built once from a verified file; asking for a name or shape that is not
/// there is an error of the program (std::out_of_range, caught where the segmenter is made).
class NetworkWeights {
public:
    explicit NetworkWeights(const weights::TensorTable& tensors);
    /// The same without a copy of the values: the file stays in memory as long as one of its tensors. For large ones.
    explicit NetworkWeights(std::shared_ptr<const weights::WeightsFile> file);

    /// A float32 tensor on device().
    [[nodiscard]] const at::Tensor& get(const std::string& name) const;

    [[nodiscard]] const std::map<std::string, at::Tensor>& tensors() const { return m_tensors; }
    /// Where all of them lie: networks compute there.
    [[nodiscard]] at::Device device() const;
    [[nodiscard]] NetworkWeights on(at::Device device) const;
    /// These weights with others in the place of some.
    [[nodiscard]] NetworkWeights with(const std::map<std::string, at::Tensor>& others) const;

    /// SHA-256 over names and values: the same as long as no value changed.
    [[nodiscard]] std::string hash() const;

private:
    NetworkWeights() = default;
    std::map<std::string, at::Tensor> m_tensors;
};

/// A linear layer: weight out × in, bias out (undefined: none).
struct Linear {
    at::Tensor weight;
    at::Tensor bias;
};
/// `prefix.weight`, `prefix.bias`.
[[nodiscard]] Linear linear(const NetworkWeights& weights, const std::string& prefix);
/// A transposed convolution with kernel and stride 2 is a linear layer whose outputs are a 2 × 2 cell: weight
/// [in, out, 2, 2] → [2·2·out, in].
[[nodiscard]] Linear cellLayer(const NetworkWeights& weights, const std::string& prefix);

/// A convolution without bias followed by batch normalisation (`prefix.c`, `prefix.bn`), folded in double and rounded
/// once: weight out × in × k × k, bias out.
[[nodiscard]] Linear foldedConvolution(const NetworkWeights& weights, const std::string& prefix);

} // namespace icmoe
