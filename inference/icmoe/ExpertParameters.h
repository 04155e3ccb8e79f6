#pragma once

#include <ATen/core/Tensor.h>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace icmoe {

inline constexpr int kPromptMaps = 7;       ///< channels of a prompt map
inline constexpr int kHalfTapChannels = 32; ///< of the encoder's stage 1, after the pack's projection
inline constexpr int kFullTapChannels = 16; ///< of its stage 0, pooled to 128 × 128
inline constexpr int kExpertRank = 8;

/// What experts of one anatomy (engine.md 2.2) have learned, stacked: the first dimension of every tensor counts the
/// experts. By name: low-rank updates `NAME.a` [E, rank, in] and `NAME.b` [E, out, rank] of the base's linear layers,
/// the prompt maps' way into the dense prompt, the adapter of the embedding, offsets of tokens, the fine branch.
class ExpertParameters {
public:
    using Tensors = std::map<std::string, at::Tensor>;

    /// Experts that change nothing: whatever ends in the base's own values is zero, the rest random from `seed`.
    [[nodiscard]] static ExpertParameters fresh(int count, std::uint64_t seed, int rank = kExpertRank);
    /// The names and shapes of one expert's tensors, without the leading dimension.
    [[nodiscard]] static std::map<std::string, std::vector<std::int64_t>> shapes(int rank = kExpertRank);
    /// Takes tensors of the right names and shapes (std::invalid_argument).
    explicit ExpertParameters(Tensors tensors);
    ExpertParameters() = default;

    [[nodiscard]] int count() const { return m_count; } ///< 0: none
    [[nodiscard]] const at::Tensor& get(const std::string& name) const { return m_tensors.at(name); }
    [[nodiscard]] const Tensors& tensors() const { return m_tensors; }
    [[nodiscard]] std::int64_t valuesPerExpert() const;
    /// Copies that share nothing.
    [[nodiscard]] ExpertParameters clone() const;
    [[nodiscard]] ExpertParameters on(at::Device device) const;
    /// The experts of several sets, one after the other.
    [[nodiscard]] static ExpertParameters joined(const std::vector<ExpertParameters>& sets);
    /// Some of the experts.
    [[nodiscard]] ExpertParameters chosen(const std::vector<std::int64_t>& experts) const;

private:
    Tensors m_tensors;
    int m_count = 0;
};

} // namespace icmoe
