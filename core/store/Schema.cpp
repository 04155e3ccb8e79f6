#include "core/store/Schema.h"

#include "core/store/Query.h"
#include "core/store/StoreError.h"

#include <array>

namespace icmoe::store {
namespace {

constexpr std::int64_t kApplicationId = 0x69636d6f; // "icmo", as the first script sets it

/// Script n brings version n to n + 1.
constexpr auto kScripts = std::to_array<const char*>({
#include "SchemaScripts.inc"
});

std::int64_t pragma(SQLite::Database& database, const std::string& name)
{
    Query query(database, "PRAGMA " + name);
    return query.next() ? query.integer(0) : 0;
}

} // namespace

int schemaVersion()
{
    return static_cast<int>(kScripts.size());
}

int storedVersion(SQLite::Database& database)
{
    return static_cast<int>(pragma(database, "user_version"));
}

void checkOwner(SQLite::Database& database)
{
    const int version = storedVersion(database);
    const std::int64_t owner = pragma(database, "application_id");
    Query tables(database, "SELECT count(*) FROM sqlite_master");
    const bool isNew = tables.next() && tables.integer(0) == 0 && version == 0 && owner == 0;
    if (!isNew && owner != kApplicationId) {
        throw Failure{{ErrorCode::unknownFormat, "this is a database of another program", {}, "Choose another file"}};
    }
    if (version > schemaVersion()) {
        throw Failure{{ErrorCode::databaseTooNew,
                       "the database has version " + std::to_string(version) + ", this program knows version " +
                           std::to_string(schemaVersion()),
                       {},
                       "Use the newer program that wrote it"}};
    }
    if (!isNew && version < 1) {
        throw Failure{damaged("version " + std::to_string(version) + " does not exist")};
    }
}

void migrate(SQLite::Database& database)
{
    const int from = storedVersion(database);
    if (from == schemaVersion()) {
        return;
    }
    Transaction transaction(database);
    for (auto version = static_cast<std::size_t>(from); version < kScripts.size(); ++version) {
        execute(database, kScripts.at(version));
    }
    execute(database, "PRAGMA user_version = " + std::to_string(schemaVersion()));
    transaction.commit();
}

} // namespace icmoe::store
