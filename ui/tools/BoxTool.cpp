#include "ui/tools/BoxTool.h"

#include "ui/document/AnnotationDocument.h"

#include <algorithm>
#include <cmath>

namespace icmoe::ui {
namespace {

constexpr double kSmallestDrag = 4; // logical pixels: less is a click

}

bool refusePrompt(AnnotationDocument& document, const ToolEvent& event)
{
    if (event.grid->canDraw()) {
        return false;
    }
    Q_EMIT document.notice(
        AnnotationDocument::tr("Slices of this plane cross the tilted ones: prompt in the plane of acquisition"));
    return true;
}

void BoxTool::press(const ToolEvent& event)
{
    m_prompt.reset();
    m_start.reset();
    if (!refusePrompt(m_document, event)) {
        m_start = event;
    }
}

void BoxTool::update(const ToolEvent& event, bool interactive)
{
    const SlicePlane& plane = event.grid->stored();
    const auto x = [&](double value) { return std::clamp(value, 0.0, plane.width() - 1.0); };
    const auto y = [&](double value) { return std::clamp(value, 0.0, plane.height() - 1.0); };
    const BoxPrompt box{x(std::min(m_start->at.x, event.at.x)), y(std::min(m_start->at.y, event.at.y)),
                        x(std::max(m_start->at.x, event.at.x)), y(std::max(m_start->at.y, event.at.y))};
    if (!m_prompt) {
        const auto& prompts = m_document.prompts();
        const bool more = m_start->modifiers.testFlag(Qt::ShiftModifier);
        const bool hasBox = std::any_of(prompts.begin(), prompts.end(),
                                        [](const Prompt& p) { return std::holds_alternative<BoxPrompt>(p.shape); });
        if (hasBox && !more) {
            m_document.clearPrompts();
        }
        m_prompt = m_document.addPrompt({0, plane.plane(), m_start->slice, box});
        m_document.selectPrompt(m_prompt);
    } else {
        m_document.updatePrompt({*m_prompt, plane.plane(), m_start->slice, box}, interactive);
    }
}

void BoxTool::move(const ToolEvent& event)
{
    if (!m_start) {
        return;
    }
    const QPointF by = event.position - m_start->position;
    if (m_prompt || std::hypot(by.x(), by.y()) >= kSmallestDrag) {
        update(event, true);
    }
}

void BoxTool::release(const ToolEvent& event)
{
    if (m_start && m_prompt) {
        update(event, false);
    } else if (m_start) {
        m_document.selectPrompt(std::nullopt); // a click beside everything
    }
    m_start.reset();
    m_prompt.reset();
}

bool BoxTool::cancel()
{
    if (!m_start || !m_prompt) {
        return false;
    }
    m_document.undo();
    m_start.reset();
    m_prompt.reset();
    return true;
}

} // namespace icmoe::ui
