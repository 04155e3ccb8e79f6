#pragma once

#include "core/engine/Vote.h"
#include "core/mask/SliceMask.h"

#include <algorithm>
#include <cmath>

namespace icmoe::test {

/// A vote on a mask as an engine could give it: four voices, one of them dropped. They differ along the mask's left
/// half, in a band two pixels wide, most where it is leftmost.
inline Vote fakeVote(const SliceMask& mask, double boundaryDisagreement = 0.13)
{
    Vote vote;
    vote.voters = {{VoterKind::base, "box hypothesis", 0.21, 0.81, false},
                   {VoterKind::basic, "click expert", 0.44, 0.9, false},
                   {VoterKind::semantic, "semantic 3", 0.35, 0.87, false},
                   {VoterKind::adaptive, "adaptive 2", 0, 0.31, true}};
    vote.boundaryDisagreement = boundaryDisagreement;
    const int width = mask.width();
    const int height = mask.height();
    vote.disagreement.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 0);
    const auto bounds = mask.bounds();
    for (int y = 0; bounds && y < height; ++y) {
        for (int x = 0; x < (bounds->x0 + bounds->x1) / 2; ++x) {
            const bool inside = mask.contains(x, y);
            bool edge = false;
            for (int by = -2; by <= 2; ++by) {
                for (int bx = -2; bx <= 2; ++bx) {
                    const int u = x + bx;
                    const int v = y + by;
                    edge = edge || (u >= 0 && v >= 0 && u < width && v < height && mask.contains(u, v) != inside);
                }
            }
            if (edge) {
                const double share = 1 - double(x - bounds->x0) / std::max(1, bounds->x1 - bounds->x0);
                vote.disagreement[static_cast<std::size_t>(y * width + x)] =
                    static_cast<std::uint8_t>(std::clamp(share, 0.0, 1.0) * 180);
            }
        }
    }
    return vote;
}

} // namespace icmoe::test
