#pragma once

#include "inference/icmoe/ExpertParameters.h"
#include "inference/icmoe/TensorFile.h"

#include <filesystem>
#include <span>

namespace icmoe {

/// An expert of one label of this workstation (engine.md 2.7): the anatomy of the others with a lower rank. It joins
/// the vote only where the prompts name its label, so all answers for other labels stay as they are (IC10). A file of
/// safetensors in fp16.
struct LocalExpert {
    static constexpr int kFormat = 1;
    static constexpr int kRank = 4;
    static constexpr std::size_t kLargestFile = std::size_t{1} << 20;

    std::string packSha256;      ///< of the pack beside which it learned: its projections, its vote
    std::string label;           ///< UTF-8, never empty
    ExpertParameters parameters; ///< of one expert
    double voteBias = 0;         ///< joins its vote at every pixel
    std::string sha256;          ///< of the file it was read from

    /// The file's bytes. The same expert gives the same bytes.
    [[nodiscard]] Result<std::vector<std::byte>> toBytes() const;
    /// Refuses, each with its own message: a changed bit (weightsCorrupt), an expert of another pack or of a newer
    /// program (weightsUnknown), a missing or unknown tensor (malformedFile).
    [[nodiscard]] static Result<LocalExpert> fromBytes(std::span<const std::byte> bytes, const std::string& packSha256);
    [[nodiscard]] static Result<LocalExpert> read(const std::filesystem::path& file, const std::string& packSha256);
};

} // namespace icmoe
