#pragma once

#include "core/label/Label.h"
#include "core/mask/Mask.h"

#include <map>
#include <string>

namespace icmoe {

/// The slices of some labels that one edit changed, as they are *not* now: exchanging twice is a no-op. Undo and redo
/// are the same exchange.
struct SegmentationPatch {
    std::map<LabelId, std::map<int, SliceMask>> slices;
    [[nodiscard]] bool empty() const { return slices.empty(); }
    bool operator==(const SegmentationPatch&) const = default;
};

enum class CombineMode { replace, add, subtract };

/// What happens where an added region meets another label's voxels.
enum class OverlapRule { activeLabelWins, keepBoth };

/// One series' label layers: a label set and a mask for each label on the volume's grid. Labels may overlap. Locked
/// labels are never changed and, under activeLabelWins, never covered.
class Segmentation {
public:
    Segmentation() = default;
    explicit Segmentation(Size3 size);

    [[nodiscard]] Size3 size() const { return m_size; }
    [[nodiscard]] const LabelSet& labels() const { return m_labels; }
    LabelSet& labels() { return m_labels; }
    [[nodiscard]] const Mask& mask(LabelId label) const; ///< empty mask where nothing was drawn
    void setMask(LabelId label, Mask mask);

    /// Combines `region` (on slice n of a plane) into a label. Returns the patch that undoes it. labelLocked, notFound.
    /// replace: the label on that slice becomes the region (an empty region clears it).
    Result<SegmentationPatch> combine(LabelId label, const SlicePlane& plane, int n, const SliceMask& region,
                                      CombineMode mode, OverlapRule rule);
    /// Swaps what the patch holds with what is here; returns the patch that swaps back.
    SegmentationPatch exchange(SegmentationPatch patch);
    bool operator==(const Segmentation&) const = default;

private:
    Size3 m_size;
    LabelSet m_labels;
    std::map<LabelId, Mask> m_masks;
};

/// What taking over another segmentation's labels changes. Labels are the same where their names are: their masks are
/// replaced as a whole; others are added.
struct SegmentationImport {
    LabelSet labels; ///< afterwards
    SegmentationPatch patch;
    LabelId first = 0; ///< of those that came, 0: none
};
/// geometryMismatch, labelLocked; errors of LabelSet::add().
[[nodiscard]] Result<SegmentationImport> importOf(const Segmentation& masks, const Segmentation& into);

} // namespace icmoe
