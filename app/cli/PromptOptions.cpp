#include "app/cli/PromptOptions.h"

#include "core/formats/Png.h"
#include "core/mask/Strokes.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace icmoe::app {

namespace {

constexpr std::size_t kMostStrokePixels = 20000; // strokePaths() takes quadratic time

std::vector<std::string> split(const std::string& text, char separator)
{
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, separator);) {
        parts.push_back(part);
    }
    return parts;
}

/// Independent of the locale, unlike std::stod.
std::optional<double> number(const std::string& text)
{
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<std::vector<double>> numbers(const std::vector<std::string>& texts)
{
    std::vector<double> values;
    for (const std::string& text : texts) {
        const auto value = number(text);
        if (!value) {
            return std::nullopt;
        }
        values.push_back(*value);
    }
    return values;
}

/// "FILE,-" → FILE, false
std::pair<std::string, bool> splitSign(const std::string& text)
{
    if (text.size() > 2 && text[text.size() - 2] == ',' && (text.back() == '+' || text.back() == '-')) {
        return {text.substr(0, text.size() - 2), text.back() == '+'};
    }
    return {text, true};
}

template<typename Parse>
CLI::Validator valid(Parse parse)
{
    return CLI::Validator(
        [parse](const std::string& text) {
            const auto value = parse(text);
            return value ? std::string() : value.error().message;
        },
        "");
}

} // namespace

Result<BoxPrompt> parseBox(const std::string& text)
{
    const auto values = numbers(split(text, ','));
    if (!values || values->size() != 4) {
        return fail(ErrorCode::invalidArgument, "expected a box as x0,y0,x1,y1, found \"" + text + "\"");
    }
    const auto& v = *values;
    return BoxPrompt{std::min(v[0], v[2]), std::min(v[1], v[3]), std::max(v[0], v[2]), std::max(v[1], v[3])};
}

Result<PointPrompt> parsePoint(const std::string& text)
{
    const auto [place, inside] = splitSign(text);
    const auto values = numbers(split(place, ','));
    if (!values || values->size() != 2) {
        return fail(ErrorCode::invalidArgument, "expected a point as x,y or x,y,+ or x,y,-, found \"" + text + "\"");
    }
    return PointPrompt{{(*values)[0], (*values)[1]}, inside};
}

Result<LassoPrompt> parseLasso(const std::string& text)
{
    LassoPrompt lasso;
    for (const std::string& corner : split(text, ' ')) {
        const auto values = numbers(split(corner, ','));
        if (!corner.empty() && (!values || values->size() != 2)) {
            return fail(ErrorCode::invalidArgument, "expected a lasso as \"x,y x,y x,y\", found \"" + text + "\"");
        }
        if (!corner.empty()) {
            lasso.polygon.push_back({(*values)[0], (*values)[1]});
        }
    }
    if (lasso.polygon.size() < 3) {
        return fail(ErrorCode::invalidArgument, "a lasso has at least three corners, found \"" + text + "\"");
    }
    return lasso;
}

void addPromptOptions(CLI::App& command, PromptOptions& options)
{
    // Without this a value like "10,20,-" or a list of values would be taken for several options.
    const auto add = [&](const char* name, std::vector<std::string>& values, const char* help, const char* form) {
        return command.add_option(name, values, help)
            ->type_name(form)
            ->expected(1)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    };
    add("--box", options.boxes, "Box around the object", "X0,Y0,X1,Y1")->check(valid(parseBox));
    add("--point", options.points, "Click on the object (+) or beside it (-)", "X,Y[,+|-]")->check(valid(parsePoint));
    add("--scribble", options.scribbles, "Picture of strokes of the slice's size", "PNG[,+|-]");
    add("--lasso", options.lassos, "Outline around the object", "\"X,Y X,Y …\"")->check(valid(parseLasso));
    command.add_option("--mask", options.mask, "A mask to start from, on the same grid")->type_name("FILE");
}

Result<std::vector<ScribblePrompt>> readScribble(const std::filesystem::path& file, bool inside, int width, int height)
{
    const auto picture = readPng(file, PngReading::indices);
    if (!picture) {
        return fail(picture.error());
    }
    if (picture->width != width || picture->height != height || picture->type != SampleType::u8) {
        return fail(ErrorCode::geometryMismatch,
                    "a scribble picture has the slice's size, " + std::to_string(width) + " x " +
                        std::to_string(height) + ", and one 8-bit channel; found " + std::to_string(picture->width) +
                        " x " + std::to_string(picture->height),
                    file.string());
    }
    const std::span pixels(reinterpret_cast<const std::uint8_t*>(picture->pixels.data()), picture->pixels.size());
    const SliceMask strokes = SliceMask::fromBitmap(pixels, width, height);
    if (strokes.area() > kMostStrokePixels) {
        return fail(ErrorCode::limitExceeded,
                    "a scribble picture holds thin strokes, found " + std::to_string(strokes.area()) + " pixels",
                    file.string(), "Give a region as --mask");
    }
    std::vector<ScribblePrompt> scribbles;
    for (auto& path : strokePaths(strokes)) {
        scribbles.push_back({std::move(path), inside});
    }
    if (scribbles.empty()) {
        return fail(ErrorCode::emptyInput, "the scribble picture is empty", file.string(), "Draw with values above 0");
    }
    return scribbles;
}

Result<std::vector<Prompt>> makePrompts(const PromptOptions& options, Plane plane, int slice, int width, int height)
{
    std::vector<Prompt> prompts;
    const auto add = [&](auto shape) {
        Prompt prompt;
        prompt.id = prompts.size() + 1;
        prompt.plane = plane;
        prompt.slice = slice;
        prompt.shape = std::move(shape);
        prompts.push_back(std::move(prompt));
    };
    for (const std::string& text : options.boxes) {
        add(*parseBox(text)); // checked when the command line was read
    }
    for (const std::string& text : options.points) {
        add(*parsePoint(text));
    }
    for (const std::string& text : options.lassos) {
        add(*parseLasso(text));
    }
    for (const std::string& text : options.scribbles) {
        const auto [file, inside] = splitSign(text);
        auto scribbles = readScribble(file, inside, width, height);
        if (!scribbles) {
            return fail(scribbles.error());
        }
        for (ScribblePrompt& scribble : *scribbles) {
            add(std::move(scribble));
        }
    }
    return prompts;
}

} // namespace icmoe::app
