#pragma once

#include "core/base/Result.h"

#include <cerrno>
#include <string>
#include <type_traits>

struct sqlite3;

namespace icmoe::store {

/// Thrown inside core/store where a function cannot go on; never leaves it (see guarded()).
struct Failure {
    Error error;
};

/// The value, or throws a Failure.
template<typename T>
T require(Result<T> result)
{
    if (!result) {
        throw Failure{std::move(result.error())};
    }
    return std::move(*result);
}

/// What is being handled in a catch block, as an Error. The system's reason is what errno or `database` (may be null)
/// say: SQLite keeps it for failing statements, but not for a failing COMMIT.
[[nodiscard]] Error currentError(sqlite3* database, const std::string& file) noexcept;

/// Error texts that several places give.
[[nodiscard]] Error damaged(const std::string& what, const std::string& file = {});
[[nodiscard]] Error readOnly(const std::string& why, const std::string& file);

/// Runs `work` and turns whatever it throws into an error. `work` returns a value that R can be made of, or nothing.
template<typename R, typename Work>
R guarded(sqlite3* database, const std::string& file, const Work& work) noexcept
{
    errno = 0; // what currentError() finds there is of this call
    try {
        if constexpr (std::is_void_v<decltype(work())>) {
            work();
            return {};
        } else {
            return work();
        }
    } catch (...) {
        return fail(currentError(database, file));
    }
}

} // namespace icmoe::store
