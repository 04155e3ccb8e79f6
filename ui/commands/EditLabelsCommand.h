#pragma once

#include "ui/commands/StepCommand.h"

namespace icmoe::ui {

/// A label added, renamed, recoloured, locked, or removed together with its mask.
class EditLabelsCommand final : public StepCommand {
public:
    EditLabelsCommand(DocumentEditor& editor, std::shared_ptr<const StepRecord> step);
};

} // namespace icmoe::ui
