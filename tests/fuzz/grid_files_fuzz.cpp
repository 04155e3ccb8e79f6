#include "grid_files_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    icmoe::test::readHostileGridFile({data, size});
    return 0;
}
