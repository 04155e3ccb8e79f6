#pragma once

#include "core/image/Volume.h"
#include "ui/tools/Tool.h"

namespace icmoe::ui {

class AnnotationDocument;

/// Right and left: window width; up and down: level. A drag over 400 points changes by the window it began with.
class WindowLevelTool final : public Tool {
public:
    explicit WindowLevelTool(AnnotationDocument& document)
        : m_document(document)
    {
    }
    void press(const ToolEvent& event) override;
    void move(const ToolEvent& event) override;
    void release(const ToolEvent& /*event*/) override {}
    [[nodiscard]] Qt::CursorShape cursor() const override { return Qt::SizeAllCursor; }

private:
    AnnotationDocument& m_document;
    WindowLevel m_start;
    QPointF m_from;
};

} // namespace icmoe::ui
