#include "app/cli/SeriesChoice.h"
#include "core/base/Sha256.h"
#include "core/dicom/StoredValues.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace icmoe::app {

namespace {

using nlohmann::json;

std::string_view wordOf(HealthLevel level)
{
    return level == HealthLevel::ok ? "ok" : level == HealthLevel::note ? "note" : "warning";
}

std::string_view wordOf(SourceFormat format)
{
    switch (format) {
    case SourceFormat::dicom:
        return "DICOM";
    case SourceFormat::nifti:
        return "NIfTI";
    case SourceFormat::nrrd:
        return "NRRD";
    case SourceFormat::png:
        return "PNG";
    case SourceFormat::jpeg:
        return "JPEG";
    }
    return "";
}

json toJson(const HealthReport& health)
{
    json checks = json::array();
    for (const HealthCheck& check : health.checks) {
        checks.push_back({{"level", wordOf(check.level)}, {"text", check.text}, {"detail", check.detail}});
    }
    return {{"level", wordOf(health.level())}, {"badge", health.badge()}, {"checks", std::move(checks)}};
}

/// One entry a file: rows, columns, frames, syntax, minimum, maximum and SHA-256 of the stored values.
json dicomInstances(const Series& series, const CommandContext& context)
{
    std::vector<const Instance*> files;
    for (const Instance& instance : series.instances) {
        const auto known = [&](const Instance* other) { return other->file == instance.file; };
        if (std::none_of(files.begin(), files.end(), known)) {
            files.push_back(&instance);
        }
    }
    json list = json::array();
    const auto progress = context.console.progress("Reading stored values");
    for (const Instance* instance : files) {
        if (context.stop.stop_requested()) {
            break;
        }
        json entry{{"file", instance->file.string()}, {"sop_instance_uid", instance->sopInstanceUid}};
        const auto summary = summarizeStoredValues(instance->file);
        if (summary) {
            entry.update({{"rows", summary->rows},
                          {"columns", summary->columns},
                          {"frames", summary->frames},
                          {"syntax", summary->transferSyntaxUid},
                          {"minimum", summary->minimum},
                          {"maximum", summary->maximum},
                          {"sha256", summary->sha256}});
        } else {
            entry["error"] = app::toJson(summary.error());
        }
        list.push_back(std::move(entry));
        if (progress) {
            progress({list.size(), files.size()});
        }
    }
    return list;
}

/// A file of another format is one instance.
json fileInstance(const Series& series, const CommandContext& context)
{
    json entry{{"file", series.instances.empty() ? "" : series.instances.front().file.string()},
               {"syntax", wordOf(series.format)}};
    LoadOptions options;
    options.stop = context.stop;
    options.threads = context.options.threads;
    const auto volume = loadVolume(series, options);
    if (!volume) {
        entry["error"] = app::toJson(volume.error());
        return json::array({entry});
    }
    const Size3 size = (*volume)->size();
    Sha256 hash;
    double minimum = std::numeric_limits<double>::infinity();
    double maximum = -minimum;
    for (int k = 0; k < size.depth; ++k) {
        hash.update((*volume)->sliceBytes(k));
        for (int j = 0; j < size.height; ++j) {
            for (int i = 0; i < size.width; ++i) {
                const double value = (*volume)->storedValue({i, j, k});
                minimum = std::min(minimum, value);
                maximum = std::max(maximum, value);
            }
        }
    }
    entry.update({{"rows", size.height},
                  {"columns", size.width},
                  {"frames", size.depth},
                  {"minimum", minimum},
                  {"maximum", maximum},
                  {"sha256", hash.hex()}});
    return json::array({entry});
}

json toJson(const Series& series, std::size_t number, const CommandContext& context)
{
    json entry{{"number", number},
               {"uid", series.uid},
               {"part", series.splitKey},
               {"format", wordOf(series.format)},
               {"modality", series.modality},
               {"description", series.description},
               {"name", series.displayName()},
               {"health", toJson(series.health)}};
    if (series.geometry) {
        const Geometry& geometry = *series.geometry;
        entry["size"] = {geometry.size().width, geometry.size().height, geometry.size().depth};
        entry["spacing_mm"] = {geometry.spacingI(), geometry.spacingJ(), geometry.spacingK()};
    }
    entry["instances"] =
        series.format == SourceFormat::dicom ? dicomInstances(series, context) : fileInstance(series, context);
    return entry;
}

json toJson(const ScanResult& result, const CommandContext& context)
{
    json report{{"studies", json::array()}, {"refused", json::array()}, {"segmentations", json::array()}};
    std::size_t number = 0;
    for (const Study& study : result.studies) {
        json entry{{"uid", study.uid},   {"patient_name", study.patientName}, {"patient_id", study.patientId},
                   {"date", study.date}, {"description", study.description},  {"series", json::array()}};
        for (const Series& series : study.series) {
            entry["series"].push_back(toJson(series, ++number, context));
        }
        report["studies"].push_back(std::move(entry));
    }
    for (const Refusal& refusal : result.refusals) {
        report["refused"].push_back({{"file", refusal.file.string()}, {"error", app::toJson(refusal.error)}});
    }
    for (const auto& file : result.segmentations) {
        report["segmentations"].push_back(file.string());
    }
    report["other_files"] = result.others.size();
    return report;
}

std::string rounded(double value)
{
    std::ostringstream text;
    text.precision(4);
    text << value;
    return text.str();
}

void writeSeries(std::ostream& text, const Series& series, std::size_t number)
{
    text << "  " << number << "  " << series.displayName();
    if (!series.splitKey.empty()) {
        text << " (" << series.splitKey << ")";
    }
    text << "  " << series.modality << "  " << series.instances.size()
         << (series.instances.size() == 1 ? " picture" : " pictures");
    if (series.geometry) {
        const Geometry& g = *series.geometry;
        text << "  " << g.size().width << " x " << g.size().height << " x " << g.size().depth << "  "
             << rounded(g.spacingI()) << " x " << rounded(g.spacingJ()) << " x " << rounded(g.spacingK())
             << (g.spacingSource() == SpacingSource::none ? " px" : " mm");
    }
    text << "\n     " << series.health.badge() << '\n';
    for (const HealthCheck& check : series.health.checks) {
        text << "     " << wordOf(check.level) << ": " << check.text
             << (check.detail.empty() ? "" : "  " + check.detail) << '\n';
    }
    if (!series.uid.empty()) {
        text << "     " << idOf(series) << '\n';
    }
}

std::string toText(const ScanResult& result, bool everything)
{
    std::ostringstream text;
    std::size_t number = 0;
    for (const Study& study : result.studies) {
        text << (study.patientName.empty() ? "No name" : study.patientName) << "  " << study.patientId << "  "
             << study.date << "  " << study.description << '\n';
        for (const Series& series : study.series) {
            writeSeries(text, series, ++number);
        }
    }
    for (const auto& file : result.segmentations) {
        text << "segmentation: " << file.string() << '\n';
    }
    for (const Refusal& refusal : result.refusals) {
        text << "refused: " << refusal.error.oneLine() << '\n';
    }
    if (everything) {
        for (const auto& file : result.others) {
            text << "no picture: " << file.string() << '\n';
        }
    }
    text << number << " series, " << result.refusals.size() << " refused, " << result.others.size() << " other files\n";
    return text.str();
}

Status list(const std::vector<std::filesystem::path>& paths, const CommandContext& context)
{
    const auto result = scanPaths(paths, context);
    if (!result) {
        return fail(result.error());
    }
    const json report = context.console.isJson() ? toJson(*result, context) : json();
    if (context.stop.stop_requested()) {
        return fail(ErrorCode::cancelled, "interrupted");
    }
    context.console.result(report, toText(*result, context.options.console.verbosity > 0));
    return {};
}

} // namespace

void addListCommand(CommandTable& table)
{
    auto paths = std::make_shared<std::vector<std::filesystem::path>>();
    CLI::App& command = table.add("list", "Studies, series and their health",
                                  [paths](const CommandContext& context) { return list(*paths, context); });
    command.add_option("PATH", *paths, "Folder, file or DICOMDIR")->required();
}

} // namespace icmoe::app
