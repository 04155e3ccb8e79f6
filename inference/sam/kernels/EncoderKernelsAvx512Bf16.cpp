#define ICMOE_KERNEL_LANES 16
#define ICMOE_KERNEL_BF16
#define ICMOE_KERNEL_NAME "avx512 bf16"
#define ICMOE_KERNEL_FACTORY avx512Bf16Kernels
#include "inference/sam/kernels/EncoderKernels.inl" // NOLINT(bugprone-suspicious-include): one source, four copies
