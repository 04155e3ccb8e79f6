#pragma once

#include "inference/icmoe/PictureFeatures.h"
#include "inference/icmoe/TensorFile.h"
#include "inference/sam/Preprocess.h"

#include <string>
#include <vector>

namespace icmoe {

inline constexpr std::int64_t kPictureSigns = 512; ///< mean and deviation of each channel of the embedding

/// What a picture looks like as a whole, [kPictureSigns]: mean and deviation of the embedding's channels over the cells
/// that show the slice. embedding: [4096, 256].
[[nodiscard]] at::Tensor pictureSigns(const at::Tensor& embedding, const NetworkGrid& grid);

/// The pictures that experts learned on, as they look in 16 dimensions: where a picture lies far from all of them, what
/// the experts say of it is worth less. Part of a pack.
class Domains {
public:
    struct Picture {
        at::Tensor signs; ///< [kPictureSigns]
        std::string set;
        std::string source; ///< slices and variants of one are no neighbours of each other
    };
    /// Principal components over all pictures, sets alike. Needs two sources at least (std::invalid_argument).
    [[nodiscard]] static NamedTensors fitted(const std::vector<Picture>& pictures);
    /// std::invalid_argument where a tensor is missing or has another shape.
    explicit Domains(NamedTensors parameters);

    /// How far a picture lies from its three nearest neighbours: 0 as the pictures that the experts learned on lie from
    /// one another, 1 for twice as far.
    [[nodiscard]] double strangeness(const at::Tensor& signs) const;

private:
    NamedTensors m_parameters;
};

} // namespace icmoe
