#pragma once

#include "core/formats/GridFile.h"
#include "core/formats/ImageFile.h"

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace icmoe::test {

/// Reads bytes as NIfTI or NRRD, whatever they are: refused with a type, or a picture of the promised size.
inline void readHostileGridFile(std::span<const std::uint8_t> bytes)
{
    const int descriptor = ::memfd_create("hostile", MFD_CLOEXEC);
    if (descriptor < 0 || ::write(descriptor, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        std::abort();
    }
    const std::filesystem::path path = "/proc/self/fd/" + std::to_string(descriptor);
    for (const auto describe : {describeNifti, describeNrrd}) {
        const auto grid = describe(path);
        if (!grid && grid.error().where.empty()) {
            std::abort(); // every refusal names the file
        }
    }
    if (const auto study = describeImageFile(path)) {
        const Series& series = study->series.back();
        const auto volume = loadImageFile(series, {});
        if (volume && ((*volume)->size() != series.geometry->size() || !(*volume)->isComplete())) {
            std::abort();
        }
    }
    ::close(descriptor);
}

} // namespace icmoe::test
