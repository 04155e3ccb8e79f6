#pragma once

#include "inference/Engine.h"

namespace icmoe::app {

/// Loads libicmoe_inference.so (and with it LibTorch, 200 to 300 ms) from the program's own folder or ../lib/icmoe,
/// once; later calls give the same answer. It is never unloaded. engineUnavailable where it is missing or does not fit.
/// Any thread; waits for the loading.
[[nodiscard]] Result<const EngineLibrary*> loadEngineLibrary();

} // namespace icmoe::app
