#pragma once

#include "app/DataFolder.h"

#include <filesystem>
#include <vector>

namespace icmoe::app {

struct WindowArguments {
    std::vector<std::filesystem::path> paths; ///< what to open; may be empty
    DataFolder dataFolder;
    int threads = 0; ///< 0: all cores
};

/// Opens the window and runs until it is closed; returns the program's exit code. Creates the QApplication; the engine
/// is loaded (EngineLibraryLoader.h) after the first paint. Main thread.
[[nodiscard]] int runWindow(int argc, char** argv, const WindowArguments& arguments);

} // namespace icmoe::app
