#pragma once

#include "core/engine/Prompt.h"
#include "ui/tools/Tool.h"

#include <optional>

namespace icmoe::ui {

class AnnotationDocument;

/// Picks up, moves and resizes prompts: a press on a marker, an edge or a handle selects the prompt and drags it.
class PromptEditor {
public:
    static constexpr double kReach = 8; ///< logical pixels around a handle or edge
    explicit PromptEditor(AnnotationDocument& document)
        : m_document(document)
    {
    }

    bool press(const ToolEvent& event); ///< true: a prompt was picked up
    void move(const ToolEvent& event);
    void release(const ToolEvent& event);
    [[nodiscard]] bool isDragging() const { return m_drag.has_value(); }
    /// The cursor over a prompt; nullopt elsewhere.
    [[nodiscard]] std::optional<Qt::CursorShape> cursorAt(const ToolEvent& event) const;

private:
    /// Which sides of a box follow the pointer: −1 the low side, +1 the high one, 0 neither. Both 0: the whole moves.
    struct Grip {
        PromptId prompt = 0;
        int sideX = 0;
        int sideY = 0;
    };
    struct Drag {
        Grip grip;
        Prompt start;
        Point2 from;
    };
    [[nodiscard]] std::optional<Grip> gripAt(const ToolEvent& event) const;
    [[nodiscard]] Prompt dragged(const ToolEvent& event) const;

    AnnotationDocument& m_document;
    std::optional<Drag> m_drag;
};

} // namespace icmoe::ui
