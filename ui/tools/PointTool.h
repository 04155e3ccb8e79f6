#pragma once

#include "ui/tools/Tool.h"

#include <QObject>
#include <QTimer>

#include <optional>

namespace icmoe::ui {

class AnnotationDocument;

/// Click: inside; with Ctrl: outside. After 80 ms of rest the mask at the pointer is asked for as a ghost.
class PointTool final : public QObject, public Tool {
    Q_OBJECT

public:
    explicit PointTool(AnnotationDocument& document);
    void press(const ToolEvent& event) override;
    void move(const ToolEvent& event) override;
    void release(const ToolEvent& event) override;
    void hover(const ToolEvent& event) override;
    void leave() override;
    [[nodiscard]] bool editsPrompts() const override { return true; }

private:
    AnnotationDocument& m_document;
    QTimer m_rest;
    std::optional<ToolEvent> m_hover;
    std::optional<quint64> m_prompt;
    bool m_inside = true;
};

} // namespace icmoe::ui
