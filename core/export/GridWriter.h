#pragma once

#include "core/base/AtomicFile.h"
#include "core/image/Volume.h"

#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace icmoe {

/// A grid of samples to be written slice after slice: width × height × depth, in one or several layers.
struct GridWriteJob {
    Geometry geometry;     ///< regular
    bool reversed = false; ///< write the last slice first, as a left-handed source file has them
    SampleType type = SampleType::u8;
    int layers = 1;                                             ///< pictures on the same grid; not with rgb8
    Rescale rescale;                                            ///< into the NIfTI header
    bool labels = false;                                        ///< the samples are label numbers
    std::string labelsText;                                     ///< NIfTI comment extension
    std::vector<std::pair<std::string, std::string>> keyValues; ///< NRRD key:=value lines
    std::stop_token stop;
    /// The samples of a slice (k of the geometry) of a layer; valid until the next call.
    std::function<Result<std::span<const std::byte>>(int layer, int k)> slice;
};

/// NIfTI-1, layers as fourth dimension; sform and qform in RAS where the grid is placed in the patient.
/// geometryNotRepresentable for an axis above 32767; cancelled; errors of the file.
[[nodiscard]] Status writeNifti(const GridWriteJob& job, AtomicFile& file, bool gzip);
/// NRRD0005 with gzip samples in LPS; several layers as a first axis of the kind "list", as 3D Slicer has them.
[[nodiscard]] Status writeNrrd(const GridWriteJob& job, AtomicFile& file);
/// NumPy array, version 1.0: depth × height × width (× 3), C order. Holds no geometry.
[[nodiscard]] Status writeNumpy(const GridWriteJob& job, AtomicFile& file);
/// The text before a NumPy array's samples.
[[nodiscard]] std::string numpyHeader(Size3 size, SampleType type);

} // namespace icmoe
