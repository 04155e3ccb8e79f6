#include "ui/tools/PointTool.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/tools/BoxTool.h"

#include <algorithm>

namespace icmoe::ui {
namespace {

constexpr int kRestMilliseconds = 80;

bool within(const ToolEvent& event)
{
    const SlicePlane& plane = event.grid->stored();
    return event.at.x >= -0.5 && event.at.y >= -0.5 && event.at.x <= plane.width() - 0.5 &&
           event.at.y <= plane.height() - 0.5;
}

Point2 inside(const ToolEvent& event)
{
    const SlicePlane& plane = event.grid->stored();
    return {std::clamp(event.at.x, 0.0, plane.width() - 1.0), std::clamp(event.at.y, 0.0, plane.height() - 1.0)};
}

} // namespace

PointTool::PointTool(AnnotationDocument& document)
    : m_document(document)
{
    m_rest.setSingleShot(true);
    m_rest.setInterval(kRestMilliseconds);
    connect(&m_rest, &QTimer::timeout, this, [this] {
        if (m_hover && m_document.isOpen()) {
            m_document.askHint(m_hover->grid->plane(), m_hover->slice, inside(*m_hover));
        }
    });
}

void PointTool::press(const ToolEvent& event)
{
    leave();
    m_prompt.reset();
    if (!within(event) || refusePrompt(m_document, event)) {
        return;
    }
    m_inside = !event.modifiers.testFlag(Qt::ControlModifier);
    m_prompt = m_document.addPrompt({0, event.grid->plane(), event.slice, PointPrompt{inside(event), m_inside}});
    m_document.selectPrompt(m_prompt);
}

void PointTool::move(const ToolEvent& event)
{
    if (m_prompt) {
        m_document.updatePrompt({*m_prompt, event.grid->plane(), event.slice, PointPrompt{inside(event), m_inside}},
                                true);
    }
}

void PointTool::release(const ToolEvent& event)
{
    if (m_prompt) {
        m_document.updatePrompt({*m_prompt, event.grid->plane(), event.slice, PointPrompt{inside(event), m_inside}},
                                false);
        m_prompt.reset();
    }
}

void PointTool::hover(const ToolEvent& event)
{
    m_document.clearHint();
    const bool asksInside = !event.modifiers.testFlag(Qt::ControlModifier);
    if (asksInside && m_document.prompts().empty() && within(event) && event.grid->canDraw()) {
        m_hover = event;
        m_rest.start();
    } else {
        leave();
    }
}

void PointTool::leave()
{
    m_rest.stop();
    m_hover.reset();
    m_document.clearHint();
}

} // namespace icmoe::ui
