#include "core/mask/Segmentation.h"

namespace icmoe {
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
    SliceMask allowed = region;
    const bool covers = mode != CombineMode::subtract && rule == OverlapRule::activeLabelWins;
    if (covers) {
        for (const Label& other : m_labels.labels()) {
            if (other.id != label && other.locked && m_masks.contains(other.id)) {
                allowed = allowed.subtracted(m_masks.at(other.id).cut(plane, n));
            }
        }
    }
    SegmentationPatch undo;
    const auto edit = [&](LabelId id, auto&& change) {
        Mask& mask = m_masks.try_emplace(id, m_size).first->second;
        auto changed = change(mask);
        if (!changed.empty()) {
            undo.slices.emplace(id, std::move(changed));
        }
        if (mask.empty()) {
            m_masks.erase(id);
        }
    };
    edit(label, [&](Mask& mask) {
        return mode == CombineMode::replace ? mask.paste(plane, n, allowed)
               : mode == CombineMode::add   ? mask.add(plane, n, allowed)
                                            : mask.subtract(plane, n, allowed);
    });
    if (covers) {
        for (const Label& other : m_labels.labels()) {
            if (other.id != label && !other.locked && m_masks.contains(other.id)) {
                edit(other.id, [&](Mask& mask) { return mask.subtract(plane, n, allowed); });
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

Result<SegmentationImport> importOf(const Segmentation& masks, const Segmentation& into)
{
    if (masks.size() != into.size()) {
        return fail(ErrorCode::geometryMismatch, "the masks are on another grid", {}, "Import them with resampling");
    }
    SegmentationImport result{into.labels(), {}, 0};
    const Size3 size = into.size();
    for (const Label& theirs : masks.labels().labels()) {
        const Label* ours = result.labels.findByName(theirs.name);
        if (ours != nullptr && ours->locked) {
            return fail(ErrorCode::labelLocked, "\"" + ours->name + "\" is locked", {}, "Unlock it first");
        }
        LabelId id = ours != nullptr ? ours->id : 0;
        if (ours == nullptr) {
            const auto added = result.labels.add(theirs.name);
            if (!added) {
                return fail(added.error());
            }
            id = *added;
            Label copy = theirs;
            copy.id = id;
            result.labels.put(copy);
        }
        result.first = result.first == 0 ? id : result.first;
        for (const auto& [k, slice] : into.mask(id).slices()) {
            result.patch.slices[id].emplace(k, SliceMask(size.width, size.height));
        }
        for (const auto& [k, slice] : masks.mask(theirs.id).slices()) {
            result.patch.slices[id].insert_or_assign(k, slice);
        }
    }
    return result;
}

} // namespace icmoe
