#define ICMOE_KERNEL_LANES 16
#define ICMOE_KERNEL_NAME "avx512"
#define ICMOE_KERNEL_FACTORY avx512Kernels
#include "inference/sam/kernels/EncoderKernels.inl" // NOLINT(bugprone-suspicious-include): one source, four copies
