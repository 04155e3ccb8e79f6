#include "app/EngineLibraryLoader.h"
#include "app/cli/Command.h"

#include "inference/weights/WeightsFile.h"

#include <nlohmann/json.hpp>

#include <thread>
#include <unistd.h>

namespace icmoe::app {

namespace {

using nlohmann::json;

/// What the reader decodes; a test opens a file of each.
constexpr std::string_view kCodecs[] = {"uncompressed (implicit, explicit, big endian, deflated)",
                                        "RLE",
                                        "JPEG baseline, extended, lossless",
                                        "JPEG-LS",
                                        "JPEG 2000",
                                        "NIfTI",
                                        "NRRD",
                                        "PNG",
                                        "JPEG"};

void checkWeights(json& report, json& missing, const EngineOptions& options)
{
    const auto file = weights::loadLiteMedSam(options.weightFolders);
    report["weights"] = {{"sound", file.has_value()}};
    if (file) {
        report["weights"]["file"] = file->path.string();
        report["weights"]["sha256"] = file->sha256;
    } else {
        report["weights"]["error"] = toJson(file.error());
        missing.push_back({{"what", file.error().message}, {"do", file.error().hint}});
    }
}

/// The other networks, as far as their weights are there.
void checkModels(json& report, json& missing, const EngineOptions& options)
{
    report["models"] = json::object();
    if (report["weights"]["sound"].get<bool>()) {
        report["models"][std::string(weights::kModels.front().name)] = report["weights"];
    }
    for (const weights::Model& model : weights::kModels) {
        const auto path = weights::findWeights(options.weightFolders, model);
        if (model.variant.empty() || !path) {
            continue;
        }
        json& entry = report["models"][std::string(model.name)];
        entry["file"] = path->string();
        const auto file = weights::readWeights(*path, model);
        entry["sound"] = file.has_value();
        if (file) {
            entry["sha256"] = file->sha256;
        } else {
            entry["error"] = toJson(file.error());
            missing.push_back({{"what", file.error().message}, {"do", file.error().hint}});
        }
    }
}

void checkEngine(json& report, json& missing, const EngineOptions& options)
{
    const auto library = loadEngineLibrary();
    if (!library) {
        report["engine"] = {{"available", false}, {"error", toJson(library.error())}};
        missing.push_back({{"what", library.error().message}, {"do", library.error().hint}});
        return;
    }
    const EngineReport engine = (*library)->describe(options);
    report["engine"] = {{"available", true},   {"torch", engine.torchVersion},  {"device", engine.device},
                        {"cuda", engine.cuda}, {"precision", engine.precision}, {"bf16_in_hardware", engine.hasBf16}};
}

void checkPaths(json& report, json& missing, const DataFolder& folder)
{
    const bool writable = ::access(folder.root().c_str(), W_OK) == 0;
    report["paths"] = {{"program", programFolder().string()},
                       {"data", folder.root().string()},
                       {"data_writable", writable},
                       {"database", folder.database().string()},
                       {"weights", folder.weights().string()},
                       {"cache", folder.embeddings().string()},
                       {"log", folder.log().string()}};
    if (!writable) {
        missing.push_back(
            {{"what", "the data folder cannot be written"}, {"do", "Choose another folder with --data-dir"}});
    }
}

std::string textOf(const json& value)
{
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string asText(const json& report)
{
    std::string text = "icmoe " + textOf(report["version"]) + " (for research, not a medical device)\n";
    for (const char* section : {"engine", "weights", "paths"}) {
        if (!report.contains(section)) {
            continue;
        }
        text += std::string(section) + "\n";
        for (const auto& [key, value] : report[section].items()) {
            text +=
                "  " + key + ": " + (value.is_object() ? textOf(value.value("message", json())) : textOf(value)) + "\n";
        }
    }
    text += "models\n";
    for (const auto& [name, model] : report["models"].items()) {
        text += "  " + name + ": " + (model["sound"].get<bool>() ? "sound, " : "not sound, ") + textOf(model["file"]) +
                "\n";
    }
    text += "threads: " + textOf(report["threads"]) + "\ncodecs\n";
    for (const json& codec : report["codecs"]) {
        text += "  " + textOf(codec) + "\n";
    }
    text += report["missing"].empty() ? "nothing is missing\n" : "missing\n";
    for (const json& item : report["missing"]) {
        text += "  " + textOf(item["what"]) + ". " + textOf(item["do"]) + "\n";
    }
    return text;
}

Status selfCheck(const CommandContext& context)
{
    const auto folder = context.dataFolder();
    if (!folder) {
        return fail(folder.error());
    }
    const int cores = static_cast<int>(std::thread::hardware_concurrency());
    json report{{"version", ICMOE_VERSION},
                {"notice", "for research, not a medical device"},
                {"threads", context.options.threads > 0 ? context.options.threads : cores},
                {"codecs", json::array()},
                {"missing", json::array()}};
    for (const std::string_view codec : kCodecs) {
        report["codecs"].push_back(std::string(codec));
    }
    const EngineOptions options = folder->engineOptions(context.options.threads);
    checkEngine(report, report["missing"], options);
    checkWeights(report, report["missing"], options);
    checkModels(report, report["missing"], options);
    checkPaths(report, report["missing"], *folder);
    context.console.result(report, asText(report));
    return {};
}

} // namespace

void addSelfCheckCommand(CommandTable& table)
{
    table.add("self-check", "Device, precision, threads, codecs, weights with hashes, paths, and what is missing",
              selfCheck);
}

} // namespace icmoe::app
