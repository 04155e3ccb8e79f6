#pragma once

#include "core/dicom/SeriesSplit.h"
#include "core/study/Study.h"

#include <optional>

namespace icmoe {

/// The health card of one part of a series.
[[nodiscard]] HealthReport healthOf(const Part& part, const std::optional<Geometry>& geometry);

} // namespace icmoe
