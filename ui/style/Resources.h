#pragma once

namespace icmoe::ui {

/// Registers icons, fonts and tokens; a static library's resources are otherwise left out by the linker.
void ensureResources();

} // namespace icmoe::ui
