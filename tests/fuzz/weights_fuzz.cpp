// Checkpoints and safetensors files of unknown origin: parsed, or refused with an error; never a crash. The first byte
// chooses the reader, so that one corpus serves all three.
#include "inference/weights/Checkpoint.h"
#include "inference/weights/Safetensors.h"
#include "inference/weights/SamStructure.h"
#include "inference/weights/StateDictPickle.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) {
        return 0;
    }
    const auto file = std::as_bytes(std::span(data, size)).subspan(1);
    switch (data[0]) {
    case 'z':
        (void)icmoe::weights::readCheckpoint(file);
        break;
    case 'p':
        (void)icmoe::weights::readStateDict(file);
        break;
    default:
        if (const auto tensors = icmoe::weights::readSafetensors(file)) {
            (void)icmoe::weights::recogniseSam(*tensors);
            (void)icmoe::weights::checkFinite(*tensors);
            // what was accepted can be written again
            if (!icmoe::weights::writeSafetensors(*tensors)) {
                std::abort();
            }
        }
    }
    return 0;
}
