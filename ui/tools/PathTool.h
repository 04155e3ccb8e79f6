#pragma once

#include "ui/tools/Tool.h"

#include <functional>
#include <optional>
#include <vector>

namespace icmoe::ui {

class AnnotationDocument;

/// Freehand prompts: a scribble (inside; with Ctrl outside) or a lasso (closed; with Shift one more).
class PathTool final : public Tool {
public:
    enum class Kind { scribble, lasso };
    PathTool(AnnotationDocument& document, Kind kind, std::function<void()> redraw);
    void press(const ToolEvent& event) override;
    void move(const ToolEvent& event) override;
    void release(const ToolEvent& event) override;
    bool cancel() override;
    void draw(QPainter& painter, const ToolCanvas& canvas) const override;
    [[nodiscard]] bool editsPrompts() const override { return true; }

private:
    AnnotationDocument& m_document;
    Kind m_kind;
    std::function<void()> m_redraw;
    std::optional<ToolEvent> m_start;
    std::vector<Point2> m_path;
};

} // namespace icmoe::ui
