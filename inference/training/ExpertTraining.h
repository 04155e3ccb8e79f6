#pragma once

#include "inference/Training.h"
#include "inference/icmoe/Foundation.h"

namespace icmoe::training {

/// See TrainExperts.
[[nodiscard]] Result<TrainReport> trainExperts(const TrainOptions& options, const TrainObserver& observe,
                                               std::stop_token stop);

/// The same on this foundation, whatever the options say of model and device.
[[nodiscard]] Result<TrainReport> trainExperts(const TrainOptions& options, const TrainObserver& observe,
                                               std::stop_token stop, Foundation& foundation);

} // namespace icmoe::training
