#pragma once

#include "app/DataFolder.h"
#include "core/base/Error.h"

#include <string>
#include <string_view>

namespace icmoe::app {

/// Opens the rotating log (icmoe.log, three files of 1 MiB, 0600) in the data folder. Without it, or where it cannot be
/// written, logging does nothing: a log never stops the work.
void openLog(const DataFolder& folder);

/// Writes code, DICOM tags and hint. Paths and everything else that could tell a patient become a short hash with a key
/// that stays in the folder (log/key): the same file has the same hash in all lines, and nobody else can compute it.
void logError(const Error& error);
/// A line of the program's own words; they must hold no path, name or identifier.
void logEvent(std::string_view words);

/// What logError() writes, for tests and for self-check.
[[nodiscard]] std::string redacted(const Error& error, std::string_view key);

} // namespace icmoe::app
