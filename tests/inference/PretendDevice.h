#pragma once

#include <c10/core/Device.h>

namespace icmoe::test {

/// A device whose memory this processor cannot read: LibTorch's PrivateUse1. Its operators run on the processor, but
/// they refuse tensors of two places, and whoever reads a tensor's memory by its pointer crashes, as with a GPU. So
/// that a machine without a GPU shows whether a network keeps all of its tensors in one place.
[[nodiscard]] at::Device pretendDevice();

} // namespace icmoe::test
