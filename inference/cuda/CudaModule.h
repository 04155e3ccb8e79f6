#pragma once

#include "inference/cuda/VoteKernel.h"

#include <filesystem>
#include <string>

namespace icmoe::cuda {

/// NVIDIA's driver, looked for without linking any part of CUDA.
struct Driver {
    int version = 0; ///< as CUDA counts: 13000 is 13.0; 0 without a driver
    int devices = 0;
    std::string device; ///< the first one's name
    std::string reason; ///< why there is no device; empty where there is one
};
/// Never throws for a machine without a GPU: that is the usual case.
[[nodiscard]] Driver findDriver();

/// Our own kernels, or the reason why they are not there.
struct Module {
    const IcmoeCudaModule* entry = nullptr; ///< valid as long as the program runs
    std::string reason;                     ///< empty where `entry` is set
};
/// Loads the file and checks its version. A module that was refused is unloaded again.
[[nodiscard]] Module loadModule(const std::filesystem::path& file);
/// Where the build puts the module: beside the library that this code is part of.
[[nodiscard]] std::filesystem::path modulePath();

/// Where the vote runs. This is the one place that decides between a device and the processor; looked at once.
struct VoteDevice {
    IcmoeVoteFunction vote = nullptr; ///< arrays in the host's memory; never null
    bool onDevice = false;
    std::string description; ///< "vote on NVIDIA …", "vote on the processor: no driver"
};
[[nodiscard]] const VoteDevice& voteDevice();
/// Votes there. Where a device fails, the processor answers, now and from then on.
[[nodiscard]] int vote(const IcmoeVoteInput& input, const IcmoeVoteOutput& output);

} // namespace icmoe::cuda
