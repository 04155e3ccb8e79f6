#define ICMOE_KERNEL_LANES 8
#define ICMOE_KERNEL_NAME "avx2"
#define ICMOE_KERNEL_FACTORY avx2Kernels
#include "inference/sam/kernels/EncoderKernels.inl" // NOLINT(bugprone-suspicious-include): one source, four copies
