#pragma once

namespace SQLite {
class Database;
}

namespace icmoe::store {

/// Throws a Failure (databaseCorrupt) that names the first thing found wrong; see AnnotationStore::verify().
void verifyDatabase(SQLite::Database& database);

} // namespace icmoe::store
