#pragma once

#include "core/formats/GridFile.h"
#include "core/formats/ImageFile.h"
#include "tests/support/MemoryFile.h"

#include <cstdint>
#include <cstdlib>
#include <span>

namespace icmoe::test {

/// Reads bytes as NIfTI or NRRD, whatever they are: refused with a type, or a picture of the promised size.
inline void readHostileGridFile(std::span<const std::uint8_t> bytes)
{
    const MemoryFile file(std::as_bytes(bytes));
    const std::filesystem::path path = file.path();
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
}

} // namespace icmoe::test
