#pragma once

#include "inference/Engine.h"

namespace icmoe {

/// What self-check prints: looks at processor, driver, libraries and weights without starting the engine.
[[nodiscard]] EngineReport describeEngine(const EngineOptions& options);

} // namespace icmoe
