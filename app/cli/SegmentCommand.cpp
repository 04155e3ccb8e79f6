#include "app/cli/EngineSession.h"
#include "app/cli/PictureFiles.h"
#include "app/cli/PromptOptions.h"
#include "app/cli/SeriesChoice.h"
#include "core/export/Export.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace icmoe::app {

namespace {

using nlohmann::json;

struct SegmentOptions {
    std::filesystem::path path;
    std::string series;
    std::string plane = "axial";
    int slice = -1;
    PromptOptions prompts;
    std::string preset = "abdomen";
    EngineChoice engine;
    std::string label = "Object";
    bool labelGiven = false; ///< then its name is a prompt too
    std::filesystem::path output;
    std::filesystem::path overlay;
    bool force = false;
};

Status checkOutputs(const SegmentOptions& options)
{
    if (!maskFormatFromEnding(options.output)) {
        return fail(ErrorCode::unknownFormat, "the output's ending tells no format", options.output.string(),
                    "Use .dcm, .nii.gz, .nrrd or .png");
    }
    if (auto free = checkOutput(options.output, options.force); !free) {
        return free;
    }
    return options.overlay.empty() ? Status{} : checkOutput(options.overlay, options.force);
}

/// The slice to work on; a picture of one slice needs no --slice.
Result<int> chosenSlice(const SegmentOptions& options, const SlicePlane& plane)
{
    if (options.slice < 0 && plane.count() > 1) {
        return fail(ErrorCode::invalidArgument,
                    "the series has " + std::to_string(plane.count()) + " slices in this plane", {},
                    "Choose one with --slice 0 to " + std::to_string(plane.count() - 1));
    }
    return std::max(options.slice, 0);
}

Status addMaskPrompt(std::vector<Prompt>& prompts, const SegmentOptions& options, const OpenedSeries& opened,
                     const SlicePlane& plane, int slice)
{
    const Geometry& geometry = opened.volume->geometry();
    ImportOptions importing;
    importing.plane = plane.plane();
    importing.slice = slice;
    const auto imported = importMasks(options.prompts.mask, opened.series, geometry, importing);
    if (!imported) {
        return fail(imported.error());
    }
    SliceMask all(plane.width(), plane.height());
    for (const Label& label : imported->segmentation.labels().labels()) {
        all = all.united(imported->segmentation.mask(label.id).cut(plane, slice));
    }
    if (all.empty()) {
        return fail(ErrorCode::emptyInput, "the mask is empty on this slice", options.prompts.mask.string(),
                    "Choose a slice that it touches");
    }
    Prompt prompt;
    prompt.id = prompts.size() + 1;
    prompt.plane = plane.plane();
    prompt.slice = slice;
    prompt.shape = MaskPrompt{std::move(all)};
    prompts.push_back(std::move(prompt));
    return {};
}

Status writeOutput(const SegmentOptions& options, const OpenedSeries& opened, const SlicePlane& plane,
                   const Proposal& proposal, const Label& label, std::stop_token stop)
{
    const SliceMask& mask = proposal.candidates.front().mask;
    const MaskFormat format = *maskFormatFromEnding(options.output);
    Segmentation segmentation(opened.volume->size());
    segmentation.labels().put(label);
    if (auto combined =
            segmentation.combine(label.id, plane, proposal.slice, mask, CombineMode::replace, OverlapRule::keepBoth);
        !combined) {
        return fail(combined.error());
    }
    ExportOptions exporting;
    exporting.replace = options.force;
    exporting.algorithm[label.id] = AlgorithmType::semiautomatic;
    exporting.algorithmName = "icmoe " + proposal.engine.engine;
    exporting.plane = plane.plane(); // a PNG holds this slice alone
    exporting.slice = proposal.slice;
    exporting.stop = std::move(stop);
    return exportSegmentation(segmentation, opened.series, opened.volume->geometry(), options.output, format,
                              exporting);
}

json toJson(const Proposal& proposal, const SegmentOptions& options, const SlicePlane& plane)
{
    json voters = json::array();
    for (const Candidate& candidate : proposal.candidates) {
        voters.push_back({{"voter", candidate.voter},
                          {"predicted_iou", candidate.predictedIou},
                          {"area_px", candidate.mask.area()}});
    }
    const SliceMask& mask = proposal.candidates.front().mask;
    json report{{"output", options.output.string()},
                {"plane", std::string(name(plane.plane()))},
                {"slice", proposal.slice},
                {"size", {mask.width(), mask.height()}},
                {"label", options.label},
                {"voter", proposal.candidates.front().voter},
                {"predicted_iou", proposal.candidates.front().predictedIou},
                {"voters", std::move(voters)},
                {"area_px", mask.area()},
                {"area_mm2", double(mask.area()) * plane.spacingX() * plane.spacingY()},
                {"seconds", {{"encode", proposal.encodeSeconds}, {"decode", proposal.decodeSeconds}}},
                {"engine", app::toJson(proposal.engine)}};
    if (proposal.vote) {
        report["vote"] = app::toJson(*proposal.vote);
    }
    if (const auto box = mask.bounds()) {
        report["bounds"] = {box->x0, box->y0, box->x1, box->y1};
    }
    if (!options.overlay.empty()) {
        report["overlay"] = options.overlay.string();
    }
    if (!proposal.notice.empty()) {
        report["notice"] = proposal.notice;
    }
    return report;
}

std::string toText(const json& report)
{
    std::ostringstream text;
    text.precision(3);
    text << "Mask: " << report["output"].get<std::string>() << "\n  " << report["area_px"] << " pixels, predicted IoU "
         << report["predicted_iou"].get<double>() << " (" << report["voter"].get<std::string>() << ")\n  encoded in "
         << report["seconds"]["encode"].get<double>() << " s, answered in " << report["seconds"]["decode"].get<double>()
         << " s\n";
    if (report.contains("vote")) {
        text << "  agreement " << report["vote"]["agreement"].get<double>() << '\n';
        for (const json& voter : report["vote"]["voters"]) {
            text << "    " << voter["name"].get<std::string>() << ' ' << voter["weight"].get<double>()
                 << (voter["dropped"].get<bool>() ? " (dropped)" : "") << '\n';
        }
    }
    if (report.contains("overlay")) {
        text << "Picture: " << report["overlay"].get<std::string>() << '\n';
    }
    return text.str();
}

Result<std::vector<Prompt>> promptsOn(const SegmentOptions& options, const OpenedSeries& opened,
                                      const SlicePlane& plane, int slice)
{
    auto prompts = makePrompts(options.prompts, plane.plane(), slice, plane.width(), plane.height());
    if (!prompts) {
        return prompts;
    }
    if (!options.prompts.mask.empty()) {
        if (auto added = addMaskPrompt(*prompts, options, opened, plane, slice); !added) {
            return fail(added.error());
        }
    }
    if (options.labelGiven) {
        prompts->push_back(labelPrompt(plane.plane(), slice, options.label, prompts->size() + 1));
    }
    if (auto sound = checkPrompts(*prompts, plane.width(), plane.height()); !sound) {
        return fail(sound.error()); // before the engine is loaded
    }
    return prompts;
}

Status segment(const SegmentOptions& options, const CommandContext& context)
{
    if (auto outputs = checkOutputs(options); !outputs) {
        return outputs;
    }
    const auto opened = openSeries(options.path, options.series, context);
    if (!opened) {
        return fail(opened.error());
    }
    const Volume& volume = *opened->volume;
    const SlicePlane plane(volume.geometry(), *planeFromName(options.plane));
    const auto slice = chosenSlice(options, plane);
    if (!slice) {
        return fail(slice.error());
    }
    const auto image = cutSlice(volume, plane.plane(), *slice, engineRange(volume, options.preset));
    if (!image) {
        return fail(image.error());
    }
    const auto prompts = promptsOn(options, *opened, plane, *slice);
    if (!prompts) {
        return fail(prompts.error());
    }
    const auto engine = EngineSession::open(context, options.engine);
    if (!engine) {
        return fail(engine.error());
    }
    const auto proposal = (*engine)->ask(*image, *prompts);
    if (!proposal) {
        return fail(proposal.error());
    }
    const Label label{1, options.label, paletteColour(1)};
    if (auto written = writeOutput(options, *opened, plane, *proposal, label, context.stop); !written) {
        return written;
    }
    if (!options.overlay.empty()) {
        const auto& mask = proposal->candidates.front().mask;
        if (auto drawn = writeOverlayPng(options.overlay, **image, mask, label, options.force); !drawn) {
            return drawn;
        }
    }
    if (!proposal->notice.empty()) {
        context.console.notice(proposal->notice);
    }
    const json report = toJson(*proposal, options, plane);
    context.console.result(report, toText(report));
    return {};
}

} // namespace

void addSegmentCommand(CommandTable& table)
{
    auto options = std::make_shared<SegmentOptions>();
    CLI::App& command = table.add("segment", "A mask from prompts on one slice",
                                  [options](const CommandContext& context) { return segment(*options, context); });
    command.add_option("PATH", options->path, "DICOM folder or file, NIfTI, NRRD, PNG, JPEG")->required();
    command.add_option("--series", options->series, "Number in icmoe list, or UID")->type_name("SERIES");
    command.add_option("--plane", options->plane, "Plane of the slice")
        ->check(CLI::IsMember({"axial", "sagittal", "coronal", "acquisition"}))
        ->capture_default_str();
    command.add_option("--slice", options->slice, "Slice index, from 0")->type_name("K")->check(CLI::NonNegativeNumber);
    addPromptOptions(command, options->prompts);
    command.add_option("--preset", options->preset, "CT range that the engine sees")
        ->check(CLI::IsMember({"abdomen", "lung", "bone", "brain"}))
        ->capture_default_str();
    addEngineOptions(command, options->engine);
    const CLI::Option* label =
        command.add_option("--label", options->label, "Name of the object; where it is given, the experts know it too")
            ->type_name("NAME")
            ->capture_default_str();
    command.add_option("-o,--output", options->output, "Mask: .dcm (SEG), .nii.gz, .nrrd, .png")
        ->required()
        ->type_name("FILE");
    command.add_option("--overlay", options->overlay, "Also draw the outline on the slice")->type_name("PNG");
    command.add_flag("--force", options->force, "Replace existing files");
    command.parse_complete_callback([options, label] {
        options->labelGiven = label->count() > 0;
        if (options->label.empty()) {
            throw CLI::ValidationError("--label", "a label has a name");
        }
        if (options->prompts.empty() && !options->labelGiven) {
            throw CLI::RequiredError("one of --box, --point, --scribble, --lasso, --mask, --label");
        }
    });
}

} // namespace icmoe::app
