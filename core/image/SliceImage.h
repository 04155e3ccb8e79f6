#pragma once

#include "core/image/Plane.h"
#include "core/image/Volume.h"

#include <memory>
#include <string>
#include <vector>

namespace icmoe {

/// How values of a series become the 0..255 that the network sees (engine.md section 1). `from` → 0, `to` → 255,
/// clipped, truncated. 2D pictures of unsigned 8 bit pass unchanged.
struct ValueRange {
    double from = 0;
    double to = 255;
    bool zerosStayZero = false; ///< percentile ranges of values > 0: zeros stay 0
    bool identity = true;       ///< unsigned 8-bit 2D picture: unchanged
    std::string name;           ///< "uint8", "percentile 0.5–99.5", "CT abdomen 40/400"
    bool operator==(const ValueRange&) const = default;
};

/// A CT preset that the network may see: name, level, width.
struct CtPreset {
    std::string_view name;
    WindowLevel window;
};
/// abdomen 40/400 (default), lung -600/1500, bone 400/1800, brain 40/80.
[[nodiscard]] std::span<const CtPreset> ctPresets();

/// The range row of engine.md section 1 for a volume, from its loaded slices.
[[nodiscard]] ValueRange engineRange(const Volume& volume, std::string_view ctPreset = "abdomen");

/// A 2D view of a volume as the engine sees it: 8 bit, one or three channels interleaved, on the slice's own grid,
/// with the way back. Immutable, shared between threads.
struct SliceImage {
    int width = 0;
    int height = 0;
    int channels = 1;                 ///< 1 grey, 3 RGB
    std::vector<std::uint8_t> pixels; ///< height × width × channels
    double spacingX = 1;              ///< mm (or 1 where unknown)
    double spacingY = 1;
    Plane plane = Plane::acquisition;
    int slice = 0;
    ValueRange range;
    std::string key; ///< SHA-256 (hex) of size, channels, spacing, range name and pixels: what caches go by
};

/// Cuts slice `n` of `plane`. outOfRange beyond the last index or where it is not loaded yet.
[[nodiscard]] Result<std::shared_ptr<const SliceImage>> cutSlice(const Volume& volume, Plane plane, int n,
                                                                 const ValueRange& range);

} // namespace icmoe
