#pragma once

#include "core/base/Result.h"
#include "inference/weights/StateDictPickle.h"
#include "inference/weights/TensorTable.h"

#include <span>

namespace icmoe::weights {

/// The tensors of a state dict that torch.save wrote (a stored zip with a pickle), in the pickle's order, as views into
/// `file`. Every size, checksum and shape is checked; nothing is executed. Errors of ZipArchive and readStateDict;
/// malformedFile where an entry's length is not what its tensor needs.
[[nodiscard]] Result<TensorTable> readCheckpoint(std::span<const std::byte> file,
                                                 WriterDevice device = WriterDevice::cpu);

} // namespace icmoe::weights
