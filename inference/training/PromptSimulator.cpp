#include "inference/training/PromptSimulator.h"

#include "core/mask/DistanceTransform.h"
#include "core/mask/Metrics.h"

#include <algorithm>
#include <cmath>

namespace icmoe::training {
namespace {

struct Depth {
    int width = 0;
    int height = 0;
    std::vector<double> values; ///< distance to the border of region or picture; 0 outside
    double deepest = 0;

    [[nodiscard]] double at(int x, int y) const
    {
        return x < 0 || y < 0 || x >= width || y >= height ? 0 : values[static_cast<std::size_t>(y * width + x)];
    }
};

Depth depthOf(const SliceMask& region)
{
    Depth depth{region.width(), region.height(), {}, 0};
    depth.values.resize(static_cast<std::size_t>(depth.width) * static_cast<std::size_t>(depth.height));
    const auto box = region.bounds();
    const auto distance = borderDistance(region);
    if (!box || !distance) {
        return depth;
    }
    for (int y = box->y0; y <= box->y1; ++y) {
        for (int x = box->x0; x <= box->x1; ++x) {
            const double d = std::sqrt(distance->squared[distance->index(x, y)]);
            depth.values[static_cast<std::size_t>(y * depth.width + x)] = d;
            depth.deepest = std::max(depth.deepest, d);
        }
    }
    return depth;
}

/// A random pixel at least `share` of the way in.
std::optional<Point2> deepPixel(const Depth& depth, double share, Random& random)
{
    std::vector<std::size_t> pixels;
    for (std::size_t n = 0; n < depth.values.size(); ++n) {
        if (depth.values[n] > 0 && depth.values[n] >= share * depth.deepest) {
            pixels.push_back(n);
        }
    }
    if (pixels.empty()) {
        return std::nullopt;
    }
    const auto at = static_cast<int>(pixels[random.below(pixels.size())]);
    return Point2{static_cast<double>(at % depth.width), static_cast<double>(at / depth.width)};
}

Prompt promptOf(std::size_t number, decltype(Prompt::shape) shape)
{
    Prompt prompt;
    prompt.id = number;
    prompt.shape = std::move(shape);
    return prompt;
}

/// Everything within `pixels` of the region (negative: everything deeper than that inside).
SliceMask grown(const SliceMask& region, double pixels)
{
    const auto bitmap = region.toBitmap();
    std::vector<std::uint8_t> result(bitmap.size(), 0);
    if (pixels >= 0) {
        const auto distance = squaredDistance(bitmap, region.width(), region.height(), 1, 1);
        std::transform(distance.begin(), distance.end(), result.begin(),
                       [&](double d) { return d <= pixels * pixels ? std::uint8_t{1} : std::uint8_t{0}; });
    } else {
        const Depth depth = depthOf(region);
        std::transform(depth.values.begin(), depth.values.end(), result.begin(),
                       [&](double d) { return d > -pixels ? std::uint8_t{1} : std::uint8_t{0}; });
    }
    return SliceMask::fromBitmap(result, region.width(), region.height());
}

SliceMask complement(const SliceMask& mask)
{
    const auto count = static_cast<std::uint32_t>(mask.width()) * static_cast<std::uint32_t>(mask.height());
    return SliceMask::fromRuns({{0, count}}, mask.width(), mask.height()).subtracted(mask);
}

} // namespace

std::optional<PointPrompt> firstClick(const SliceMask& truth, Random& random)
{
    if (random.uniform() < 0.4) {
        const auto at = interiorMostPixel(truth);
        return at ? std::optional(PointPrompt{*at, true}) : std::nullopt;
    }
    const auto at = deepPixel(depthOf(truth), 0.5, random);
    return at ? std::optional(PointPrompt{*at, true}) : std::nullopt;
}

std::optional<PointPrompt> correctingClick(const SliceMask& truth, const SliceMask& answer, Random& random)
{
    const auto missed = truth.subtracted(answer);
    const auto wrong = answer.subtracted(truth);
    const auto errors = connectedComponents(missed.united(wrong));
    if (errors.empty()) {
        return std::nullopt;
    }
    const auto& error =
        random.uniform() < 0.75 ? errors.front() : errors[random.below(std::min<std::size_t>(4, errors.size()))];
    const auto at = random.uniform() < 0.6 ? interiorMostPixel(error) : deepPixel(depthOf(error), 0.5, random);
    if (!at) {
        return std::nullopt;
    }
    return PointPrompt{*at, truth.contains(static_cast<int>(at->x), static_cast<int>(at->y))};
}

BoxPrompt jitteredBox(const SliceMask& truth, Random& random)
{
    const auto bounds = truth.bounds().value_or(PixelBox{});
    const double w = bounds.x1 - bounds.x0 + 1;
    const double h = bounds.y1 - bounds.y0 + 1;
    const bool exact = random.uniform() < 0.4; // evaluation and careful annotators
    const auto move = [&](double side, double length, int size) {
        const double shift = exact ? 0 : std::clamp(0.06 * length * random.normal(), -0.15 * length, 0.15 * length);
        return std::clamp(std::round(side + shift), 0.0, size - 1.0);
    };
    BoxPrompt box{move(bounds.x0, w, truth.width()), move(bounds.y0, h, truth.height()),
                  move(bounds.x1, w, truth.width()), move(bounds.y1, h, truth.height())};
    box.x1 = std::max(box.x0, box.x1);
    box.y1 = std::max(box.y0, box.y1);
    return box;
}

std::optional<ScribblePrompt> scribbleIn(const SliceMask& region, bool inside, Random& random)
{
    const Depth depth = depthOf(region);
    const auto start = deepPixel(depth, 0.35, random);
    if (!start) {
        return std::nullopt;
    }
    const double step = 2;
    const double size = std::sqrt(static_cast<double>(region.area()));
    const auto steps = static_cast<int>(std::clamp(size * random.uniform(0.2, 0.9) / step, 3.0, 120.0));
    double direction = random.uniform(0, 6.2831853);
    Point2 at = *start;
    ScribblePrompt scribble{{at}, inside};
    for (int n = 0; n < steps; ++n) {
        direction += 0.25 * random.normal();
        bool moved = false;
        for (int turn = 0; turn < 8 && !moved; ++turn) { // away from the border where the way is barred
            const Point2 next{at.x + step * std::cos(direction), at.y + step * std::sin(direction)};
            if (depth.at(static_cast<int>(std::lround(next.x)), static_cast<int>(std::lround(next.y))) >
                std::min(1.0, 0.2 * depth.deepest)) {
                at = next;
                moved = true;
            } else {
                direction += random.uniform() < 0.5 ? 0.8 : -0.8;
            }
        }
        if (!moved) {
            break;
        }
        scribble.path.push_back(at);
    }
    return scribble;
}

std::optional<LassoPrompt> lassoAround(const SliceMask& truth, Random& random)
{
    const double size = std::sqrt(static_cast<double>(truth.area()));
    const auto wide = grown(truth, std::max(1.0, random.uniform(0.03, 0.15) * size));
    const auto rings = outlines(wide);
    const auto longest =
        std::max_element(rings.begin(), rings.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
    if (longest == rings.end()) {
        return std::nullopt;
    }
    const auto corners = std::clamp<std::size_t>(longest->size() / 10, 8, 64);
    LassoPrompt lasso;
    for (std::size_t n = 0; n < corners; ++n) {
        const Point2 p = (*longest)[n * longest->size() / corners];
        const double jitter = 0.015 * size;
        lasso.polygon.push_back({std::clamp(p.x + jitter * random.normal(), -0.5, truth.width() - 0.5),
                                 std::clamp(p.y + jitter * random.normal(), -0.5, truth.height() - 0.5)});
    }
    return lasso;
}

std::optional<MaskPrompt> roughMask(const SliceMask& truth, Random& random)
{
    const double size = std::sqrt(static_cast<double>(truth.area()));
    auto mask = grown(truth, random.uniform(-0.12, 0.15) * size);
    const auto pieces = 1 + random.below(3);
    for (std::size_t n = 0; n < pieces; ++n) { // a disc of the border more or less
        const auto bounds = truth.bounds();
        if (!bounds) {
            return std::nullopt;
        }
        const Point2 centre{random.uniform(bounds->x0, bounds->x1 + 1), random.uniform(bounds->y0, bounds->y1 + 1)};
        const double radius = random.uniform(0.1, 0.35) * size;
        const auto disc = ellipseMask(truth.width(), truth.height(), centre, radius, radius);
        mask = random.uniform() < 0.5 ? mask.united(disc) : mask.subtracted(disc);
    }
    return mask.empty() ? std::nullopt : std::optional(MaskPrompt{std::move(mask)});
}

std::vector<Prompt> openWith(Opening opening, const SliceMask& truth, Random& random)
{
    std::vector<Prompt> prompts;
    const auto add = [&](auto shape) { prompts.push_back(promptOf(prompts.size() + 1, std::move(shape))); };
    if (opening == Opening::box || opening == Opening::boxAndClick) {
        add(jitteredBox(truth, random));
    }
    if (opening == Opening::scribble) {
        if (auto scribble = scribbleIn(truth, true, random)) {
            add(std::move(*scribble));
        }
        if (random.uniform() < 0.4) {
            const double size = std::sqrt(static_cast<double>(truth.area()));
            const auto around = complement(truth).intersected(grown(truth, std::max(6.0, 0.8 * size)));
            if (auto outside = scribbleIn(around, false, random)) {
                add(std::move(*outside));
            }
        }
    }
    if (opening == Opening::lasso) {
        if (auto lasso = lassoAround(truth, random)) {
            add(std::move(*lasso));
        }
    }
    if (opening == Opening::mask) {
        if (auto mask = roughMask(truth, random)) {
            add(std::move(*mask));
        }
    }
    if (opening == Opening::click || opening == Opening::boxAndClick || prompts.empty()) {
        if (const auto click = firstClick(truth, random)) {
            add(*click);
        }
    }
    return prompts;
}

bool addClick(std::vector<Prompt>& prompts, const PointPrompt& click)
{
    for (const auto& prompt : prompts) {
        if (const auto* point = std::get_if<PointPrompt>(&prompt.shape); point != nullptr && point->at == click.at) {
            return false;
        }
    }
    prompts.push_back(promptOf(prompts.size() + 1, click));
    return true;
}

} // namespace icmoe::training
