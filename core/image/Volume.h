#pragma once

#include "core/image/Geometry.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace icmoe {

enum class SampleType { u8, s8, u16, s16, u32, s32, f32, f64, rgb8 };

/// Bytes of one voxel (rgb8: 3).
[[nodiscard]] std::size_t bytesPerVoxel(SampleType type);
[[nodiscard]] std::string_view name(SampleType type);

struct WindowLevel {
    double width = 1;
    double level = 0;
    bool operator==(const WindowLevel&) const = default;
    /// Display value 0..255 by DICOM PS3.3 C.11.2.1.2 (linear).
    [[nodiscard]] std::uint8_t apply(double value) const;
};

/// value = stored · slope + intercept.
struct Rescale {
    double slope = 1;
    double intercept = 0;
    bool operator==(const Rescale&) const = default;
};

/// A scalar or RGB image on a grid, in its stored type, with its place in the patient (LPS, millimetres). Memory
/// order: k slowest, i fastest, RGB interleaved; one allocation. Palette and YBR pictures have become rgb8,
/// MONOCHROME1 stays stored and is only shown inverted. Immutable for readers: any thread may read it. While it loads,
/// its owner writes slices and then marks them loaded; readers look only at loaded slices.
class Volume {
public:
    struct Description {
        Geometry geometry;
        SampleType type = SampleType::u8;
        std::vector<Rescale> rescale{Rescale{}}; ///< one for all slices, or one a slice
        std::string unit = {};                   ///< "HU", "" where unknown
        bool inverted = false;                   ///< MONOCHROME1
        std::vector<WindowLevel> windows = {};   ///< from the file, first is the default
        std::string modality = {};               ///< "MR", "CT", "US", …; "OT" where unknown
        std::optional<double> paddingValue = {}; ///< stored value that means "no picture here"
    };

    /// One allocation, zeroed lazily by the system. limitExceeded above `limitBytes`.
    [[nodiscard]] static Result<std::shared_ptr<Volume>> allocate(Description description,
                                                                  std::size_t limitBytes = std::size_t{1} << 36);

    [[nodiscard]] const Description& description() const { return m_description; }
    [[nodiscard]] const Geometry& geometry() const { return m_description.geometry; }
    [[nodiscard]] Size3 size() const { return m_description.geometry.size(); }
    [[nodiscard]] SampleType type() const { return m_description.type; }
    [[nodiscard]] bool isColour() const { return m_description.type == SampleType::rgb8; }
    [[nodiscard]] const Rescale& rescale(int k) const;

    [[nodiscard]] std::span<const std::byte> sliceBytes(int k) const;
    [[nodiscard]] const std::byte* data() const { return m_data.get(); }
    [[nodiscard]] std::size_t byteSize() const { return m_byteSize; }
    /// For the loader alone: slices may be filled from several threads, each slice by one.
    [[nodiscard]] std::span<std::byte> writableSliceBytes(int k);
    /// Publishes slice k to readers.
    void markLoaded(int k);
    [[nodiscard]] bool isLoaded(int k) const;
    [[nodiscard]] int loadedCount() const { return m_loadedCount.load(std::memory_order_acquire); }
    [[nodiscard]] bool isComplete() const { return loadedCount() == size().depth; }

    /// Stored value of a scalar volume (rgb8: luminance 0..255). The index must be inside.
    [[nodiscard]] double storedValue(Index3 index) const;
    /// Rescaled value: HU for CT.
    [[nodiscard]] double value(Index3 index) const;
    [[nodiscard]] std::array<std::uint8_t, 3> colour(Index3 index) const;
    [[nodiscard]] bool contains(Index3 index) const;

    /// Window from the file, else one that spans the 0.5 to 99.5 percentile of sampled loaded values.
    [[nodiscard]] WindowLevel defaultWindow() const;

private:
    explicit Volume(Description description);
    Description m_description;
    std::unique_ptr<std::byte[], void (*)(std::byte*)> m_data;
    std::size_t m_byteSize = 0;
    std::size_t m_sliceBytes = 0;
    std::unique_ptr<std::atomic<bool>[]> m_loaded;
    std::atomic<int> m_loadedCount = 0;
};

} // namespace icmoe
