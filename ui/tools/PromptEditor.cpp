#include "ui/tools/PromptEditor.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/document/PromptEdit.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace icmoe::ui {
namespace {

double distance(const ToolEvent& event, Point2 to)
{
    return std::hypot((event.at.x - to.x) * event.scaleX, (event.at.y - to.y) * event.scaleY);
}

/// Distance to the line from a to b, in logical pixels.
double distance(const ToolEvent& event, Point2 a, Point2 b)
{
    const double ax = (a.x - event.at.x) * event.scaleX;
    const double ay = (a.y - event.at.y) * event.scaleY;
    const double dx = (b.x - a.x) * event.scaleX;
    const double dy = (b.y - a.y) * event.scaleY;
    const double length = dx * dx + dy * dy;
    const double t = length > 0 ? std::clamp(-(ax * dx + ay * dy) / length, 0.0, 1.0) : 0.0;
    return std::hypot(ax + t * dx, ay + t * dy);
}

/// −1 or +1 where `at` is near the low or high side, 0 elsewhere.
int nearSide(double at, double low, double high, double scale, double reach)
{
    const double toLow = std::abs(at - low) * scale;
    const double toHigh = std::abs(at - high) * scale;
    if (std::min(toLow, toHigh) > reach) {
        return 0;
    }
    return toLow < toHigh ? -1 : 1;
}

bool isNearOutline(const ToolEvent& event, const SliceMask& mask, double reach)
{
    for (const auto& loop : outlines(mask)) {
        for (std::size_t i = 0; i < loop.size(); ++i) {
            if (distance(event, loop[i], loop[(i + 1) % loop.size()]) <= reach) {
                return true;
            }
        }
    }
    return false;
}

} // namespace

std::optional<PromptEditor::Grip> PromptEditor::gripAt(const ToolEvent& event) const
{
    const auto& prompts = m_document.prompts();
    for (auto at = prompts.rbegin(); at != prompts.rend(); ++at) {
        const Prompt& prompt = *at;
        if (prompt.plane != event.grid->plane() || prompt.slice != event.slice) {
            continue;
        }
        if (const auto* box = std::get_if<BoxPrompt>(&prompt.shape)) {
            const int sideX = nearSide(event.at.x, box->x0, box->x1, event.scaleX, kReach);
            const int sideY = nearSide(event.at.y, box->y0, box->y1, event.scaleY, kReach);
            const double slackX = kReach / event.scaleX;
            const double slackY = kReach / event.scaleY;
            const bool within = event.at.x > box->x0 - slackX && event.at.x < box->x1 + slackX &&
                                event.at.y > box->y0 - slackY && event.at.y < box->y1 + slackY;
            if (!within || (sideX == 0 && sideY == 0)) {
                continue;
            }
            if (m_document.selectedPrompt() != prompt.id) {
                return Grip{prompt.id, 0, 0}; // the first drag of an edge moves the box
            }
            const auto middle = [](double a, double b) { return (a + b) / 2; };
            const bool handleX = sideX != 0 && std::abs(event.at.y - middle(box->y0, box->y1)) * event.scaleY < kReach;
            const bool handleY = sideY != 0 && std::abs(event.at.x - middle(box->x0, box->x1)) * event.scaleX < kReach;
            const bool corner = sideX != 0 && sideY != 0;
            return corner || handleX || handleY ? Grip{prompt.id, sideX, sideY} : Grip{prompt.id, 0, 0};
        }
        if (const auto* mask = std::get_if<MaskPrompt>(&prompt.shape)) {
            if (isNearOutline(event, mask->mask, kReach / 2)) { // within it, clicks are clicks
                return Grip{prompt.id, 0, 0};
            }
            continue;
        }
        const std::vector<Point2> points = outlineOf(prompt);
        if (points.size() == 1 && distance(event, points.front()) <= kReach + 2) {
            return Grip{prompt.id, 0, 0};
        }
        for (std::size_t i = 1; i < points.size(); ++i) {
            if (distance(event, points[i - 1], points[i]) <= kReach / 2) {
                return Grip{prompt.id, 0, 0};
            }
        }
    }
    return std::nullopt;
}

bool PromptEditor::press(const ToolEvent& event)
{
    const auto grip = gripAt(event);
    if (!grip) {
        return false;
    }
    m_document.selectPrompt(grip->prompt);
    const auto& prompts = m_document.prompts();
    const auto found =
        std::find_if(prompts.begin(), prompts.end(), [&](const Prompt& p) { return p.id == grip->prompt; });
    if (found == prompts.end()) {
        return false;
    }
    m_drag = Drag{*grip, *found, event.at};
    return true;
}

Prompt PromptEditor::dragged(const ToolEvent& event) const
{
    const SlicePlane& plane = event.grid->stored();
    const Grip& grip = m_drag->grip;
    if (grip.sideX == 0 && grip.sideY == 0) {
        return icmoe::ui::moved(m_drag->start, event.at.x - m_drag->from.x, event.at.y - m_drag->from.y, plane.width(),
                                plane.height());
    }
    Prompt prompt = m_drag->start;
    auto& box = std::get<BoxPrompt>(prompt.shape);
    const double x = std::clamp(event.at.x, 0.0, plane.width() - 1.0);
    const double y = std::clamp(event.at.y, 0.0, plane.height() - 1.0);
    if (grip.sideX != 0) {
        (grip.sideX < 0 ? box.x0 : box.x1) = x;
    }
    if (grip.sideY != 0) {
        (grip.sideY < 0 ? box.y0 : box.y1) = y;
    }
    if (box.x0 > box.x1) {
        std::swap(box.x0, box.x1);
    }
    if (box.y0 > box.y1) {
        std::swap(box.y0, box.y1);
    }
    return prompt;
}

void PromptEditor::move(const ToolEvent& event)
{
    if (m_drag) {
        m_document.updatePrompt(dragged(event), true);
    }
}

void PromptEditor::release(const ToolEvent& event)
{
    if (m_drag) {
        m_document.updatePrompt(dragged(event), false);
        m_drag.reset();
    }
}

std::optional<Qt::CursorShape> PromptEditor::cursorAt(const ToolEvent& event) const
{
    const auto grip = gripAt(event);
    if (!grip) {
        return std::nullopt;
    }
    if (grip->sideX == 0 && grip->sideY == 0) {
        return Qt::SizeAllCursor;
    }
    if (grip->sideX == 0 || grip->sideY == 0) {
        return grip->sideX == 0 ? Qt::SizeVerCursor : Qt::SizeHorCursor;
    }
    return grip->sideX == grip->sideY ? Qt::SizeFDiagCursor : Qt::SizeBDiagCursor;
}

} // namespace icmoe::ui
