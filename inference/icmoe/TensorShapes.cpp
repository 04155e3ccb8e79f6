#include "inference/icmoe/TensorShapes.h"

#include <ATen/ATen.h>
#include <stdexcept>

namespace icmoe {

void requireShapes(const NamedTensors& tensors, const TensorShapes& expected, const std::string& owner)
{
    if (tensors.size() != expected.size()) {
        throw std::invalid_argument(owner + " has too many or too few tensors");
    }
    for (const auto& [name, shape] : expected) {
        const auto found = tensors.find(name);
        if (found == tensors.end() || found->second.sizes() != shape) {
            throw std::invalid_argument(owner + " lacks the tensor " + name + " or it has another shape");
        }
    }
}

} // namespace icmoe
