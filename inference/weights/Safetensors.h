#pragma once

#include "core/base/Result.h"
#include "inference/weights/TensorTable.h"

#include <map>
#include <string>
#include <vector>

namespace icmoe::weights {

/// What a file says of itself: names and values of printable ASCII without quote or backslash.
using Metadata = std::map<std::string, std::string>;

/// What a safetensors file consists of: the header's bytes, then those of the tensors in this order. Large files are
/// written from it piece by piece.
struct SafetensorsLayout {
    std::vector<std::byte> header;
    std::vector<const TensorEntry*> order; ///< entries of the table that was laid out
};
/// invalidArgument where a tensor cannot be written.
[[nodiscard]] Result<SafetensorsLayout> layOutSafetensors(const TensorTable& tensors, const Metadata& metadata = {});

/// A safetensors file's bytes: header, then the tensors without gaps, those of wider elements first and otherwise in
/// the given order. The same tensors give the same bytes. Names must be unique, printable ASCII without quote or
/// backslash.
[[nodiscard]] Result<std::vector<std::byte>> writeSafetensors(const TensorTable& tensors,
                                                              const Metadata& metadata = {});

/// The tensors of a safetensors file as views into `file`. Reads the format's plain subset (F16, F32 and I64, names
/// without escapes) and refuses what does not add up: malformedFile, truncatedFile, limitExceeded (header over 1 MiB,
/// more than 8 dimensions).
[[nodiscard]] Result<TensorTable> readSafetensors(std::span<const std::byte> file);
/// Its metadata alone; the same errors of the header.
[[nodiscard]] Result<Metadata> readSafetensorsMetadata(std::span<const std::byte> file);

} // namespace icmoe::weights
