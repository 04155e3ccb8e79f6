#pragma once

#include "inference/Training.h"

namespace icmoe::training {

/// See TrainExperts.
[[nodiscard]] Result<TrainReport> trainExperts(const TrainOptions& options, const TrainObserver& observe,
                                               std::stop_token stop);

} // namespace icmoe::training
