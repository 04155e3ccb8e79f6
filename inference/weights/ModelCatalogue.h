#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace icmoe::weights {

/// A network that the engine runs, and the file that holds its weights.
struct Model {
    std::string_view name;    ///< as --model takes it
    std::string_view family;  ///< as --family takes it: how pictures are prepared
    std::string_view variant; ///< "vit_b", "vit_l", "vit_h"; empty for LiteMedSAM
    std::string_view title;   ///< for people
    std::string_view file;    ///< in a weights folder
    std::size_t largestFile;  ///< bytes; nothing longer is read
};

/// The default first.
inline constexpr std::array<Model, 5> kModels = {
    {{"litemedsam", "litemedsam", "", "LiteMedSAM", "lite_medsam.safetensors", std::size_t{256} << 20},
     {"sam-vit-b", "sam", "vit_b", "SAM ViT-B", "sam_vit_b.safetensors", std::size_t{512} << 20},
     {"sam-vit-l", "sam", "vit_l", "SAM ViT-L", "sam_vit_l.safetensors", std::size_t{1536} << 20},
     {"sam-vit-h", "sam", "vit_h", "SAM ViT-H", "sam_vit_h.safetensors", std::size_t{3072} << 20},
     {"medsam-vit-b", "medsam", "vit_b", "MedSAM ViT-B", "medsam_vit_b.safetensors", std::size_t{512} << 20}}};

/// Null where there is no such model.
[[nodiscard]] constexpr const Model* findModel(std::string_view name)
{
    for (const auto& model : kModels) {
        if (model.name == name) {
            return &model;
        }
    }
    return nullptr;
}

/// Null where the family has no such variant.
[[nodiscard]] constexpr const Model* findModel(std::string_view family, std::string_view variant)
{
    for (const auto& model : kModels) {
        if (model.family == family && model.variant == variant) {
            return &model;
        }
    }
    return nullptr;
}

} // namespace icmoe::weights
