#pragma once

#include <QString>

namespace icmoe::ui {

/// The name that a label gets until somebody names it: "Structure 1", "Label 2".
[[nodiscard]] QString firstLabelName();
[[nodiscard]] QString nextLabelName(int number);
/// Did somebody choose this name? Only such a name tells the engine's experts something.
[[nodiscard]] bool isChosenLabelName(const QString& name);

} // namespace icmoe::ui
