#include "inference/sam/kernels/EncoderKernels.h"

namespace icmoe {

bool canRun(const EncoderKernels& kernels)
{
    if (&kernels == &avx512Bf16Kernels()) {
        return canRun(avx512Kernels()) && __builtin_cpu_supports("avx512bf16") != 0;
    }
    if (&kernels == &avx512Kernels()) {
        return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
               __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512bw") != 0;
    }
    if (&kernels == &avx2Kernels()) {
        return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    }
    return true;
}

const EncoderKernels& bestKernels()
{
    return canRun(avx512Kernels()) ? avx512Kernels() : canRun(avx2Kernels()) ? avx2Kernels() : genericKernels();
}

} // namespace icmoe
