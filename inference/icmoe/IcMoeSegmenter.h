#pragma once

#include "inference/Engine.h"
#include "inference/icmoe/Pack.h"
#include "inference/weights/ModelCatalogue.h"
#include "inference/weights/SamStructure.h"
#include "inference/weights/WeightsFile.h"

namespace icmoe {

/// The pack that the options ask for: null for "none", or where "shipped" is asked for and none lies in the folders.
/// Errors of Pack::read(); notFound for a file that is not there.
[[nodiscard]] Result<std::shared_ptr<const Pack>> findPack(const EngineOptions& options, const std::string& baseSha256);

/// IC-MoE: the frozen base's and the experts' voices, and pixel probability adaptive voting over them (engine.md 2).
/// While a pack brings no trained vote, a box answers with mask 0 and a click with the best hypothesis.
[[nodiscard]] std::unique_ptr<Segmenter> makeIcMoeSegmenter(const weights::WeightsFile& weights,
                                                            std::shared_ptr<const Pack> pack,
                                                            const EngineOptions& options, at::Device device = at::kCPU);
/// The same on SAM or MedSAM, whose encoder has these measures.
[[nodiscard]] std::unique_ptr<Segmenter> makeIcMoeSegmenter(const std::shared_ptr<const weights::WeightsFile>& weights,
                                                            const weights::Model& model, const weights::VitShape& shape,
                                                            std::shared_ptr<const Pack> pack,
                                                            const EngineOptions& options);

/// The engine as the options describe it: the base alone without a pack, and a pack of its own for SAM and MedSAM.
/// Errors of the weights and of findPack().
[[nodiscard]] Result<std::unique_ptr<Segmenter>> createEngine(const EngineOptions& options);

} // namespace icmoe
