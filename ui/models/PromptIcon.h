#pragma once

#include "core/engine/Prompt.h"

#include <QString>

namespace icmoe::ui {

/// Name of the icon that stands for a prompt in lists.
[[nodiscard]] QString promptIcon(const Prompt& prompt);

} // namespace icmoe::ui
