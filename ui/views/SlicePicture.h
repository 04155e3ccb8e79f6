#pragma once

#include "core/image/Volume.h"
#include "core/mask/Mask.h"
#include "ui/document/SliceGrid.h"

#include <cstdint>
#include <vector>

namespace icmoe::ui {

/// Cuts shown slices out of a volume and maps them to display colours. Keeps its look-up table between calls. Slices
/// that are not loaded yet, and what lies outside the volume, are transparent. UI thread.
class SlicePicture {
public:
    /// Fills `rgba` (height × width, bytes R G B A in memory order) with shown slice n of `grid`.
    /// Returns how many of the picture's stored lines are loaded, 0..1.
    double render(const Volume& volume, const SliceGrid& grid, int n, WindowLevel window,
                  std::vector<std::uint32_t>& rgba);

private:
    void prepareTable(const Volume& volume, WindowLevel window);

    std::vector<std::uint32_t> m_table; ///< stored value (as unsigned bits) → colour, for 8 and 16 bit
    WindowLevel m_tableWindow;
    Rescale m_tableRescale;
    SampleType m_tableType = SampleType::rgb8;
    bool m_tableInverted = false;
};

/// The mask's pixels on shown slice n: its own cut where the grid is the volume's, else nearest voxels in true
/// geometry.
[[nodiscard]] SliceMask cutShown(const Mask& mask, const SliceGrid& grid, int n);
/// A mask of a stored slice as it lies on the shown one.
[[nodiscard]] SliceMask toShown(const SliceMask& stored, const SliceGrid& grid, int shownSlice);

} // namespace icmoe::ui
