#include "core/mask/Segmentation.h"

namespace icmoe {
namespace {

/// The slices that differ between two masks, as they are in `before`.
std::map<int, SliceMask> differences(const Mask& before, const Mask& after)
{
    std::map<int, SliceMask> changed;
    for (const auto& [k, slice] : before.slices()) {
        if (after.slice(k) != slice) {
            changed.emplace(k, slice);
        }
    }
    for (const auto& [k, slice] : after.slices()) {
        if (!before.slices().contains(k)) {
            changed.emplace(k, before.slice(k));
        }
    }
    return changed;
}

} // namespace

Segmentation::Segmentation(Size3 size)
    : m_size(size)
{
}

const Mask& Segmentation::mask(LabelId label) const
{
    static const Mask nothing;
    const auto found = m_masks.find(label);
    return found == m_masks.end() ? nothing : found->second;
}

void Segmentation::setMask(LabelId label, Mask mask)
{
    if (mask.empty()) {
        m_masks.erase(label);
    } else {
        m_masks.insert_or_assign(label, std::move(mask));
    }
}

Result<SegmentationPatch> Segmentation::combine(LabelId label, const SlicePlane& plane, int n, const SliceMask& region,
                                                CombineMode mode, OverlapRule rule)
{
    const Label* active = m_labels.find(label);
    if (active == nullptr) {
        return fail(ErrorCode::notFound, "there is no label " + std::to_string(label), {}, "Add the label first");
    }
    if (active->locked) {
        return fail(ErrorCode::labelLocked, "\"" + active->name + "\" is locked", {},
                    "Unlock it, or choose another label");
    }
    const auto maskOf = [this](LabelId id) { return m_masks.contains(id) ? m_masks.at(id) : Mask(m_size); };
    SliceMask allowed = region;
    if (mode != CombineMode::subtract && rule == OverlapRule::activeLabelWins) {
        for (const Label& other : m_labels.labels()) {
            if (other.id != label && other.locked) {
                allowed = allowed.subtracted(maskOf(other.id).cut(plane, n));
            }
        }
    }
    SegmentationPatch undo;
    const auto apply = [&](LabelId id, const SliceMask& slice) {
        const Mask before = maskOf(id);
        Mask after = before;
        after.paste(plane, n, slice);
        auto changed = differences(before, after);
        if (!changed.empty()) {
            undo.slices.emplace(id, std::move(changed));
            setMask(id, std::move(after));
        }
    };
    const SliceMask before = maskOf(label).cut(plane, n);
    apply(label, mode == CombineMode::replace ? allowed
                 : mode == CombineMode::add   ? before.united(allowed)
                                              : before.subtracted(allowed));
    if (mode != CombineMode::subtract && rule == OverlapRule::activeLabelWins) {
        for (const Label& other : m_labels.labels()) {
            if (other.id != label && !other.locked && m_masks.contains(other.id)) {
                const SliceMask theirs = maskOf(other.id).cut(plane, n);
                apply(other.id, theirs.subtracted(allowed));
            }
        }
    }
    return undo;
}

SegmentationPatch Segmentation::exchange(SegmentationPatch patch)
{
    for (auto& [label, slices] : patch.slices) {
        Mask mask = m_masks.contains(label) ? m_masks.at(label) : Mask(m_size);
        for (auto& [k, slice] : slices) {
            SliceMask now = mask.slice(k);
            mask.setSlice(k, std::move(slice));
            slice = std::move(now);
        }
        setMask(label, std::move(mask));
    }
    return patch;
}

} // namespace icmoe
