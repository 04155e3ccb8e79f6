#define ICMOE_KERNEL_LANES 4
#define ICMOE_KERNEL_NAME "generic"
#define ICMOE_KERNEL_FACTORY genericKernels
#include "inference/sam/kernels/EncoderKernels.inl" // NOLINT(bugprone-suspicious-include): one source, four copies
