#pragma once

#include "core/base/Result.h"
#include "inference/weights/Safetensors.h"

#include <ATen/core/Tensor.h>
#include <filesystem>
#include <map>
#include <span>
#include <string>

namespace icmoe {

using NamedTensors = std::map<std::string, at::Tensor>;

struct TensorFile {
    NamedTensors tensors; ///< fp16 comes back as fp32
    weights::Metadata metadata;
    std::string sha256; ///< of the file
};

/// How many numbers they hold.
[[nodiscard]] std::int64_t values(const NamedTensors& tensors);
[[nodiscard]] NamedTensors on(at::Device device, const NamedTensors& tensors);
/// Joins a part's tensors to `all`, their names after `prefix`.
void addUnder(NamedTensors& all, const std::string& prefix, const NamedTensors& part);
/// Takes them out again, without the prefix.
[[nodiscard]] NamedTensors takenUnder(NamedTensors& all, const std::string& prefix);

/// The bytes of a safetensors file. Floats are written as fp16 where `halves`, int64 as it is.
[[nodiscard]] Result<std::vector<std::byte>> tensorFileBytes(const NamedTensors& tensors,
                                                             const weights::Metadata& metadata, bool halves);
/// Writes it whole or not at all; an existing file is replaced.
[[nodiscard]] Status writeTensorFile(const std::filesystem::path& path, const NamedTensors& tensors,
                                     const weights::Metadata& metadata, bool halves);
/// The tensors of a safetensors file in memory. malformedFile, truncatedFile, limitExceeded.
[[nodiscard]] Result<TensorFile> tensorFileFrom(std::span<const std::byte> bytes);
/// Errors of reading; malformedFile, truncatedFile, limitExceeded (above `limit` bytes).
[[nodiscard]] Result<TensorFile> readTensorFile(const std::filesystem::path& path, std::size_t limit);

} // namespace icmoe
