#pragma once

#include <stop_token>

namespace icmoe::app {

/// From here on the first SIGINT or SIGTERM requests a stop, so that work can end cleanly; a second one ends the
/// program at once with exit code 130. Call before any thread is started.
[[nodiscard]] std::stop_token stopOnInterrupt();

} // namespace icmoe::app
