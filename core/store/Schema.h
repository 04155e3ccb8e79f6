#pragma once

#include "core/base/Result.h"

namespace SQLite {
class Database;
}

namespace icmoe::store {

/// What this program writes. Older databases are migrated, newer ones refused.
[[nodiscard]] int schemaVersion();

/// 0 for a database without any table.
[[nodiscard]] int storedVersion(SQLite::Database& database);

/// Refuses databases of other programs (unknownFormat) and of newer versions (databaseTooNew). Throws a Failure.
void checkOwner(SQLite::Database& database);

/// Brings an older or empty database to schemaVersion(), in one transaction. Throws.
void migrate(SQLite::Database& database);

} // namespace icmoe::store
