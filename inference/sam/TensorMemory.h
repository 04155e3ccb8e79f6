#pragma once

#include <cstddef>

namespace icmoe {

/// Blocks that tensors gave back wait for the next tensor of about their size, up to `most` bytes in all: an answer and
/// a training step need the same large blocks again and again, and fresh pages cost as much as their arithmetic. For
/// the whole process, from now on; a later call only changes the bound.
void keepTensorMemory(std::size_t most);

/// Bytes that wait now.
[[nodiscard]] std::size_t keptTensorMemory();

} // namespace icmoe
