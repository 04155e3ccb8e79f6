#pragma once

#include "inference/icmoe/TensorFile.h"

#include <string>

namespace icmoe {

/// A kind of tensor file that names its format and a hash of all that it holds and says, so that a changed bit is
/// found.
struct SealedKind {
    std::string name; ///< as errors begin: "the expert pack"
    int newestFormat = 1;
};

/// The file's bytes, in fp16; format and hash join `metadata`. The same tensors give the same bytes.
[[nodiscard]] Result<std::vector<std::byte>> sealedBytes(const SealedKind& kind, const NamedTensors& tensors,
                                                         weights::Metadata metadata);
[[nodiscard]] tl::unexpected<Error> refuse(const SealedKind& kind, ErrorCode code, const std::string& message,
                                           std::string hint = "Take it from its source again");
/// What the file says under `key`; malformedFile.
[[nodiscard]] Result<std::string> stated(const SealedKind& kind, const TensorFile& file, const std::string& key);
/// malformedFile; weightsUnknown where it is newer than this program.
[[nodiscard]] Result<int> formatOf(const SealedKind& kind, const TensorFile& file);
/// malformedFile; weightsCorrupt where the hash is another.
[[nodiscard]] Status checkSeal(const SealedKind& kind, const TensorFile& file);

} // namespace icmoe
