// Stand-ins for the module that nvcc builds: a sound one, one of another version, one without the entry.
#include "inference/cuda/VoteKernel.h"

namespace {

#ifdef FAKE_outdated
constexpr int kVersion = ICMOE_CUDA_VERSION + 41;
#else
constexpr int kVersion = ICMOE_CUDA_VERSION;
#endif

const char* errorText(int)
{
    return "a stand-in has no errors";
}

int deviceCount()
{
    return 0;
}

int vote(const IcmoeVoteInput*, const IcmoeVoteOutput*, void*)
{
    return ICMOE_VOTE_INVALID;
}

constexpr IcmoeCudaModule kModule = {kVersion, static_cast<int>(sizeof(IcmoeCudaModule)), deviceCount, errorText, vote,
                                     vote};

} // namespace

#ifdef FAKE_nameless
extern "C" const IcmoeCudaModule* another_module()
#else
extern "C" const IcmoeCudaModule* icmoe_cuda_module()
#endif
{
    return &kModule;
}
