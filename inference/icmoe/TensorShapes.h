#pragma once

#include "inference/icmoe/TensorFile.h"

#include <vector>

namespace icmoe {

using TensorShapes = std::map<std::string, std::vector<std::int64_t>>;

/// std::invalid_argument where `owner` ("the voting network") has other tensors than these or one of another shape.
void requireShapes(const NamedTensors& tensors, const TensorShapes& expected, const std::string& owner);

} // namespace icmoe
