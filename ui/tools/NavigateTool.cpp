#include "ui/tools/NavigateTool.h"

#include "ui/document/AnnotationDocument.h"

namespace icmoe::ui {

void NavigateTool::press(const ToolEvent& event)
{
    m_document.setCursor(event.grid->voxel(event.shown, event.shownSlice));
}

} // namespace icmoe::ui
