#include "core/engine/Prompt.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

namespace icmoe {
namespace {

using Json = nlohmann::json;

std::vector<double> coordinates(const Prompt& prompt)
{
    std::vector<double> values;
    const auto addPoints = [&](const std::vector<Point2>& points) {
        for (const Point2 point : points) {
            values.push_back(point.x);
            values.push_back(point.y);
        }
    };
    if (const auto* box = std::get_if<BoxPrompt>(&prompt.shape)) {
        values = {box->x0, box->y0, box->x1, box->y1};
    } else if (const auto* point = std::get_if<PointPrompt>(&prompt.shape)) {
        values = {point->at.x, point->at.y};
    } else if (const auto* scribble = std::get_if<ScribblePrompt>(&prompt.shape)) {
        addPoints(scribble->path);
    } else if (const auto* lasso = std::get_if<LassoPrompt>(&prompt.shape)) {
        addPoints(lasso->polygon);
    } else if (const auto* mask = std::get_if<MaskPrompt>(&prompt.shape)) {
        for (const Run run : mask->mask.runs()) {
            values.push_back(run.begin);
            values.push_back(run.end);
        }
    }
    return values;
}

bool isInside(const Prompt& prompt)
{
    if (const auto* point = std::get_if<PointPrompt>(&prompt.shape)) {
        return point->inside;
    }
    if (const auto* scribble = std::get_if<ScribblePrompt>(&prompt.shape)) {
        return scribble->inside;
    }
    return true;
}

Status checkShape(const Prompt& prompt, int width, int height)
{
    if (std::holds_alternative<MaskPrompt>(prompt.shape)) {
        const auto& mask = std::get<MaskPrompt>(prompt.shape).mask;
        if (mask.width() != width || mask.height() != height) {
            return fail(ErrorCode::invalidArgument, "a mask prompt must have the slice's size", {},
                        "Use a mask of this slice");
        }
        return {};
    }
    if (const auto* label = std::get_if<LabelPrompt>(&prompt.shape)) {
        return label->label.empty()
                   ? fail(ErrorCode::invalidArgument, "a label prompt needs a name", {}, "Name the structure")
                   : Status{};
    }
    const auto values = coordinates(prompt);
    if (values.empty() || !std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); })) {
        return fail(ErrorCode::invalidArgument, "a prompt needs finite coordinates", {}, "Draw it again");
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double size = i % 2 == 0 ? width : height;
        if (values[i] < -size || values[i] > 2 * size) {
            return fail(ErrorCode::outOfRange,
                        "a prompt lies far outside the " + std::to_string(width) + " × " + std::to_string(height) +
                            " picture",
                        {}, "Give column and row within the slice");
        }
    }
    if (const auto* box = std::get_if<BoxPrompt>(&prompt.shape);
        box != nullptr && (box->x1 < box->x0 || box->y1 < box->y0)) {
        return fail(ErrorCode::invalidArgument, "a box needs x0 ≤ x1 and y0 ≤ y1", {},
                    "Give the upper left corner first");
    }
    return {};
}

Json toJson(const std::vector<Point2>& points)
{
    Json list = Json::array();
    for (const Point2 point : points) {
        list.push_back({point.x, point.y});
    }
    return list;
}

Json toJson(const Prompt& prompt)
{
    Json json{{"id", prompt.id}, {"plane", name(prompt.plane)}, {"slice", prompt.slice}};
    if (const auto* box = std::get_if<BoxPrompt>(&prompt.shape)) {
        json["box"] = {box->x0, box->y0, box->x1, box->y1};
    } else if (const auto* point = std::get_if<PointPrompt>(&prompt.shape)) {
        json["point"] = {point->at.x, point->at.y};
        json["inside"] = point->inside;
    } else if (const auto* scribble = std::get_if<ScribblePrompt>(&prompt.shape)) {
        json["scribble"] = toJson(scribble->path);
        json["inside"] = scribble->inside;
    } else if (const auto* lasso = std::get_if<LassoPrompt>(&prompt.shape)) {
        json["lasso"] = toJson(lasso->polygon);
    } else if (const auto* mask = std::get_if<MaskPrompt>(&prompt.shape)) {
        Json runs = Json::array();
        for (const Run run : mask->mask.runs()) {
            runs.push_back({run.begin, run.end});
        }
        json["mask"] = {{"width", mask->mask.width()}, {"height", mask->mask.height()}, {"runs", runs}};
    } else if (const auto* label = std::get_if<LabelPrompt>(&prompt.shape)) {
        json["label"] = label->label;
    }
    return json;
}

std::vector<Point2> pointsFrom(const Json& json)
{
    std::vector<Point2> points;
    for (const auto& point : json) {
        points.push_back({point.at(0).get<double>(), point.at(1).get<double>()});
    }
    return points;
}

Prompt promptFrom(const Json& json)
{
    Prompt prompt;
    prompt.id = json.at("id").get<PromptId>();
    const auto plane = planeFromName(json.at("plane").get<std::string>());
    if (!plane) {
        throw Json::other_error::create(500, "unknown plane", &json);
    }
    prompt.plane = *plane;
    prompt.slice = json.at("slice").get<int>();
    if (json.contains("box")) {
        const auto& b = json.at("box");
        prompt.shape =
            BoxPrompt{b.at(0).get<double>(), b.at(1).get<double>(), b.at(2).get<double>(), b.at(3).get<double>()};
    } else if (json.contains("point")) {
        const auto& p = json.at("point");
        prompt.shape = PointPrompt{{p.at(0).get<double>(), p.at(1).get<double>()}, json.at("inside").get<bool>()};
    } else if (json.contains("scribble")) {
        prompt.shape = ScribblePrompt{pointsFrom(json.at("scribble")), json.at("inside").get<bool>()};
    } else if (json.contains("lasso")) {
        prompt.shape = LassoPrompt{pointsFrom(json.at("lasso"))};
    } else if (json.contains("label")) {
        prompt.shape = LabelPrompt{json.at("label").get<std::string>()};
    } else {
        const auto& m = json.at("mask");
        const int width = m.at("width").get<int>();
        const int height = m.at("height").get<int>();
        if (width < 0 || height < 0 || width > 65536 || height > 65536) {
            throw Json::other_error::create(500, "mask size", &json);
        }
        std::vector<Run> runs;
        for (const auto& run : m.at("runs")) {
            runs.push_back({run.at(0).get<std::uint32_t>(), run.at(1).get<std::uint32_t>()});
        }
        prompt.shape = MaskPrompt{SliceMask::fromRuns(std::move(runs), width, height)};
    }
    return prompt;
}

} // namespace

Prompt labelPrompt(Plane plane, int slice, std::string label, PromptId id)
{
    return {id, plane, slice, LabelPrompt{std::move(label)}};
}

std::vector<Prompt> canonicalOrder(std::vector<Prompt> prompts)
{
    const auto key = [](const Prompt& p) {
        const auto* label = std::get_if<LabelPrompt>(&p.shape);
        return std::make_tuple(static_cast<int>(p.plane), p.slice, p.shape.index(), isInside(p) ? 0 : 1, coordinates(p),
                               label != nullptr ? label->label : std::string());
    };
    std::stable_sort(prompts.begin(), prompts.end(), [&](const Prompt& a, const Prompt& b) { return key(a) < key(b); });
    return prompts;
}

Status checkPrompts(const std::vector<Prompt>& prompts, int width, int height)
{
    if (prompts.empty()) {
        return fail(ErrorCode::emptyInput, "no prompt was given", {}, "Draw a box or click inside the structure");
    }
    std::set<std::pair<long, long>> inside;
    std::set<std::pair<long, long>> outside;
    const auto isLabel = [](const Prompt& prompt) { return std::holds_alternative<LabelPrompt>(prompt.shape); };
    if (std::count_if(prompts.begin(), prompts.end(), isLabel) > 1) {
        return fail(ErrorCode::invalidArgument, "prompts of one object name one label at most", {},
                    "Keep the label that is meant");
    }
    for (const Prompt& prompt : prompts) {
        if (prompt.plane != prompts.front().plane || prompt.slice != prompts.front().slice) {
            return fail(ErrorCode::invalidArgument, "prompts of one object must lie on one slice", {},
                        "Start another object on the other slice");
        }
        if (auto sound = checkShape(prompt, width, height); !sound) {
            return sound;
        }
        if (const auto* point = std::get_if<PointPrompt>(&prompt.shape)) {
            (point->inside ? inside : outside).emplace(std::lround(point->at.x), std::lround(point->at.y));
        }
    }
    for (const auto& pixel : inside) {
        if (outside.contains(pixel)) {
            return fail(ErrorCode::conflictingPrompts,
                        "pixel " + std::to_string(pixel.first) + ", " + std::to_string(pixel.second) +
                            " is said to be inside and outside",
                        {}, "Delete one of the two clicks");
        }
    }
    return {};
}

std::string promptsToJson(const std::vector<Prompt>& prompts)
{
    Json list = Json::array();
    for (const Prompt& prompt : prompts) {
        list.push_back(toJson(prompt));
    }
    return list.dump();
}

Result<std::vector<Prompt>> promptsFromJson(std::string_view text)
{
    try {
        std::vector<Prompt> prompts;
        for (const auto& json : Json::parse(text)) {
            prompts.push_back(promptFrom(json));
        }
        return prompts;
    } catch (const Json::exception&) {
        return fail(ErrorCode::malformedFile, "prompts are not in the expected form", {},
                    "The stored prompts are damaged");
    }
}

} // namespace icmoe
