#include "ui/commands/EditLabelsCommand.h"

namespace icmoe::ui {

EditLabelsCommand::EditLabelsCommand(DocumentEditor& editor, std::shared_ptr<const StepRecord> step)
    : StepCommand(editor, std::move(step), Shown::yes)
{
}

} // namespace icmoe::ui
