#pragma once

namespace icmoe::app {

/// Runs the program: a subcommand, or the window on the given paths. Returns the exit code: 0 done, 1 the job failed, 2
/// wrong usage, 130 interrupted.
[[nodiscard]] int runCommandLine(int argc, char** argv);

} // namespace icmoe::app
