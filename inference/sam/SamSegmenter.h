#pragma once

#include "core/engine/Segmenter.h"
#include "inference/Engine.h"
#include "inference/weights/SamStructure.h"
#include "inference/weights/WeightsFile.h"

namespace icmoe {

/// SAM or MedSAM behind core's interface: the model that `options.family` names (weights/ModelCatalogue.h). `threads`
/// and `precision` apply to the calling thread, which is the one that may use the segmenter. invalidArgument for
/// another name; weightsMissing, weightsCorrupt, weightsUnknown, engineFailed.
[[nodiscard]] Result<std::unique_ptr<Segmenter>> createSam(const EngineOptions& options);

/// The same from weights in memory, those of a network whose encoder has these measures. engineFailed.
[[nodiscard]] Result<std::unique_ptr<Segmenter>> makeSam(std::shared_ptr<const weights::WeightsFile> file,
                                                         const weights::Model& model, const weights::VitShape& shape,
                                                         const EngineOptions& options);

} // namespace icmoe
