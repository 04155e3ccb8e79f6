#pragma once

#include "inference/training/Random.h"

#include <ATen/core/Tensor.h>
#include <map>
#include <string>
#include <vector>

namespace icmoe::training {

/// Classes of pixels that are no structure of their own: they only push away.
inline constexpr int kNearBackground = -1;
inline constexpr int kFarBackground = -2;

/// Embeddings of unit length with the class of each.
struct Embedded {
    at::Tensor vectors;       ///< [N, D]
    std::vector<int> classes; ///< N
};

struct ContrastOptions {
    double temperature = 0.1; ///< τ
    double sharpness = 1.0;   ///< β: 0 weighs all negatives alike
};

/// Semantic-guided contrastive loss (engine.md 2.5): for every anchor and every key of its class (its positives),
/// −log( e^{a·k⁺/τ} / (e^{a·k⁺/τ} + Σ₋ ω e^{a·k⁻/τ}) ), ω ∝ e^{β cos(μ_c, μ_c′)} with mean 1 over the anchor's
/// negatives, so that what is easily confused is pushed apart most. Anchors without a positive are left out; without
/// any anchor the loss is zero. `centres`: the mean direction of each class. Differentiable in the anchors.
[[nodiscard]] at::Tensor contrastiveLoss(const Embedded& anchors, const Embedded& keys,
                                         const std::map<int, at::Tensor>& centres, const ContrastOptions& options);

/// Embeddings of other pictures, a bounded number a class and data set, the oldest first out.
class MemoryBank {
public:
    explicit MemoryBank(std::size_t perClass)
        : m_perClass(perClass)
    {
    }
    void add(int classIndex, const at::Tensor& vectors, std::size_t picture); ///< [N, D]
    /// All that is not of these pictures.
    [[nodiscard]] Embedded keysWithout(const std::vector<std::size_t>& pictures) const;
    /// Mean directions of the classes that it holds.
    [[nodiscard]] std::map<int, at::Tensor> centres() const;
    [[nodiscard]] std::size_t size() const;

private:
    struct Entry {
        at::Tensor vector; ///< [D]
        std::size_t picture = 0;
    };
    std::size_t m_perClass;
    std::map<int, std::vector<Entry>> m_entries; ///< oldest first
};

/// Cells [4096] of one picture to take as anchors of its object: up to `most`, half of them hard: wrong or uncertain in
/// the answer, or at the border. `cover`, `p`: [64, 64], share under the object and the answer's probability.
[[nodiscard]] std::vector<std::int64_t> anchorCells(const at::Tensor& cover, const at::Tensor& p, std::size_t most,
                                                    Random& random);
/// Cells of the background: within four cells of the object, or beyond.
[[nodiscard]] std::vector<std::int64_t> backgroundCells(const at::Tensor& cover, bool near, std::size_t most,
                                                        Random& random);

/// How well classes keep together: mean cosine of pairs within a class and between classes.
struct Cohesion {
    double within = 0;
    double between = 0;
};
[[nodiscard]] Cohesion cohesionOf(const Embedded& embedded);
/// The directions from the mean of the classes' means: what a projection gives to all structures alike is taken away,
/// which is most of what an untrained one gives.
[[nodiscard]] Embedded centred(const Embedded& embedded);

} // namespace icmoe::training
