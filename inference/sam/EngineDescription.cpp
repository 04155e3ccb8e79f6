#include "inference/sam/EngineDescription.h"

#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/weights/WeightsFile.h"

#include <ATen/Version.h>
#include <dlfcn.h>
#include <system_error>
#include <torch/version.h>

namespace icmoe {
namespace {

/// Libraries of LibTorch's CUDA part that the CPU download lacks, beside libtorch_cpu.so.
constexpr const char* kCudaLibraries[] = {"libtorch_cuda.so", "../../nvidia/cudnn/lib/libcudnn.so.9",
                                          "../../nvidia/cu13/lib/libcublas.so.13"};

std::filesystem::path torchFolder()
{
    ::Dl_info place = {};
    if (::dladdr(reinterpret_cast<void*>(&at::get_cpu_capability), &place) == 0 || place.dli_fname == nullptr) {
        return {};
    }
    return std::filesystem::path(place.dli_fname).parent_path();
}

std::string describeCuda()
{
    void* driver = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (driver == nullptr) {
        return "no driver";
    }
    int version = 0;
    using DriverVersion = int (*)(int*);
    if (const auto ask = reinterpret_cast<DriverVersion>(::dlsym(driver, "cuDriverGetVersion")); ask != nullptr) {
        (void)ask(&version);
    }
    ::dlclose(driver);
    const auto found =
        "driver for CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10) + " found";
    for (const char* library : kCudaLibraries) {
        std::error_code ignored;
        if (!std::filesystem::exists(torchFolder() / library, ignored)) {
            return found + ", libraries missing: installer/setup --cuda";
        }
    }
    return found + ", libraries found; LiteMedSAM runs on the processor in this version";
}

std::string describePrecision(Precision wanted)
{
    if (choosePrecision(wanted) == Precision::bf16) {
        return "bf16";
    }
    if (wanted == Precision::bf16) {
        return "fp32 (bf16 was asked for, this processor has neither AVX512-BF16 nor AMX)";
    }
    return "fp32";
}

} // namespace

EngineReport describeEngine(const EngineOptions& options)
{
    EngineReport report;
    report.torchVersion = TORCH_VERSION;
    const int threads = chooseThreads(options.threads);
    report.device =
        "CPU, " + std::to_string(threads) + (threads == 1 ? " thread, " : " threads, ") + at::get_cpu_capability();
    report.cuda = describeCuda();
    report.precision = describePrecision(options.precision);
    report.hasBf16 = hasBf16Hardware();
    const auto* model = weights::findModel(options.family);
    if (const auto file =
            weights::loadWeights(options.weightFolders, model != nullptr ? *model : weights::kModels[0])) {
        report.weights = file->path;
        report.weightsSha256 = file->sha256;
    } else {
        report.weightsError = file.error();
    }
    return report;
}

} // namespace icmoe
