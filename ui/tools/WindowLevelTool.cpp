#include "ui/tools/WindowLevelTool.h"

#include "ui/document/AnnotationDocument.h"

#include <algorithm>

namespace icmoe::ui {

void WindowLevelTool::press(const ToolEvent& event)
{
    m_start = m_document.window();
    m_from = event.position;
}

void WindowLevelTool::move(const ToolEvent& event)
{
    constexpr double kFullDrag = 400;
    const double unit = std::max(1.0, m_start.width) / kFullDrag;
    const QPointF by = event.position - m_from;
    m_document.setWindow({std::max(1.0, m_start.width + by.x() * unit), m_start.level + by.y() * unit});
}

} // namespace icmoe::ui
