#pragma once

#include "inference/training/TrainingPicture.h"

#include <cstdint>
#include <set>
#include <string>

namespace icmoe::training {

/// A scene that no scanner made: several objects (ellipses, blobs, rings, polygons, branching trees) of their own tone
/// and texture on a textured ground, with soft edges, a bias field, speckle and noise, grey or coloured. Each object
/// has a value of its own; what lies behind another object is cut by it.
/// `without`: kinds of difficulty that are left out, of sceneKinds().
[[nodiscard]] TrainingPicture syntheticScene(std::uint64_t seed, const std::set<std::string>& without = {});
/// "rings", "polygons", "trees", "textures", "blur", "bias", "speckle", "noise", "neighbours".
[[nodiscard]] const std::set<std::string>& sceneKinds();

} // namespace icmoe::training
