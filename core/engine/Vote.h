#pragma once

#include "core/base/Result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace icmoe {

/// Which kind of expert speaks. Each can be switched off.
enum class VoterKind { base, basic, semantic, adaptive, local };
[[nodiscard]] std::string_view name(VoterKind kind);

/// One voice in a vote.
struct VoterShare {
    VoterKind kind = VoterKind::base;
    std::string name;        ///< "base", "box hypothesis", "click expert", "semantic 3", "adaptive 2"
    double weight = 0;       ///< mean over the pixels of the slice; all voices together: 1
    double predictedIou = 0; ///< the voice's own estimate, 0..1
    bool dropped = false;    ///< disagreed with the weighted majority and lost its vote
    bool operator==(const VoterShare&) const = default;
};

/// How the answer came about: pixel probability adaptive voting. Without a trained vote there is none.
struct Vote {
    std::vector<VoterShare> voters; ///< in a stable order
    /// height × width on the slice's own grid: the weight that votes against the shown mask at this pixel, × 255.
    std::vector<std::uint8_t> disagreement;
    double boundaryDisagreement = 0; ///< its mean over the mask's boundary band, 0..1: where to look next
    [[nodiscard]] double agreement() const { return 1 - boundaryDisagreement; }
    bool operator==(const Vote&) const = default;
};

/// JSON text of a vote without its map, as the store holds it, and back (malformedFile).
[[nodiscard]] std::string voteToJson(const Vote& vote);
[[nodiscard]] Result<Vote> voteFromJson(std::string_view json);

} // namespace icmoe
