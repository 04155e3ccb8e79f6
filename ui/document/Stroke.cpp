#include "ui/document/Stroke.h"

#include <array>

namespace icmoe::ui {

Stroke::Stroke(Segmentation& segmentation, Settings settings)
    : m_segmentation(segmentation)
    , m_settings(std::move(settings))
{
}

void Stroke::moveTo(Point2 at)
{
    const std::array<Point2, 2> path{m_last.empty() ? at : m_last.front(), at};
    m_last = {at};
    paint(
        strokeMask(m_settings.plane.width(), m_settings.plane.height(), path, m_settings.radiusX, m_settings.radiusY));
}

void Stroke::paint(const SliceMask& region)
{
    const SlicePlane& plane = m_settings.plane;
    std::map<int, std::vector<Run>> stored; // what the region is on each stored slice
    const auto width = static_cast<std::uint32_t>(plane.width());
    const auto storedWidth = static_cast<std::uint32_t>(m_segmentation.size().width);
    for (const Run run : region.runs()) {
        for (std::uint32_t at = run.begin; at < run.end; ++at) {
            const Index3 v = plane.voxel(static_cast<int>(at % width), static_cast<int>(at / width), m_settings.slice);
            const auto pixel = static_cast<std::uint32_t>(v.j) * storedWidth + static_cast<std::uint32_t>(v.i);
            auto& runs = stored[v.k];
            if (!runs.empty() && runs.back().end == pixel) {
                ++runs.back().end;
            } else {
                runs.push_back({pixel, pixel + 1});
            }
        }
    }
    const Size3 size = m_segmentation.size();
    for (auto& [k, runs] : stored) {
        paintStored(k, SliceMask::fromRuns(std::move(runs), size.width, size.height));
    }
}

void Stroke::paintStored(int k, SliceMask region)
{
    const SliceMask now = m_segmentation.mask(m_settings.label).slice(k);
    const SliceMask own = now.runs().empty() ? SliceMask(region.width(), region.height()) : now;
    if (m_settings.erase) {
        change(m_settings.label, k, own.subtracted(region));
        return;
    }
    if (m_settings.rule == OverlapRule::activeLabelWins) {
        const auto others = [&](bool locked, auto&& each) {
            for (const Label& other : m_segmentation.labels().labels()) {
                if (other.id != m_settings.label && other.locked == locked &&
                    m_segmentation.mask(other.id).slices().contains(k)) {
                    each(other.id, m_segmentation.mask(other.id).slice(k));
                }
            }
        };
        others(true, [&](LabelId, const SliceMask& theirs) { region = region.subtracted(theirs); });
        others(false, [&](LabelId id, const SliceMask& theirs) { change(id, k, theirs.subtracted(region)); });
    }
    change(m_settings.label, k, own.united(region));
}

void Stroke::change(LabelId label, int k, SliceMask slice)
{
    SegmentationPatch patch;
    const SliceMask old = m_segmentation.mask(label).slice(k);
    if (old.runs() == slice.runs()) {
        return;
    }
    patch.slices[label][k] = std::move(slice);
    SegmentationPatch before = m_segmentation.exchange(std::move(patch));
    m_before.slices[label].try_emplace(k, std::move(before.slices[label][k]));
}

} // namespace icmoe::ui
