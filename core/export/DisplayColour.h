#pragma once

#include "core/label/Label.h"

#include <array>
#include <cstdint>

namespace icmoe {

/// sRGB to RecommendedDisplayCIELabValue (PS3.3 C.10.7.1.1: L* 0..100 and a*, b* −128..127 as 16 bits, PCS white D50).
[[nodiscard]] std::array<std::uint16_t, 3> displayLab(Colour colour);
/// And back, clipped to what sRGB can show. displayColour(displayLab(c)) == c.
[[nodiscard]] Colour displayColour(const std::array<std::uint16_t, 3>& lab);

} // namespace icmoe
