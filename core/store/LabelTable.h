#pragma once

#include "core/store/AnnotationStore.h"

namespace SQLite {
class Database;
}

/// Label sets: rows that never change, and which of them a series has now. All functions throw.
namespace icmoe::store {

using LabelSetKey = std::int64_t;

LabelSetKey addLabelSet(SQLite::Database& database, SeriesKey series, const LabelSet& labels);
[[nodiscard]] LabelSet labelSet(SQLite::Database& database, LabelSetKey key);

/// nullopt: no label step was done yet, the set is empty.
[[nodiscard]] std::optional<LabelSetKey> presentLabels(SQLite::Database& database, SeriesKey series);
void setPresentLabels(SQLite::Database& database, SeriesKey series, LabelSetKey key);

} // namespace icmoe::store
