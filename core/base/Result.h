#pragma once

#include "core/base/Error.h"

#include <tl/expected.hpp>

namespace icmoe {

/// A value or an error. Uses std::expected's member names, so that C++23 can replace it.
template<typename T>
using Result = tl::expected<T, Error>;

/// Success or an error.
using Status = Result<void>;

/// `return fail(ErrorCode::notFound, "no such folder", path, "Check the spelling");`
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string where = {},
                                                std::string hint = {})
{
    return tl::unexpected<Error>(Error{code, std::move(message), std::move(where), std::move(hint)});
}

[[nodiscard]] inline tl::unexpected<Error> fail(Error error)
{
    return tl::unexpected<Error>(std::move(error));
}

} // namespace icmoe
