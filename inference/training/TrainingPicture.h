#pragma once

#include "core/base/Result.h"
#include "core/evaluation/CaseList.h"
#include "core/image/SliceImage.h"

#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace icmoe::training {

/// A picture with a label value for each pixel.
struct TrainingPicture {
    SliceImage image;
    std::vector<int> values; ///< height × width; 0: background
};

inline constexpr const char* kSyntheticSet = "synthetic"; ///< the set of drawn scenes

/// How a picture comes about. Making it again gives the same bits.
struct PictureRecipe {
    std::string name;       ///< unique in a data set: file, slice, variant
    std::string picture;    ///< its file: slices of a volume and variants share it, so that parts never mix them
    std::string set;        ///< the domain: its folder's name, "synthetic"
    bool instances = false; ///< each value is an object of one kind
    std::function<Result<TrainingPicture>()> make;
    /// The class of a label value: "mr_heart:1", "microscopy_nuclei:object".
    [[nodiscard]] std::string classOf(int value) const
    {
        return set + ":" + (instances ? "object" : std::to_string(value));
    }
};

/// Pictures of a set as they are (variant 0) and augmented (variants 1 …), variant by variant.
[[nodiscard]] Result<std::vector<PictureRecipe>> folderRecipes(const evaluation::SetFolder& set, int variants,
                                                               std::uint64_t seed, std::stop_token stop);
/// Scenes of drawn objects, see SyntheticScenes.h.
[[nodiscard]] std::vector<PictureRecipe> syntheticRecipes(int count, std::uint64_t seed,
                                                          const std::set<std::string>& without = {});

/// A seed for one thing out of a seed for all and a name.
[[nodiscard]] std::uint64_t seedOf(std::uint64_t seed, std::string_view name);

} // namespace icmoe::training
