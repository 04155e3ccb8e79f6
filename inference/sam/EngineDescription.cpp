#include "inference/sam/EngineDescription.h"

#include "inference/cuda/CudaModule.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/sam/TensorDevice.h"
#include "inference/weights/WeightsFile.h"

#include <ATen/Version.h>
#include <torch/version.h>

namespace icmoe {
namespace {

/// What was found, and what runs where.
std::string describeCuda()
{
    const auto driver = cuda::findDriver();
    const auto& vote = cuda::voteDevice();
    if (driver.version == 0) {
        return vote.description;
    }
    return "driver for CUDA " + std::to_string(driver.version / 1000) + "." +
           std::to_string(driver.version % 1000 / 10) + " found; " + tensorBackend().text + "; " + vote.description;
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
    report.device = deviceText(at::kCPU, threads) + ", " + at::get_cpu_capability();
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
