#include "ui/document/PromptEdit.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace icmoe::ui {
namespace {

enum class Kind { box, inside, outside, scribble, lasso, mask };

Kind kindOf(const Prompt& prompt)
{
    if (const auto* point = std::get_if<PointPrompt>(&prompt.shape)) {
        return point->inside ? Kind::inside : Kind::outside;
    }
    if (std::holds_alternative<ScribblePrompt>(prompt.shape)) {
        return Kind::scribble;
    }
    if (std::holds_alternative<LassoPrompt>(prompt.shape)) {
        return Kind::lasso;
    }
    return std::holds_alternative<MaskPrompt>(prompt.shape) ? Kind::mask : Kind::box;
}

QString text(Kind kind, int number)
{
    const auto tr = [&](const char* source) { return QCoreApplication::translate("Prompt", source).arg(number); };
    switch (kind) {
    case Kind::box:
        return tr("Box %1");
    case Kind::inside:
        return tr("Inside %1");
    case Kind::outside:
        return tr("Outside %1");
    case Kind::scribble:
        return tr("Scribble %1");
    case Kind::lasso:
        return tr("Lasso %1");
    case Kind::mask:
        break;
    }
    return tr("Mask %1");
}

SliceMask shifted(const SliceMask& mask, int dx, int dy)
{
    std::vector<Run> runs;
    const int width = mask.width();
    for (const Run run : mask.runs()) {
        for (std::uint32_t at = run.begin; at < run.end; ++at) {
            const int x = static_cast<int>(at) % width + dx;
            const int y = static_cast<int>(at) / width + dy;
            if (x >= 0 && y >= 0 && x < width && y < mask.height()) {
                const auto pixel = static_cast<std::uint32_t>(y * width + x);
                runs.push_back({pixel, pixel + 1});
            }
        }
    }
    return SliceMask::fromRuns(std::move(runs), mask.width(), mask.height());
}

} // namespace

QString promptName(const std::vector<Prompt>& prompts, PromptId id)
{
    const auto found = std::find_if(prompts.begin(), prompts.end(), [&](const Prompt& p) { return p.id == id; });
    if (found == prompts.end()) {
        return {};
    }
    if (const auto* label = std::get_if<LabelPrompt>(&found->shape)) {
        return QCoreApplication::translate("Prompt", "Label: %1").arg(QString::fromStdString(label->label));
    }
    const Kind kind = kindOf(*found);
    const auto number = std::count_if(prompts.begin(), found + 1, [&](const Prompt& p) {
        return !std::holds_alternative<LabelPrompt>(p.shape) && kindOf(p) == kind;
    });
    return text(kind, static_cast<int>(number));
}

std::vector<Point2> outlineOf(const Prompt& prompt)
{
    if (const auto* box = std::get_if<BoxPrompt>(&prompt.shape)) {
        return {{box->x0, box->y0}, {box->x1, box->y0}, {box->x1, box->y1}, {box->x0, box->y1}};
    }
    if (const auto* point = std::get_if<PointPrompt>(&prompt.shape)) {
        return {point->at};
    }
    if (const auto* scribble = std::get_if<ScribblePrompt>(&prompt.shape)) {
        return scribble->path;
    }
    if (const auto* lasso = std::get_if<LassoPrompt>(&prompt.shape)) {
        return lasso->polygon;
    }
    const auto* mask = std::get_if<MaskPrompt>(&prompt.shape);
    const auto bounds = mask != nullptr ? mask->mask.bounds() : std::nullopt;
    if (!bounds) {
        return {};
    }
    return {{double(bounds->x0), double(bounds->y0)}, {double(bounds->x1), double(bounds->y1)}};
}

Prompt moved(Prompt prompt, double dx, double dy, int width, int height)
{
    const std::vector<Point2> points = outlineOf(prompt);
    if (points.empty()) {
        return prompt;
    }
    const auto [left, right] =
        std::minmax_element(points.begin(), points.end(), [](Point2 a, Point2 b) { return a.x < b.x; });
    const auto [top, bottom] =
        std::minmax_element(points.begin(), points.end(), [](Point2 a, Point2 b) { return a.y < b.y; });
    dx = std::max(-left->x, std::min(dx, width - 1 - right->x));
    dy = std::max(-top->y, std::min(dy, height - 1 - bottom->y));
    const auto shift = [&](Point2& p) { p = {p.x + dx, p.y + dy}; };
    if (auto* box = std::get_if<BoxPrompt>(&prompt.shape)) {
        *box = {box->x0 + dx, box->y0 + dy, box->x1 + dx, box->y1 + dy};
    } else if (auto* point = std::get_if<PointPrompt>(&prompt.shape)) {
        shift(point->at);
    } else if (auto* scribble = std::get_if<ScribblePrompt>(&prompt.shape)) {
        std::for_each(scribble->path.begin(), scribble->path.end(), shift);
    } else if (auto* lasso = std::get_if<LassoPrompt>(&prompt.shape)) {
        std::for_each(lasso->polygon.begin(), lasso->polygon.end(), shift);
    } else if (auto* mask = std::get_if<MaskPrompt>(&prompt.shape)) {
        mask->mask = shifted(mask->mask, static_cast<int>(std::lround(dx)), static_cast<int>(std::lround(dy)));
    }
    return prompt;
}

std::optional<Prompt> flipped(Prompt prompt)
{
    if (auto* point = std::get_if<PointPrompt>(&prompt.shape)) {
        point->inside = !point->inside;
        return prompt;
    }
    if (auto* scribble = std::get_if<ScribblePrompt>(&prompt.shape)) {
        scribble->inside = !scribble->inside;
        return prompt;
    }
    return std::nullopt;
}

} // namespace icmoe::ui
