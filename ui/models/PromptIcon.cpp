#include "ui/models/PromptIcon.h"

namespace icmoe::ui {

QString promptIcon(const Prompt& prompt)
{
    if (std::holds_alternative<BoxPrompt>(prompt.shape)) {
        return QStringLiteral("box");
    }
    if (const auto* point = std::get_if<PointPrompt>(&prompt.shape)) {
        return point->inside ? QStringLiteral("inside") : QStringLiteral("outside");
    }
    if (const auto* scribble = std::get_if<ScribblePrompt>(&prompt.shape)) {
        return scribble->inside ? QStringLiteral("scribble") : QStringLiteral("outside");
    }
    if (std::holds_alternative<LabelPrompt>(prompt.shape)) {
        return QStringLiteral("label");
    }
    return std::holds_alternative<LassoPrompt>(prompt.shape) ? QStringLiteral("lasso")
                                                             : QStringLiteral("previous-mask");
}

} // namespace icmoe::ui
