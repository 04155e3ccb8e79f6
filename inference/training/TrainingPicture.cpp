#include "inference/training/TrainingPicture.h"

#include "core/base/Sha256.h"
#include "inference/training/Augmentation.h"
#include "inference/training/SyntheticScenes.h"

#include <memory>

namespace icmoe::training {

namespace {

/// Slices of a volume beside the fullest one, so that a volume gives several pictures.
const std::vector<int> kSliceOffsets = {-5, 5};

} // namespace

std::uint64_t seedOf(std::uint64_t seed, std::string_view name)
{
    Sha256 hash;
    hash.update(std::to_string(seed));
    hash.update("\n");
    hash.update(name);
    return std::stoull(hash.hex().substr(0, 16), nullptr, 16);
}

Result<std::vector<PictureRecipe>> folderRecipes(const evaluation::SetFolder& set, int variants, std::uint64_t seed,
                                                 std::stop_token stop)
{
    auto pictures = evaluation::listPictures(set, kSliceOffsets, stop);
    if (!pictures) {
        return fail(pictures.error());
    }
    std::vector<std::shared_ptr<const evaluation::LabelledPicture>> shared;
    for (auto& picture : *pictures) {
        shared.push_back(std::make_shared<const evaluation::LabelledPicture>(std::move(picture)));
    }
    std::vector<PictureRecipe> recipes;
    for (int variant = 0; variant < variants; ++variant) {
        for (const auto& picture : shared) {
            PictureRecipe recipe;
            recipe.set = set.name;
            recipe.picture = set.name + "/" + picture->picture.filename().string();
            recipe.name = recipe.picture + " " + std::to_string(picture->slice) + " " + std::to_string(variant);
            recipe.instances = evaluation::isInstanceSet(set);
            recipe.make = [picture, variant, own = seedOf(seed, recipe.name)]() -> Result<TrainingPicture> {
                const auto image = evaluation::loadPicture(*picture);
                if (!image) {
                    return fail(image.error());
                }
                TrainingPicture made{**image, picture->values};
                return variant == 0 ? made : augmented(made, own);
            };
            recipes.push_back(std::move(recipe));
        }
    }
    return recipes;
}

std::vector<PictureRecipe> syntheticRecipes(int count, std::uint64_t seed, const std::set<std::string>& without)
{
    std::vector<PictureRecipe> recipes;
    for (int n = 0; n < count; ++n) {
        PictureRecipe recipe;
        recipe.set = kSyntheticSet;
        recipe.picture = "synthetic/" + std::to_string(n);
        recipe.name = recipe.picture;
        for (const auto& kind : without) {
            recipe.name += " without " + kind;
        }
        recipe.instances = true;
        recipe.make = [own = seedOf(seed, recipe.picture), without]() -> Result<TrainingPicture> {
            return syntheticScene(own, without);
        };
        recipes.push_back(std::move(recipe));
    }
    return recipes;
}

} // namespace icmoe::training
