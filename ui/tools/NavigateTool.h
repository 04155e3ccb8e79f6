#pragma once

#include "ui/tools/Tool.h"

namespace icmoe::ui {

class AnnotationDocument;

/// The crosshair follows the pointer.
class NavigateTool final : public Tool {
public:
    explicit NavigateTool(AnnotationDocument& document)
        : m_document(document)
    {
    }
    void press(const ToolEvent& event) override;
    void move(const ToolEvent& event) override { press(event); }
    void release(const ToolEvent& /*event*/) override {}
    [[nodiscard]] Qt::CursorShape cursor() const override { return Qt::ArrowCursor; }
    [[nodiscard]] bool editsPrompts() const override { return true; }

private:
    AnnotationDocument& m_document;
};

} // namespace icmoe::ui
