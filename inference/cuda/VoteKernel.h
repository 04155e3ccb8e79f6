// The vote over voices as plain pointers and numbers: the door between the program (host compiler, LibTorch) and the
// module that nvcc builds. No LibTorch here, and C's types only, so that both sides agree on every byte.
#pragma once

// NOLINTBEGIN(modernize-use-using): a C interface

/// Changes whenever a structure or the meaning of a function below changes; a module of another version is refused.
#define ICMOE_CUDA_VERSION 1
/// Voices that the kernel keeps in registers.
#define ICMOE_CUDA_MOST_VOICES 16
/// Largest height or width, of pixels and of votes.
#define ICMOE_CUDA_MOST_SIDE 16384

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ICMOE_VOTE_DONE = 0,
    ICMOE_VOTE_INVALID = -1,         ///< a size, a missing pointer, or no voice kept
    ICMOE_VOTE_TOO_MANY_VOICES = -2, ///< more than the kernel takes; its twin takes any number
    ICMOE_VOTE_NO_MEMORY = -3,
    /* above zero: an error of the CUDA runtime */
};

/// Arrays are dense, the last axis runs fastest.
typedef struct IcmoeVoteInput {
    const float* logits;       ///< [voices, height, width]
    const float* votes;        ///< [voices, votesHeight, votesWidth], drawn out bilinearly (corners not aligned)
    const unsigned char* kept; ///< [voices] 0 for voices that do not count; in the host's memory always
    int voices;
    int height;
    int width;
    int votesHeight;
    int votesWidth;
    int heaviest; ///< this voice speaks alone where all that is kept had no weight
} IcmoeVoteInput;

typedef struct IcmoeVoteOutput {
    float* p;       ///< [height, width] Σ w σ(logits)
    float* weights; ///< [voices, height, width] softmax of the votes over all voices, then renormalised over `kept`
    float* disagreement; ///< [height, width] 1 − Σ w [(logit ≥ 0) = (p ≥ ½)], in 0..1
} IcmoeVoteOutput;

/// `stream`: a cudaStream_t, null for the default one; the CPU twin ignores it. Logits, votes and outputs lie
/// where the function runs: on the device for the kernel, in the host's memory for the twin.
typedef int (*IcmoeVoteFunction)(const IcmoeVoteInput* input, const IcmoeVoteOutput* output, void* stream);

/// What the module offers.
typedef struct IcmoeCudaModule {
    int version; ///< ICMOE_CUDA_VERSION of the module's source; nothing behind it is read where it differs
    int size;    ///< sizeof(IcmoeCudaModule)
    int (*deviceCount)(void);
    const char* (*errorText)(int error);
    IcmoeVoteFunction vote;         ///< arrays on the device; returns when the work is queued
    IcmoeVoteFunction voteFromHost; ///< arrays in the host's memory: copied there and back; returns when it is done
} IcmoeCudaModule;

/// Exported symbol of libicmoe_cuda.so: `const IcmoeCudaModule* icmoe_cuda_module(void)`.
typedef const IcmoeCudaModule* (*IcmoeCudaModuleEntry)(void);

#ifdef __cplusplus
}
#endif

// NOLINTEND(modernize-use-using)
