#pragma once

#include "core/base/Result.h"
#include "inference/weights/TensorTable.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace icmoe::weights {

/// What a state dict's pickle says about one tensor; the values lie in the archive entry `data/<storage>`.
struct PickledTensor {
    std::string name;
    std::string storage;
    ElementType type = ElementType::f32;
    std::uint64_t storageElements = 0;
    std::vector<std::int64_t> shape;
};

/// Where the writer may have kept its tensors. The bytes in the file are the same; the published LiteMedSAM says "cpu".
enum class WriterDevice { cpu, cpuOrCuda };

/// Reads the pickle of a state dict (protocol 2) with a machine that knows 23 opcodes and 4 names (OrderedDict,
/// _rebuild_tensor_v2, FloatStorage, LongStorage). The names are compared, never looked up or called; every other
/// opcode or name is refused. Tensors must be contiguous, start at 0 and own their storage.
/// truncatedFile, malformedFile, limitExceeded (more than 1 MiB of pickle, or depth and counts beyond what fits).
[[nodiscard]] Result<std::vector<PickledTensor>> readStateDict(std::span<const std::byte> pickle,
                                                               WriterDevice device = WriterDevice::cpu);

} // namespace icmoe::weights
