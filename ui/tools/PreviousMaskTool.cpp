#include "ui/tools/PreviousMaskTool.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/tools/BoxTool.h"

namespace icmoe::ui {

void PreviousMaskTool::release(const ToolEvent& event)
{
    if (!refusePrompt(m_document, event)) {
        m_document.addPreviousMaskPrompt(event.grid->plane(), event.slice);
    }
}

} // namespace icmoe::ui
