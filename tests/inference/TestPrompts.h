#pragma once

#include "core/engine/Prompt.h"

#include <utility>

namespace icmoe::test {

/// A prompt of that shape on no particular slice.
inline Prompt prompt(decltype(Prompt::shape) shape)
{
    Prompt result;
    result.shape = std::move(shape);
    return result;
}

} // namespace icmoe::test
