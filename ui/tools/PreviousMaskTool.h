#pragma once

#include "ui/tools/Tool.h"

namespace icmoe::ui {

class AnnotationDocument;

/// A click makes the active label's mask on this slice, or on the nearest slice that has one, a prompt.
class PreviousMaskTool final : public Tool {
public:
    explicit PreviousMaskTool(AnnotationDocument& document)
        : m_document(document)
    {
    }
    void press(const ToolEvent& /*event*/) override {}
    void move(const ToolEvent& /*event*/) override {}
    void release(const ToolEvent& event) override;
    [[nodiscard]] Qt::CursorShape cursor() const override { return Qt::PointingHandCursor; }
    [[nodiscard]] bool editsPrompts() const override { return true; }

private:
    AnnotationDocument& m_document;
};

} // namespace icmoe::ui
