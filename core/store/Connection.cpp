#include "core/store/Connection.h"

#include "core/store/Query.h"
#include "core/store/Schema.h"
#include "core/store/StoreError.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace icmoe::store {
namespace {

/// How long another program's short read is waited for. An icmoe that has the database keeps it.
constexpr int kBusyMilliseconds = 200;
/// A step's blobs stay far below; keeps a damaged length from asking for a gigabyte.
constexpr int kMaximalBlob = 256 << 20;

[[noreturn]] void systemFailure(int error, const std::filesystem::path& path)
{
    if (error == EACCES || error == EPERM || error == EROFS) {
        throw Failure{readOnly("its folder or file cannot be written", path.string())};
    }
    if (error == ENOSPC || error == EDQUOT) {
        throw Failure{{ErrorCode::diskFull, "the disk is full, so no database can be made", path.string(),
                       "Free some space and try again"}};
    }
    throw Failure{{ErrorCode::databaseFailed, std::string("no database can be made: ") + std::strerror(error),
                   path.string(), "Choose another place"}};
}

/// What was made in the folder stays made after a power cut. Best effort: some network file systems cannot.
void flushFolder(const std::filesystem::path& folder)
{
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        ::fsync(descriptor);
        ::close(descriptor);
    }
}

void makeFolder(const std::filesystem::path& folder)
{
    std::error_code ignored;
    if (folder.empty() || std::filesystem::is_directory(folder, ignored)) {
        return;
    }
    makeFolder(folder.parent_path());
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        systemFailure(errno, folder);
    }
    flushFolder(folder.has_parent_path() ? folder.parent_path() : ".");
}

/// An empty file of mode 0600 where there is none: SQLite would make it readable by others, and gives its journal the
/// mode of the database. An existing file is not opened here: closing it would drop the locks that this process has.
void makeFile(const std::filesystem::path& file)
{
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    makeFolder(folder);
    if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        systemFailure(errno, file); // the journal could not be made beside it
    }
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor >= 0) {
        ::close(descriptor);
    } else if (errno != EEXIST) {
        systemFailure(errno, file);
    } else if (::faccessat(AT_FDCWD, file.c_str(), R_OK | W_OK, AT_EACCESS) != 0) {
        systemFailure(errno, file);
    }
}

void prepare(SQLite::Database& database)
{
    sqlite3* handle = database.getHandle();
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kMaximalBlob);
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    execute(database, "PRAGMA foreign_keys = ON");
    execute(database, "PRAGMA recursive_triggers = ON"); // INSERT OR REPLACE would delete past the triggers
    execute(database, "PRAGMA cell_size_check = ON");
    execute(database, "PRAGMA temp_store = MEMORY");
    execute(database, "PRAGMA mmap_size = 0");
}

/// Takes the exclusive lock now and keeps it until the connection closes. A transaction that a crash left half done is
/// rolled back on the way.
void lock(SQLite::Database& database)
{
    execute(database, "PRAGMA locking_mode = EXCLUSIVE");
    execute(database, "PRAGMA synchronous = EXTRA");
    execute(database, "BEGIN EXCLUSIVE");
    execute(database, "COMMIT");
    Query mode(database, "PRAGMA journal_mode = DELETE");
    if (!mode.next() || mode.text(0) != "delete") {
        throw Failure{{ErrorCode::databaseFailed,
                       "the database cannot be put into its journal mode",
                       {},
                       "Close other programs that use it"}};
    }
}

std::unique_ptr<SQLite::Database> openFile(const std::filesystem::path& file, const AnnotationStore::Options& options)
{
    const int flags = (options.readOnly ? SQLite::OPEN_READONLY : SQLite::OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
    return std::make_unique<SQLite::Database>(file.string(), flags, kBusyMilliseconds, options.vfs);
}

} // namespace

void checkIntegrity(SQLite::Database& database)
{
    Query check(database, "PRAGMA integrity_check(1)");
    const std::string found = check.next() ? check.text(0) : "its pages cannot be checked";
    if (found != "ok") {
        throw Failure{damaged(found)};
    }
}

std::unique_ptr<SQLite::Database> connect(const std::filesystem::path& file, const AnnotationStore::Options& options)
{
    std::error_code ignored;
    if (options.readOnly && !std::filesystem::exists(file, ignored)) {
        throw Failure{{ErrorCode::notFound, "there is no such database", file.string(), "Check the path"}};
    }
    if (!options.readOnly) {
        makeFile(file);
    }
    auto database = openFile(file, options);
    const auto outcome = guarded<Status>(database->getHandle(), file.string(), [&] {
        prepare(*database);
        if (!options.readOnly) {
            if (sqlite3_db_readonly(database->getHandle(), "main") != 0) {
                throw Failure{readOnly("its folder or file cannot be written", file.string())};
            }
            lock(*database);
        }
        checkOwner(*database);
        const int version = storedVersion(*database);
        if (options.checkIntegrity && version > 0) {
            checkIntegrity(*database);
        }
        if (!options.readOnly) {
            migrate(*database);
        } else if (version < schemaVersion()) {
            throw Failure{readOnly("its version " + std::to_string(version) + " must first be brought to version " +
                                       std::to_string(schemaVersion()),
                                   file.string())};
        }
    });
    if (!outcome) {
        throw Failure{outcome.error()}; // here, while the handle could still say why
    }
    return database;
}

} // namespace icmoe::store
