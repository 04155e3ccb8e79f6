#pragma once

#include "inference/icmoe/ExpertParameters.h"
#include "inference/icmoe/LocalExpert.h"
#include "inference/icmoe/PictureFeatures.h"
#include "inference/icmoe/TensorFile.h"

#include <filesystem>
#include <optional>

namespace icmoe {

/// What a pack says of itself. Plain ASCII without quote, backslash and bar.
struct PackDescription {
    std::string name;                 ///< "icmoe-1"
    std::string licence;              ///< with the notice that copies carry
    std::vector<std::string> data;    ///< data sets it was trained on
    std::vector<std::string> classes; ///< of the prototypes, in their order
};

/// The experts of IC-MoE and all that goes with them, on one frozen base. A file of safetensors in fp16, at most 8 MB.
/// Parts that no training step has touched are not there, and do not vote (IC2).
struct Pack {
    static constexpr int kFormat = 3; ///< 1: a vote that knew neither detail expert nor domains; 2: one without a cut
    static constexpr std::size_t kLargestFile = std::size_t{16} << 20;

    std::string baseSha256; ///< of the base's weights file
    PackDescription description;
    TapProjection taps;
    ExpertParameters basic;    ///< click, stroke, box; count 0 where untrained
    NamedTensors detail;       ///< the basic expert of details; empty where untrained
    ExpertParameters semantic; ///< count 0 where untrained
    ExpertParameters adaptive;
    NamedTensors domains;           ///< the pictures that the experts learned on, as they look
    NamedTensors routing;           ///< projection g, prototypes, adaptive router; empty where untrained
    NamedTensors selector;          ///< ranks box hypotheses
    NamedTensors judge;             ///< scores the voices for the vote; empty: only the selector's scores are known
    NamedTensors voter;             ///< the voting network and its threshold
    NamedTensors quality;           ///< the calibrated estimate of an answer's quality
    std::string sha256;             ///< of the file it was read from; its revision
    std::vector<LocalExpert> local; ///< of this workstation's labels, one a label; no part of the file

    /// The same with all that networks compute with on a device; the projection of taps and the estimate of quality
    /// stay in the processor's memory.
    [[nodiscard]] Pack on(at::Device device) const;
    /// The file's bytes. The same pack gives the same bytes.
    [[nodiscard]] Result<std::vector<std::byte>> toBytes() const;
    /// Refuses, each with its own message: a changed bit (weightsCorrupt), another base than `baseSha256`
    /// (weightsUnknown), a newer format or the vote of an older one (weightsUnknown), a missing or unknown tensor
    /// (malformedFile).
    [[nodiscard]] static Result<Pack> fromBytes(std::span<const std::byte> bytes, const std::string& baseSha256);
    [[nodiscard]] static Result<Pack> read(const std::filesystem::path& file, const std::string& baseSha256);
};

} // namespace icmoe
