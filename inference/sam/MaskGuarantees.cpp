#include "inference/sam/MaskGuarantees.h"

#include "core/mask/Metrics.h"

#include <algorithm>
#include <cmath>

namespace icmoe {
namespace {

/// Radius of the disc that a click adds or takes, as a share of the longer side.
constexpr double kDiscShare = 0.01;

struct Pixel {
    int x = 0;
    int y = 0;
};

Pixel pixelOf(Point2 point, const SliceMask& mask)
{
    return {std::clamp(static_cast<int>(std::floor(point.x + 0.5)), 0, mask.width() - 1),
            std::clamp(static_cast<int>(std::floor(point.y + 0.5)), 0, mask.height() - 1)};
}

std::vector<Pixel> clicks(const std::vector<Prompt>& prompts, const SliceMask& mask, bool inside)
{
    std::vector<Pixel> list;
    for (const auto& prompt : prompts) {
        if (const auto* point = std::get_if<PointPrompt>(&prompt.shape); point != nullptr && point->inside == inside) {
            list.push_back(pixelOf(point->at, mask));
        }
    }
    return list;
}

SliceMask single(Pixel pixel, const SliceMask& like)
{
    const auto at = static_cast<std::uint32_t>(pixel.y) * static_cast<std::uint32_t>(like.width()) +
                    static_cast<std::uint32_t>(pixel.x);
    return SliceMask::fromRuns({{at, at + 1}}, like.width(), like.height());
}

SliceMask disc(Pixel centre, const SliceMask& like)
{
    const double radius = std::max(1.5, kDiscShare * std::max(like.width(), like.height()));
    const Point2 at{static_cast<double>(centre.x), static_cast<double>(centre.y)};
    return ellipseMask(like.width(), like.height(), at, radius, radius).united(single(centre, like));
}

bool holdsAny(const SliceMask& mask, const std::vector<Pixel>& pixels)
{
    return std::any_of(pixels.begin(), pixels.end(), [&](Pixel p) { return mask.contains(p.x, p.y); });
}

SliceMask without(SliceMask mask, const std::vector<Pixel>& pixels)
{
    for (const auto pixel : pixels) {
        mask = mask.subtracted(single(pixel, mask));
    }
    return mask;
}

SliceMask honourClicks(SliceMask mask, const std::vector<Pixel>& inside, const std::vector<Pixel>& outside)
{
    for (const auto pixel : outside) {
        if (!mask.contains(pixel.x, pixel.y)) {
            continue;
        }
        const auto components = connectedComponents(mask);
        const auto own = std::find_if(components.begin(), components.end(),
                                      [&](const SliceMask& component) { return component.contains(pixel.x, pixel.y); });
        const bool removable = components.size() > 1 && !holdsAny(*own, inside);
        mask = mask.subtracted(removable ? *own : without(disc(pixel, mask), inside));
    }
    for (const auto pixel : inside) {
        if (!mask.contains(pixel.x, pixel.y)) {
            mask = mask.united(without(disc(pixel, mask), outside));
        }
    }
    return mask;
}

/// Distance of a pixel from a box along the farther axis; 0 inside.
int distance(const PixelBox& box, int x, int y)
{
    return std::max({box.x0 - x, x - box.x1, box.y0 - y, y - box.y1, 0});
}

std::vector<PixelBox> drawnBoxes(const std::vector<Prompt>& prompts, const SliceMask& mask)
{
    std::vector<PixelBox> boxes;
    for (const auto& prompt : prompts) {
        if (const auto* box = std::get_if<BoxPrompt>(&prompt.shape)) {
            const auto first = pixelOf({box->x0, box->y0}, mask);
            const auto last = pixelOf({box->x1, box->y1}, mask);
            boxes.push_back({first.x, first.y, last.x, last.y});
        }
    }
    return boxes;
}

SliceMask limitLeak(const SliceMask& mask, const std::vector<PixelBox>& boxes)
{
    double allowed = 0;
    for (const auto& box : boxes) {
        allowed += kLeakShare * (box.x1 - box.x0 + 1.0) * (box.y1 - box.y0 + 1.0);
    }
    auto bitmap = mask.toBitmap();
    std::vector<int> away(bitmap.size(), 0);
    std::vector<std::size_t> histogram(static_cast<std::size_t>(std::max(mask.width(), mask.height())) + 1, 0);
    for (int y = 0; y < mask.height(); ++y) {
        for (int x = 0; x < mask.width(); ++x) {
            const auto at =
                static_cast<std::size_t>(y) * static_cast<std::size_t>(mask.width()) + static_cast<std::size_t>(x);
            if (bitmap[at] == 0) {
                continue;
            }
            int nearest = std::max(mask.width(), mask.height());
            for (const auto& box : boxes) {
                nearest = std::min(nearest, distance(box, x, y));
            }
            away[at] = nearest;
            ++histogram[static_cast<std::size_t>(nearest)];
        }
    }
    std::size_t margin = 0; // the widest rim around the boxes that still fits
    double outside = 0;
    while (margin + 1 < histogram.size() && outside + static_cast<double>(histogram[margin + 1]) <= allowed) {
        outside += static_cast<double>(histogram[++margin]);
    }
    for (std::size_t n = 0; n < bitmap.size(); ++n) {
        if (away[n] > static_cast<int>(margin)) {
            bitmap[n] = 0;
        }
    }
    return SliceMask::fromBitmap(bitmap, mask.width(), mask.height());
}

/// Where prompts say "inside", drawn.
SliceMask touched(const std::vector<Prompt>& prompts, const SliceMask& like)
{
    SliceMask all(like.width(), like.height());
    for (const auto& prompt : prompts) {
        if (const auto* point = std::get_if<PointPrompt>(&prompt.shape); point != nullptr && point->inside) {
            all = all.united(single(pixelOf(point->at, like), like));
        } else if (const auto* stroke = std::get_if<ScribblePrompt>(&prompt.shape);
                   stroke != nullptr && stroke->inside) {
            all = all.united(strokeMask(like.width(), like.height(), stroke->path, 1, 1));
        } else if (const auto* lasso = std::get_if<LassoPrompt>(&prompt.shape)) {
            all = all.united(polygonMask(like.width(), like.height(), lasso->polygon));
        } else if (const auto* mask = std::get_if<MaskPrompt>(&prompt.shape);
                   mask != nullptr && mask->mask.width() == like.width() && mask->mask.height() == like.height()) {
            all = all.united(mask->mask);
        }
    }
    for (const auto& box : drawnBoxes(prompts, like)) {
        const std::vector<Point2> corners{{box.x0 - 0.5, box.y0 - 0.5},
                                          {box.x1 + 0.5, box.y0 - 0.5},
                                          {box.x1 + 0.5, box.y1 + 0.5},
                                          {box.x0 - 0.5, box.y1 + 0.5}};
        all = all.united(polygonMask(like.width(), like.height(), corners));
    }
    return all;
}

SliceMask dropIslands(const SliceMask& mask, const SliceMask& prompted)
{
    const auto components = connectedComponents(mask);
    auto kept = mask;
    for (std::size_t n = 1; n < components.size(); ++n) {
        const bool small =
            static_cast<double>(components[n].area()) < kIslandShare * static_cast<double>(components[0].area());
        if (small && components[n].intersected(prompted).empty()) {
            kept = kept.subtracted(components[n]);
        }
    }
    return kept;
}

} // namespace

SliceMask keepGuarantees(SliceMask mask, const std::vector<Prompt>& prompts, const GuaranteeOptions& options)
{
    const auto boxes = drawnBoxes(prompts, mask);
    if (options.limitLeak && !boxes.empty()) {
        mask = limitLeak(mask, boxes);
    }
    if (options.dropIslands && !mask.empty()) {
        mask = dropIslands(mask, touched(prompts, mask));
    }
    if (options.honourClicks) {
        mask = honourClicks(std::move(mask), clicks(prompts, mask, true), clicks(prompts, mask, false));
    }
    return mask;
}

} // namespace icmoe
