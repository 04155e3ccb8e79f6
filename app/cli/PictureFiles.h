#pragma once

#include "core/base/Result.h"
#include "core/image/SliceImage.h"
#include "core/label/Label.h"
#include "core/mask/SliceMask.h"

#include <filesystem>

namespace icmoe::app {

/// The picture as the engine saw it with the mask's outline in the label's colour, RGB PNG; small slices are enlarged
/// so that the outline can be seen. Whole or not at all, 0600.
[[nodiscard]] Status writeOverlayPng(const std::filesystem::path& path, const SliceImage& image, const SliceMask& mask,
                                     const Label& label, bool replace);

/// alreadyExists where a file is there and `replace` is false: asked before the work begins.
[[nodiscard]] Status checkOutput(const std::filesystem::path& path, bool replace);

} // namespace icmoe::app
