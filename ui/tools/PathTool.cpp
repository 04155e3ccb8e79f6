#include "ui/tools/PathTool.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/tools/BoxTool.h"

#include <QPainter>
#include <QPolygonF>

#include <algorithm>
#include <cmath>

namespace icmoe::ui {

PathTool::PathTool(AnnotationDocument& document, Kind kind, std::function<void()> redraw)
    : m_document(document)
    , m_kind(kind)
    , m_redraw(std::move(redraw))
{
}

void PathTool::press(const ToolEvent& event)
{
    m_path.clear();
    m_start.reset();
    if (!refusePrompt(m_document, event)) {
        m_start = event;
        move(event);
    }
}

void PathTool::move(const ToolEvent& event)
{
    if (!m_start) {
        return;
    }
    const SlicePlane& plane = event.grid->stored();
    const Point2 at{std::clamp(event.at.x, 0.0, plane.width() - 1.0),
                    std::clamp(event.at.y, 0.0, plane.height() - 1.0)};
    constexpr double kStep = 2; // logical pixels between kept points
    if (m_path.empty() ||
        std::hypot((at.x - m_path.back().x) * event.scaleX, (at.y - m_path.back().y) * event.scaleY) >= kStep) {
        m_path.push_back(at);
        m_redraw();
    }
}

void PathTool::release(const ToolEvent& event)
{
    if (!m_start) {
        return;
    }
    move(event);
    const ToolEvent start = *m_start;
    m_start.reset();
    const std::size_t needed = m_kind == Kind::lasso ? 3 : 1;
    if (m_path.size() >= needed) {
        Prompt prompt{0, start.grid->plane(), start.slice, BoxPrompt{}};
        if (m_kind == Kind::lasso) {
            const auto& prompts = m_document.prompts();
            const bool hasLasso = std::any_of(prompts.begin(), prompts.end(), [](const Prompt& p) {
                return std::holds_alternative<LassoPrompt>(p.shape);
            });
            if (hasLasso && !start.modifiers.testFlag(Qt::ShiftModifier)) {
                m_document.clearPrompts();
            }
            prompt.shape = LassoPrompt{m_path};
        } else {
            prompt.shape = ScribblePrompt{m_path, !start.modifiers.testFlag(Qt::ControlModifier)};
        }
        m_document.selectPrompt(m_document.addPrompt(std::move(prompt)));
    }
    m_path.clear();
    m_redraw();
}

bool PathTool::cancel()
{
    const bool had = m_start.has_value();
    m_start.reset();
    m_path.clear();
    if (had) {
        m_redraw();
    }
    return had;
}

void PathTool::draw(QPainter& painter, const ToolCanvas& canvas) const
{
    if (!m_start || m_start->grid->plane() != canvas.plane() || m_start->slice != canvas.slice()) {
        return;
    }
    QPolygonF line;
    for (const Point2 point : m_path) {
        line << canvas.toView(point);
    }
    const bool outside = m_kind == Kind::scribble && m_start->modifiers.testFlag(Qt::ControlModifier);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(QColor(0, 0, 0, 190), 4.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPolyline(line);
    painter.setPen(QPen(Qt::white, 2, outside ? Qt::DotLine : Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPolyline(line);
}

} // namespace icmoe::ui
