#pragma once

#include "inference/icmoe/TensorFile.h"

#include <ATen/core/Tensor.h>
#include <optional>
#include <string>
#include <vector>

namespace icmoe {

inline constexpr std::int64_t kMeaning = 64; ///< dimensions of the space in which structures are compared

/// What the adaptive router looks at beside embedding and token: intensity inside and around, edges, spacing, prompt
/// families, entropies.
inline constexpr std::int64_t kCaseStatistics = 12;

/// Which semantic expert knows this structure.
struct SemanticChoice {
    std::int64_t expert = 0;
    std::int64_t prototype = 0; ///< the nearest one, or the one that was named
    double weight = 1;          ///< share of the chosen expert
    double familiarity = 0;     ///< largest cosine to a prototype
};

/// Two adaptive experts and their shares, which sum to one.
struct AdaptiveChoice {
    std::int64_t experts[2] = {0, 1};
    double weights[2] = {1, 0};
};

/// How structures are told apart, and who answers for them (engine.md 2.3): a projection g to the unit sphere,
/// prototypes on it that semantic experts own, and a top-2 router over the adaptive experts.
class Routing {
public:
    /// A projection and a router to start from; no prototypes yet.
    [[nodiscard]] static NamedTensors fresh(int adaptiveExperts, std::uint64_t seed);
    /// std::invalid_argument where a tensor is missing or has another shape.
    explicit Routing(NamedTensors parameters);

    /// norm(g(x)): […, 256] → […, 64]. Differentiable.
    [[nodiscard]] at::Tensor project(const at::Tensor& x) const;
    /// The embedding's mean under a mask of probabilities [256, 256]; embedding [4096, 256] → [256].
    [[nodiscard]] static at::Tensor pooled(const at::Tensor& embedding, const at::Tensor& mask);
    /// query [64]. `named`: the prototype of a label that the annotator named. Only where there are prototypes.
    [[nodiscard]] SemanticChoice semantic(const at::Tensor& query, std::optional<std::int64_t> named) const;
    [[nodiscard]] bool hasPrototypes() const { return m_parameters.contains("prototypes"); }

    /// Scores [N, A] of the adaptive experts; pooled [N, 256], summary [N, 256] of the basic answer, statistics [N,
    /// 12]. Differentiable.
    [[nodiscard]] at::Tensor scores(const at::Tensor& pooled, const at::Tensor& summary,
                                    const at::Tensor& statistics) const;
    /// Deviation [N, A] of the noise that training adds to the scores.
    [[nodiscard]] at::Tensor noise(const at::Tensor& pooled, const at::Tensor& summary,
                                   const at::Tensor& statistics) const;
    /// The two highest of scores [A]; ties go to the smaller number.
    [[nodiscard]] static AdaptiveChoice topTwo(const at::Tensor& scores);

    [[nodiscard]] const NamedTensors& parameters() const { return m_parameters; }

private:
    [[nodiscard]] at::Tensor hidden(const at::Tensor& pooled, const at::Tensor& summary,
                                    const at::Tensor& statistics) const;
    NamedTensors m_parameters;
};

} // namespace icmoe
