#include "core/store/StoreError.h"

#include <SQLiteCpp/Exception.h>
#include <algorithm>
#include <initializer_list>
#include <new>
#include <sqlite3.h>

namespace icmoe::store {
namespace {

Error diskFull(const std::string& file)
{
    return {ErrorCode::diskFull, "the disk is full, so the last change was not stored", file,
            "Free some space, then do it again; everything stored before is safe"};
}

/// The primary code as SQLite gives it, with the system's reasons where reading or writing failed.
Error translated(int code, std::initializer_list<int> reasons, const std::string& text, const std::string& file)
{
    const auto because = [&](std::initializer_list<int> wanted) {
        return (code == SQLITE_IOERR || code == SQLITE_CANTOPEN) &&
               std::find_first_of(reasons.begin(), reasons.end(), wanted.begin(), wanted.end()) != reasons.end();
    };
    if (code == SQLITE_FULL || because({ENOSPC, EDQUOT})) {
        return diskFull(file);
    }
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        return {ErrorCode::databaseLocked, "another program has the database open", file,
                "Close the other window or program that uses it, then try again"};
    }
    if (code == SQLITE_READONLY || because({EACCES, EPERM, EROFS})) {
        return readOnly("its folder or file cannot be written", file);
    }
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        return damaged(text, file);
    }
    if (code == SQLITE_TOOBIG) {
        return {ErrorCode::limitExceeded, "a step is too large to be stored", file, "Do it in parts, label by label"};
    }
    return {ErrorCode::databaseFailed, "the database could not be read or written: " + text, file,
            "Check the disk, then try again; everything stored before is safe"};
}

} // namespace

Error damaged(const std::string& what, const std::string& file)
{
    return {ErrorCode::databaseCorrupt, "the database is damaged: " + what, file, "Move it away and restore a copy"};
}

Error readOnly(const std::string& why, const std::string& file)
{
    return {ErrorCode::databaseReadOnly, "the database is read-only: " + why, file,
            "Change the permissions, or store elsewhere"};
}

Error currentError(sqlite3* database, const std::string& file) noexcept
{
    const int reason = errno;
    try {
        throw;
    } catch (const Failure& failure) {
        Error error = failure.error;
        error.where = error.where.empty() ? file : error.where;
        return error;
    } catch (const SQLite::Exception& exception) {
        const int kept = database != nullptr ? sqlite3_system_errno(database) : 0;
        return translated(exception.getErrorCode() & 0xff, {reason, kept}, exception.what(), file);
    } catch (const std::bad_alloc&) {
        return {ErrorCode::databaseFailed, "there is not enough memory", file, "Close other programs and try again"};
    } catch (const std::exception& exception) {
        return {ErrorCode::internal, exception.what(), file, "Please report this"};
    } catch (...) {
        return {ErrorCode::internal, "an unknown failure", file, "Please report this"};
    }
}

} // namespace icmoe::store
