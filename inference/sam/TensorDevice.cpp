#include "inference/sam/TensorDevice.h"

#include "inference/cuda/CudaModule.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <filesystem>

namespace icmoe {
namespace {

constexpr const char* kBackendFile = "libtorch_cuda.so";

/// Beside the library of LibTorch that runs.
std::filesystem::path backendPath()
{
    ::Dl_info place = {};
    if (::dladdr(reinterpret_cast<void*>(&at::get_num_threads), &place) == 0 || place.dli_fname == nullptr) {
        return kBackendFile;
    }
    return std::filesystem::path(place.dli_fname).parent_path() / kBackendFile;
}

TensorBackend load()
{
    const auto without = [](const std::string& reason) {
        return TensorBackend{false, "networks on the processor: " + reason};
    };
    const auto driver = cuda::findDriver();
    if (!driver.reason.empty()) {
        return without(driver.reason);
    }
    const auto file = backendPath();
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        return without("LibTorch's CUDA libraries are not installed (installer/setup --cuda)");
    }
    // registers itself, and stays; before LibTorch is first asked whether it has CUDA
    if (::dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
        const char* const why = ::dlerror();
        return without("LibTorch's CUDA libraries do not load: " +
                       std::string(why != nullptr ? why : "no reason given"));
    }
    if (!at::hasCUDA()) {
        return without("LibTorch finds no device that it can use");
    }
    return {true, "networks on " + driver.device};
}

} // namespace

const TensorBackend& tensorBackend()
{
    static const TensorBackend backend = load();
    return backend;
}

Result<at::Device> chooseDevice(ComputeDevice wanted)
{
    if (wanted == ComputeDevice::processor) {
        return at::Device(at::kCPU);
    }
    const auto& backend = tensorBackend();
    if (backend.isThere) {
        return at::Device(at::kCUDA, 0);
    }
    if (wanted == ComputeDevice::cuda) {
        return fail(ErrorCode::engineUnavailable, "there is no GPU that could be used: " + backend.text, {},
                    "Install NVIDIA's driver and run installer/setup --cuda, or choose the processor");
    }
    return at::Device(at::kCPU);
}

std::string deviceText(at::Device device, int threads)
{
    if (!device.is_cpu()) {
        return cuda::findDriver().device;
    }
    return "CPU, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}

} // namespace icmoe
