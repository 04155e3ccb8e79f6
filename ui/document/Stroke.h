#pragma once

#include "core/mask/Segmentation.h"

#include <vector>

namespace icmoe::ui {

/// A brush or eraser stroke while it is being drawn: each move paints at once, and what the touched slices held before
/// is kept, so that the whole stroke is one step. Locked labels are neither changed nor covered. Cost of a move: the
/// runs of the stored slices that the brush touches.
class Stroke {
public:
    struct Settings {
        LabelId label = 0;
        SlicePlane plane;
        int slice = 0;      ///< stored slice
        double radiusX = 1; ///< pixels
        double radiusY = 1;
        bool erase = false;
        OverlapRule rule = OverlapRule::activeLabelWins;
    };
    Stroke(Segmentation& segmentation, Settings settings);

    void moveTo(Point2 at); ///< paints from the last point to this one
    [[nodiscard]] const SegmentationPatch& before() const { return m_before; }
    [[nodiscard]] const Settings& settings() const { return m_settings; }

private:
    void paint(const SliceMask& region);
    void paintStored(int k, SliceMask region);
    void change(LabelId label, int k, SliceMask slice);

    Segmentation& m_segmentation;
    Settings m_settings;
    std::vector<Point2> m_last; ///< none or one point
    SegmentationPatch m_before;
};

} // namespace icmoe::ui
