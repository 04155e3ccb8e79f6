#include "inference/icmoe/PromptReading.h"

#include "inference/icmoe/ExpertDecoder.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>

namespace icmoe {
namespace {

constexpr double kClickSigma = 4;
constexpr double kStrokeSigma = 2;
constexpr int kPointsOfStroke = 4;
constexpr std::size_t kMostPoints = 24; ///< clicks and points of strokes together

/// One 256 × 256 channel of the maps.
class Channel {
public:
    explicit Channel(float* values)
        : m_values(values)
    {
    }
    void raise(int x, int y, double value) const
    {
        float& at = m_values[y * kNetworkSide + x];
        at = std::max(at, static_cast<float>(value));
    }
    void bump(Point2 centre, double sigma) const
    {
        const int reach = static_cast<int>(std::ceil(3.5 * sigma));
        const int x0 = static_cast<int>(std::lround(centre.x));
        const int y0 = static_cast<int>(std::lround(centre.y));
        for (int y = std::max(0, y0 - reach); y <= std::min(kNetworkSide - 1, y0 + reach); ++y) {
            for (int x = std::max(0, x0 - reach); x <= std::min(kNetworkSide - 1, x0 + reach); ++x) {
                const double d2 = (x - centre.x) * (x - centre.x) + (y - centre.y) * (y - centre.y);
                raise(x, y, std::exp(-d2 / (2 * sigma * sigma)));
            }
        }
    }
    /// Points a network pixel apart along the path.
    void line(const std::vector<Point2>& path, double sigma) const
    {
        for (std::size_t n = 0; n < path.size(); ++n) {
            bump(path[n], sigma);
            if (n + 1 < path.size()) {
                const double length = std::hypot(path[n + 1].x - path[n].x, path[n + 1].y - path[n].y);
                for (int k = 1; k < static_cast<int>(length); ++k) {
                    const double t = k / length;
                    bump({path[n].x + t * (path[n + 1].x - path[n].x), path[n].y + t * (path[n + 1].y - path[n].y)},
                         sigma);
                }
            }
        }
    }
    void fill(const SliceMask& mask) const
    {
        for (const Run run : mask.runs()) {
            std::fill(m_values + run.begin, m_values + run.end, 1.0F);
        }
    }

private:
    float* m_values;
};

class Reader {
public:
    explicit Reader(const NetworkGrid& grid)
        : m_grid(grid)
    {
        m_reading.maps = at::zeros({1, kPromptMaps, kNetworkSide, kNetworkSide});
    }

    PromptReading read(const std::vector<Prompt>& prompts)
    {
        for (const auto& prompt : prompts) {
            std::visit([this](const auto& shape) { add(shape); }, prompt.shape);
        }
        thin();
        if (m_corners.empty()) {
            token({0, 0}, kPaddingToken, m_corners); // as the base was trained: padding where no box follows
        }
        m_tokens.insert(m_tokens.end(), m_corners.begin(), m_corners.end());
        const auto count = static_cast<std::int64_t>(m_tokens.size());
        m_reading.points = at::empty({1, count, 2});
        m_reading.kinds = at::empty({1, count});
        auto* points = m_reading.points.data_ptr<float>();
        auto* kinds = m_reading.kinds.data_ptr<float>();
        for (const auto& [at, kind] : m_tokens) {
            *points++ = static_cast<float>(at.x);
            *points++ = static_cast<float>(at.y);
            *kinds++ = static_cast<float>(kind);
        }
        return std::move(m_reading);
    }

private:
    using Token = std::pair<Point2, TokenKind>;

    Channel channel(PromptMap map)
    {
        return Channel(m_reading.maps.data_ptr<float>() + map * kNetworkSide * kNetworkSide);
    }
    /// As the published pre-processing places prompts.
    Point2 scaled(Point2 p) const { return {p.x * m_grid.scaleX(), p.y * m_grid.scaleY()}; }
    /// Pixel centres on pixel centres.
    Point2 placed(Point2 p) const { return {(p.x + 0.5) * m_grid.scaleX() - 0.5, (p.y + 0.5) * m_grid.scaleY() - 0.5}; }
    std::vector<Point2> placed(const std::vector<Point2>& path) const
    {
        std::vector<Point2> list;
        std::transform(path.begin(), path.end(), std::back_inserter(list), [this](Point2 p) { return placed(p); });
        return list;
    }
    static void token(Point2 at, TokenKind kind, std::vector<Token>& list) { list.emplace_back(at, kind); }
    void corners(double x0, double y0, double x1, double y1)
    {
        token(scaled({x0, y0}), kCorner0, m_corners);
        token(scaled({x1, y1}), kCorner1, m_corners);
    }

    void add(const BoxPrompt& box)
    {
        m_reading.hasBox = true;
        corners(box.x0, box.y0, box.x1, box.y1);
        const auto a = placed(Point2{box.x0, box.y0});
        const auto b = placed(Point2{box.x1, box.y1});
        const std::vector<Point2> outline{
            {a.x - 0.5, a.y - 0.5}, {b.x + 0.5, a.y - 0.5}, {b.x + 0.5, b.y + 0.5}, {a.x - 0.5, b.y + 0.5}};
        channel(kBoxInterior).fill(polygonMask(kNetworkSide, kNetworkSide, outline));
    }
    void add(const PointPrompt& point)
    {
        m_reading.hasClick = true;
        token(scaled(point.at), point.inside ? kInsideToken : kOutsideToken, m_tokens);
        channel(point.inside ? kPositiveClicks : kNegativeClicks).bump(placed(point.at), kClickSigma);
    }
    void add(const ScribblePrompt& scribble)
    {
        m_reading.hasStroke = true;
        channel(scribble.inside ? kPositiveScribble : kNegativeScribble).line(placed(scribble.path), kStrokeSigma);
        const auto length = scribble.path.size();
        for (int n = 0; n < kPointsOfStroke && length > 0; ++n) {
            const auto at = (2 * static_cast<std::size_t>(n) + 1) * length / (2 * kPointsOfStroke);
            token(scaled(scribble.path[std::min(at, length - 1)]), scribble.inside ? kInsideToken : kOutsideToken,
                  m_tokens);
        }
    }
    void add(const LassoPrompt& lasso)
    {
        m_reading.hasStroke = true;
        channel(kLassoInterior).fill(polygonMask(kNetworkSide, kNetworkSide, placed(lasso.polygon)));
        const auto [left, right] = std::minmax_element(lasso.polygon.begin(), lasso.polygon.end(),
                                                       [](Point2 a, Point2 b) { return a.x < b.x; });
        const auto [top, bottom] = std::minmax_element(lasso.polygon.begin(), lasso.polygon.end(),
                                                       [](Point2 a, Point2 b) { return a.y < b.y; });
        corners(left->x, top->y, right->x, bottom->y);
    }
    void add(const MaskPrompt& mask)
    {
        m_reading.hasStroke = true;
        const auto bounds = mask.mask.bounds();
        if (!bounds) {
            return;
        }
        m_reading.hasMask = true;
        auto map = m_reading.maps[0][kPreviousMask];
        map.copy_(at::maximum(map, maskOnNetwork(mask.mask, m_grid)));
        corners(bounds->x0, bounds->y0, bounds->x1, bounds->y1);
    }
    void add(const LabelPrompt& label) { m_reading.label = label.label; }

    /// Evenly fewer points where there are very many; the maps keep them all.
    void thin()
    {
        if (m_tokens.size() <= kMostPoints) {
            return;
        }
        std::vector<Token> fewer;
        for (std::size_t n = 0; n < kMostPoints; ++n) {
            fewer.push_back(m_tokens[n * m_tokens.size() / kMostPoints]);
        }
        m_tokens = std::move(fewer);
    }

    const NetworkGrid& m_grid;
    PromptReading m_reading;
    std::vector<Token> m_tokens;
    std::vector<Token> m_corners;
};

} // namespace

PromptReading readPrompts(const std::vector<Prompt>& prompts, const NetworkGrid& grid)
{
    return Reader(grid).read(prompts);
}

at::Tensor maskOnNetwork(const SliceMask& mask, const NetworkGrid& grid)
{
    const auto bitmap = mask.toBitmap();
    const auto source =
        at::from_blob(const_cast<std::uint8_t*>(bitmap.data()), {1, 1, mask.height(), mask.width()}, at::kByte)
            .to(at::kFloat);
    const bool shrinks = mask.width() >= grid.usedWidth && mask.height() >= grid.usedHeight;
    const std::vector<std::int64_t> size{grid.usedHeight, grid.usedWidth};
    const auto used = shrinks ? at::adaptive_avg_pool2d(source, size) : at::upsample_bilinear2d(source, size, false);
    return at::constant_pad_nd(used[0][0], {0, kNetworkSide - grid.usedWidth, 0, kNetworkSide - grid.usedHeight});
}

} // namespace icmoe
