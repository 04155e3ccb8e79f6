#pragma once

#include "core/evaluation/Protocol.h"

#include <nlohmann/json_fwd.hpp>

namespace icmoe::evaluation {

/// A set's scores: n, mean Dice with its interval; of clicks also Dice after 1, 3, 5, 10, 20 (where they did not end at
/// a Dice) and the clicks to 0.85 and 0.90.
[[nodiscard]] nlohmann::json toJson(const std::vector<CaseScore>& scores, const Protocol& protocol);
/// The bins that hold something, and the expected calibration error.
[[nodiscard]] nlohmann::json toJson(const Reliability& reliability);

} // namespace icmoe::evaluation
