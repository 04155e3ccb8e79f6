#pragma once

#include "core/dicom/InstanceHeader.h"
#include "core/study/Study.h"

#include <memory>
#include <vector>

namespace icmoe {

/// Makes studies and series of the headers of image files (in any order; the result does not depend on it): by
/// SeriesInstanceUID, where that is empty by folder; split where orientation, size, spacing, sample layout, frame of
/// reference or image type differ; then, only where a position repeats, by the first of temporal index, echo, b-value,
/// acquisition, time and instance number that tells the repeats apart; sorted along the normal.
[[nodiscard]] std::vector<Study> buildStudies(std::vector<std::shared_ptr<const InstanceHeader>> headers);

/// The grid of frames that belong together and are sorted. Nothing where the headers do not allow one.
[[nodiscard]] std::optional<Geometry> geometryOf(const std::vector<std::shared_ptr<const StoredFrame>>& frames);

} // namespace icmoe
