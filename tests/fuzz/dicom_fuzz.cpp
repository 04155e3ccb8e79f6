#include "core/dicom/InstanceHeader.h"
#include "tests/support/MemoryFile.h"

#include <cstddef>
#include <cstdint>

// The pre-scan, and DCMTK on what it lets pass: any bytes give a header or an error with words, a place and bounded
// memory.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const icmoe::test::MemoryFile file(std::as_bytes(std::span(data, size)));
    const auto header = icmoe::readHeader(file.path());
    if (!header && (header.error().message.empty() || header.error().where.empty())) {
        __builtin_trap();
    }
    return 0;
}
