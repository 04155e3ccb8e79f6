#pragma once

#include "core/base/Result.h"
#include "inference/Engine.h"

#include <c10/core/Device.h>
#include <string>

namespace icmoe {

/// LibTorch's backend for a GPU, loaded once where NVIDIA's driver and the CUDA libraries (installer/setup --cuda) are.
struct TensorBackend {
    bool isThere = false;
    std::string text; ///< "networks on NVIDIA …", or "networks on the processor: no driver"
};
[[nodiscard]] const TensorBackend& tensorBackend();

/// Where networks compute. `automatic`: the first GPU, else the processor. engineUnavailable where a GPU was asked for
/// that is not there.
[[nodiscard]] Result<at::Device> chooseDevice(ComputeDevice wanted);

/// "CPU, 2 threads", or the GPU's name.
[[nodiscard]] std::string deviceText(at::Device device, int threads);

} // namespace icmoe
