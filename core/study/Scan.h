#pragma once

#include "core/study/Study.h"

#include <functional>
#include <memory>
#include <stop_token>

namespace icmoe {

struct Progress {
    std::size_t done = 0;
    std::size_t total = 0; ///< 0 while unknown
};
using ProgressFunction = std::function<void(Progress)>; ///< any thread

struct ScanOptions {
    ProgressFunction progress;
    std::stop_token stop;
    int threads = 0; ///< 0: all cores
};

/// Finds studies in files, folders (recursive) and DICOMDIRs. cancelled; notFound where a given path does not exist;
/// never fails because of one bad file (see ScanResult::refusals).
[[nodiscard]] Result<ScanResult> scan(const std::vector<std::filesystem::path>& paths, const ScanOptions& options = {});

struct LoadOptions {
    ProgressFunction progress;
    std::stop_token stop;
    int threads = 0;
    /// Called once the volume is allocated and before its first slice is there, so that a window can show slices as
    /// they come.
    std::function<void(std::shared_ptr<const Volume>)> allocated;
    /// Called after a slice could not be decoded; the volume stays usable without it.
    std::function<void(int k, const Error&)> sliceFailed;
};

/// Reads a series' pixels, middle slices first, in parallel, into one allocation. Any format that scan() found.
[[nodiscard]] Result<std::shared_ptr<const Volume>> loadVolume(const Series& series, const LoadOptions& options = {});

/// A 8-bit grey or RGB picture of the middle slice, at most `side` pixels, for the studies panel.
struct Thumbnail {
    int width = 0;
    int height = 0;
    int channels = 1;
    std::vector<std::uint8_t> pixels;
};
[[nodiscard]] Result<Thumbnail> makeThumbnail(const Series& series, int side = 112);

} // namespace icmoe
