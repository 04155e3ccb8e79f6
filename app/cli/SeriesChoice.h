#pragma once

#include "app/cli/Command.h"
#include "core/study/Scan.h"

#include <memory>
#include <string>
#include <vector>

namespace icmoe::app {

/// A series that was found and read.
struct OpenedSeries {
    Study study; ///< without its other series
    Series series;
    std::shared_ptr<const Volume> volume;
};

/// Finds and reads one series. `choice`: its number in `icmoe list`, its SeriesInstanceUID, or "UID/part" for a part of
/// a split series; empty where there is only one. notFound, invalidArgument (several fit: the message lists them),
/// emptyInput (nothing there is a picture), errors of reading, cancelled.
[[nodiscard]] Result<OpenedSeries> openSeries(const std::filesystem::path& path, const std::string& choice,
                                              const CommandContext& context);

/// Finds studies with progress.
[[nodiscard]] Result<ScanResult> scanPaths(const std::vector<std::filesystem::path>& paths,
                                           const CommandContext& context);

/// Adds --plane and --slice for PNG files of one slice; -1: not given.
void addSliceOptions(CLI::App& command, std::string& plane, int& slice);

/// "UID" or "UID/part".
[[nodiscard]] std::string idOf(const Series& series);

} // namespace icmoe::app
