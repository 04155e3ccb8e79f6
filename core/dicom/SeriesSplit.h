#pragma once

#include "core/dicom/InstanceHeader.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace icmoe {

/// One frame with the file that it came from.
struct Piece {
    std::shared_ptr<const InstanceHeader> header;
    std::shared_ptr<const StoredFrame> frame;
};

/// Pieces that make one grid, sorted.
struct Part {
    std::string key = {}; ///< tells the parts of one series apart and is the same at each scan; "" where there is one
    std::vector<Piece> pieces = {};
    std::size_t copies = 0;         ///< files of the series that were there twice and left out
    std::size_t repeated = 0;       ///< positions that no attribute but the instance number tells apart
    std::size_t positions = 0;      ///< all positions of the series, where some repeat
    bool mixedOrientations = false; ///< the series had others
};

/// Splits one series as buildStudies() says. Pieces come sorted by instance number.
[[nodiscard]] std::vector<Part> splitSeries(std::vector<Piece> pieces, std::size_t copies);

} // namespace icmoe
