#pragma once

#include "core/engine/Segmenter.h"
#include "inference/Engine.h"

#include <c10/core/Device.h>
#include <string_view>

namespace icmoe {

/// LiteMedSAM behind core's interface: weights are loaded and verified here. `threads` and `precision` of the options
/// apply to the calling thread, which is the one that may use the segmenter. weightsMissing, weightsCorrupt,
/// engineFailed.
[[nodiscard]] Result<std::unique_ptr<Segmenter>> createLiteMedSam(const EngineOptions& options);

/// Sets the number of LibTorch's threads, the memory it keeps, and the processor up for the precision. On the
/// segmenter's thread.
void prepareTorch(const EngineOptions& options);

/// Does this processor compute in bfloat16 (AVX512-BF16 or AMX)?
[[nodiscard]] bool hasBf16Hardware();

/// What createLiteMedSam() would choose here: fp32 unless bf16 was asked for and the device has it.
[[nodiscard]] Precision choosePrecision(Precision wanted, at::Device device = at::kCPU);
[[nodiscard]] std::string_view textOf(Precision precision);

class ImageEncoder;
class NetworkWeights;
/// The fastest encoder, where the weights lie, for a precision that choosePrecision() gave.
[[nodiscard]] std::unique_ptr<ImageEncoder> fastestImageEncoder(const NetworkWeights& weights, Precision precision);

/// How many threads `wanted` means here (0: all cores).
[[nodiscard]] int chooseThreads(int wanted);

} // namespace icmoe
