#pragma once

#include "ui/tools/Tool.h"

#include <functional>
#include <optional>

namespace icmoe::ui {

class AnnotationDocument;
class ToolController;

/// Paints or erases the active label with a round brush of some millimetres. Shift turns painting into erasing.
class BrushTool final : public Tool {
public:
    enum class Kind { paint, erase };
    BrushTool(AnnotationDocument& document, const ToolController& controller, Kind kind, std::function<void()> redraw);
    void press(const ToolEvent& event) override;
    void move(const ToolEvent& event) override;
    void release(const ToolEvent& event) override;
    void hover(const ToolEvent& event) override;
    void leave() override;
    void draw(QPainter& painter, const ToolCanvas& canvas) const override;
    [[nodiscard]] Qt::CursorShape cursor() const override;

private:
    AnnotationDocument& m_document;
    const ToolController& m_controller;
    Kind m_kind;
    std::function<void()> m_redraw;
    std::optional<ToolEvent> m_pointer;
    bool m_painting = false;
};

} // namespace icmoe::ui
