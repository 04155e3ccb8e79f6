#pragma once

#include "core/engine/Prompt.h"
#include "ui/tools/Tool.h"

#include <optional>

namespace icmoe::ui {

class AnnotationDocument;

/// Draws boxes; the engine is asked at every move. A new box begins a new object where there was one already, with
/// Shift it is one more.
class BoxTool final : public Tool {
public:
    explicit BoxTool(AnnotationDocument& document)
        : m_document(document)
    {
    }
    void press(const ToolEvent& event) override;
    void move(const ToolEvent& event) override;
    void release(const ToolEvent& event) override;
    bool cancel() override;
    [[nodiscard]] bool editsPrompts() const override { return true; }

private:
    void update(const ToolEvent& event, bool interactive);

    AnnotationDocument& m_document;
    std::optional<ToolEvent> m_start;
    std::optional<PromptId> m_prompt;
};

/// Prompts cannot go on this slice: says why and answers true.
bool refusePrompt(AnnotationDocument& document, const ToolEvent& event);

} // namespace icmoe::ui
