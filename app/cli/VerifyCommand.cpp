#include "app/cli/SeriesChoice.h"
#include "core/base/AtomicFile.h"
#include "core/base/Sha256.h"
#include "core/export/SegObject.h"
#include "core/store/AnnotationStore.h"
#include "inference/weights/WeightsFile.h"

#include <nlohmann/json.hpp>

#include <array>
#include <fstream>

namespace icmoe::app {

namespace {

using nlohmann::json;

constexpr std::string_view kDatabaseSignature = "SQLite format 3";
constexpr std::size_t kLargestWeights = std::size_t{4} << 30;

std::string beginningOf(const std::filesystem::path& file)
{
    std::array<char, kDatabaseSignature.size()> bytes{};
    std::ifstream in(file, std::ios::binary);
    in.read(bytes.data(), bytes.size());
    return {bytes.data(), static_cast<std::size_t>(in.gcount())};
}

Result<json> verifyDatabase(const std::filesystem::path& file)
{
    AnnotationStore::Options options;
    options.readOnly = true;
    const auto store = AnnotationStore::open(file, options);
    if (!store) {
        return fail(store.error());
    }
    if (auto sound = (*store)->verify(); !sound) {
        return fail(sound.error());
    }
    const auto series = (*store)->series();
    if (!series) {
        return fail(series.error());
    }
    json report{{"kind", "database"}, {"schema", (*store)->schemaVersion()}, {"series", json::array()}};
    for (const StoredSeries& stored : *series) {
        const std::string& part = stored.identity.splitKey;
        report["series"].push_back({{"uid", stored.identity.seriesUid + (part.empty() ? "" : "/" + part)},
                                    {"modality", stored.identity.modality},
                                    {"labels_done", stored.labelsDone}});
    }
    return report;
}

Result<json> verifyWeights(const std::filesystem::path& file)
{
    for (const weights::Model& model : weights::kModels) {
        if (file.filename() == model.file && !model.variant.empty()) { // known by the hash that its import wrote
            const auto read = weights::readWeights(file, model);
            return read ? Result<json>(json{{"kind", "weights"},
                                            {"family", std::string(model.family)},
                                            {"model", std::string(model.name)},
                                            {"sha256", read->sha256}})
                        : fail(read.error());
        }
    }
    const auto bytes = readWholeFile(file, kLargestWeights);
    if (!bytes) {
        return fail(bytes.error());
    }
    const std::string hash = sha256(*bytes);
    if (hash != weights::kLiteMedSamSha256 && hash != weights::kLiteMedSamCheckpointSha256) {
        return fail(ErrorCode::weightsCorrupt,
                    "the file is none of the known weights: expected SHA-256 " +
                        std::string(weights::kLiteMedSamSha256) + ", found " + hash,
                    file.string(), "Fetch the weights again (installer/setup)");
    }
    return json{{"kind", "weights"}, {"family", "litemedsam"}, {"sha256", hash}};
}

/// Reads every slice.
Result<json> verifyPictures(const std::filesystem::path& file, const CommandContext& context)
{
    const auto scanned = scanPaths({file}, context);
    if (!scanned) {
        return fail(scanned.error());
    }
    if (!scanned->refusals.empty()) {
        return fail(scanned->refusals.front().error);
    }
    for (const auto& segmentation : scanned->segmentations) {
        const auto object = readSegObject(segmentation);
        if (!object) {
            return fail(object.error());
        }
        return json{{"kind", "segmentation"}};
    }
    int slices = 0;
    for (const Study& study : scanned->studies) {
        for (const Series& series : study.series) {
            const auto opened = openSeries(file, idOf(series), context);
            if (!opened) {
                return fail(opened.error());
            }
            slices += opened->volume->size().depth;
        }
    }
    if (slices == 0) {
        return fail(ErrorCode::unknownFormat, "neither a database, nor weights, nor a picture or segmentation",
                    file.string(), "Give a file that icmoe writes or reads");
    }
    return json{{"kind", "picture"}, {"slices", slices}};
}

Result<json> verifyFile(const std::filesystem::path& file, const CommandContext& context)
{
    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
        return fail(ErrorCode::notFound, "no such file", file.string(), "Check the path");
    }
    if (beginningOf(file) == kDatabaseSignature) {
        return verifyDatabase(file);
    }
    if (file.extension() == ".safetensors" || file.extension() == ".pth") {
        return verifyWeights(file);
    }
    return verifyPictures(file, context);
}

Status verify(const std::vector<std::filesystem::path>& files, const CommandContext& context)
{
    json report{{"files", json::array()}};
    std::string text;
    std::optional<Error> first;
    for (const auto& file : files) {
        json entry{{"file", file.string()}};
        const auto outcome = verifyFile(file, context);
        entry["sound"] = outcome.has_value();
        if (outcome) {
            entry.update(*outcome);
            text += file.string() + ": sound (" + entry["kind"].get<std::string>() + ")\n";
            for (const json& series : entry.value("series", json::array())) {
                text += "  " + series["uid"].get<std::string>() + "\n";
            }
        } else {
            entry["error"] = toJson(outcome.error());
            text += file.string() + ": not sound\n";
            first = first.value_or(outcome.error());
        }
        report["files"].push_back(std::move(entry));
    }
    report["sound"] = !first;
    context.console.result(report, text);
    return first ? Status(fail(*first)) : Status{};
}

} // namespace

void addVerifyCommand(CommandTable& table)
{
    auto files = std::make_shared<std::vector<std::filesystem::path>>();
    CLI::App& command = table.add("verify", "Is a database, weights file, segmentation or picture sound?",
                                  [files](const CommandContext& context) { return verify(*files, context); });
    command.add_option("FILE", *files, "Files to look at")->required();
}

} // namespace icmoe::app
