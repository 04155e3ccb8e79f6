#pragma once

#include "core/base/Result.h"

#include <c10/core/InferenceMode.h>
#include <exception>
#include <new>
#include <string>

namespace icmoe {

/// Runs `work`, which may throw what LibTorch throws; its first line becomes the error's message.
template<typename T, typename Work>
Result<T> guarded(const char* what, Work&& work)
{
    try {
        const c10::InferenceMode inference;
        return work();
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::engineFailed, std::string(what) + ": not enough memory", {},
                    "Close other programs and try again");
    } catch (const std::exception& error) {
        const std::string text = error.what();
        return fail(ErrorCode::engineFailed, std::string(what) + ": " + text.substr(0, text.find('\n')), {},
                    "Run icmoe self-check; if the weights are sound, please report this");
    }
}

} // namespace icmoe
