#pragma once

#include "core/store/AnnotationStore.h"

namespace SQLite {
class Database;
}

/// Studies, series and where the annotator was in them. All functions throw.
namespace icmoe::store {

/// The present time, ISO 8601 with milliseconds: "2026-11-22T23:05:01.123Z".
[[nodiscard]] std::string utcNow();

/// With the UIDs that openSeries() gives to pictures without. invalidArgument, limitExceeded.
[[nodiscard]] SeriesIdentity completed(SeriesIdentity identity);

/// Finds or adds; `write` false: only finds (databaseReadOnly where it is missing).
SeriesKey openSeries(SQLite::Database& database, const SeriesIdentity& identity, bool write);
[[nodiscard]] std::vector<StoredSeries> allSeries(SQLite::Database& database);
[[nodiscard]] std::optional<StoredSeries> findSeries(SQLite::Database& database, std::string_view uid,
                                                     std::string_view splitKey);
/// notFound: also the check that there is such a series.
Size3 sizeOf(SQLite::Database& database, SeriesKey series);

void saveViewState(SQLite::Database& database, SeriesKey series, const ViewState& state);
[[nodiscard]] std::optional<ViewState> viewState(SQLite::Database& database, SeriesKey series);

} // namespace icmoe::store
