#pragma once

#include "core/store/AnnotationStore.h"

namespace SQLite {
class Database;
}

namespace icmoe::store {

/// Opens (and where allowed creates, migrates) the database and takes its lock; errors as AnnotationStore::open says.
/// Throws.
[[nodiscard]] std::unique_ptr<SQLite::Database> connect(const std::filesystem::path& file,
                                                        const AnnotationStore::Options& options);

/// Throws a Failure (databaseCorrupt) with what PRAGMA integrity_check found first.
void checkIntegrity(SQLite::Database& database);

} // namespace icmoe::store
