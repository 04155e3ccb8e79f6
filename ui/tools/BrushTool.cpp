#include "ui/tools/BrushTool.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/tools/ToolController.h"

#include <QPainter>

#include <algorithm>

namespace icmoe::ui {

BrushTool::BrushTool(AnnotationDocument& document, const ToolController& controller, Kind kind,
                     std::function<void()> redraw)
    : m_document(document)
    , m_controller(controller)
    , m_kind(kind)
    , m_redraw(std::move(redraw))
{
}

Qt::CursorShape BrushTool::cursor() const
{
    const Label* label = m_document.segmentation().labels().find(m_document.activeLabel());
    return label != nullptr && label->locked ? Qt::ForbiddenCursor : Qt::CrossCursor;
}

void BrushTool::press(const ToolEvent& event)
{
    m_pointer = event;
    const bool erase = m_kind == Kind::erase || event.modifiers.testFlag(Qt::ShiftModifier);
    m_painting =
        m_document.beginStroke(event.grid->plane(), event.slice, event.at, m_controller.brushRadiusMm(), erase);
}

void BrushTool::move(const ToolEvent& event)
{
    m_pointer = event;
    if (m_painting) {
        m_document.continueStroke(event.at);
    }
}

void BrushTool::release(const ToolEvent& event)
{
    move(event);
    if (m_painting) {
        m_document.endStroke();
    }
    m_painting = false;
}

void BrushTool::hover(const ToolEvent& event)
{
    m_pointer = event;
    m_redraw();
}

void BrushTool::leave()
{
    if (m_painting) {
        m_document.endStroke();
        m_painting = false;
    }
    m_pointer.reset();
    m_redraw();
}

void BrushTool::draw(QPainter& painter, const ToolCanvas& canvas) const
{
    if (!m_pointer || m_pointer->grid->plane() != canvas.plane() || !m_document.isOpen()) {
        return;
    }
    const double radius = std::max(m_controller.brushRadiusMm() * canvas.pixelsPerMm(), 2.0);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(QColor(0, 0, 0, 170), 3));
    painter.drawEllipse(m_pointer->position, radius, radius);
    painter.setPen(QPen(Qt::white, 1.25, m_kind == Kind::erase ? Qt::DashLine : Qt::SolidLine));
    painter.drawEllipse(m_pointer->position, radius, radius);
}

} // namespace icmoe::ui
