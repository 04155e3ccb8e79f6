#include "inference/sam/SamPrompts.h"

#include <algorithm>
#include <cmath>

namespace icmoe {
namespace {

/// Clicks that one stroke becomes.
constexpr std::size_t kStrokePoints = 8;
/// How sure a given mask is said to be: the network was trained on its own logits.
constexpr float kMaskLogit = 6.0F;
/// Pixels of the network's picture per pixel of its masks.
constexpr int kMaskStep = kSamSide / kSamMaskSide;

bool contains(const NetworkBox& box, Point2 point)
{
    return point.x >= box.x0 && point.x <= box.x1 && point.y >= box.y0 && point.y <= box.y1;
}

/// Points of a stroke, evenly spread over its own, ends included.
std::vector<Point2> thinned(const std::vector<Point2>& path)
{
    if (path.size() <= kStrokePoints) {
        return path;
    }
    std::vector<Point2> few;
    for (std::size_t n = 0; n < kStrokePoints; ++n) {
        few.push_back(path[n * (path.size() - 1) / (kStrokePoints - 1)]);
    }
    return few;
}

class Collector {
public:
    Collector(const std::vector<Prompt>& prompts, const SamGrid& grid)
        : m_grid(grid)
    {
        for (const auto& prompt : prompts) {
            std::visit([this](const auto& shape) { add(shape); }, prompt.shape);
        }
    }

    Result<SamQuestions> questions() const
    {
        SamQuestions result{shareOut(), false, notice()};
        if (result.parts.empty()) {
            return fail(ErrorCode::invalidArgument, "nothing says what belongs to the object", {},
                        "Add a box, a positive click or a stroke inside it");
        }
        return result;
    }

private:
    Point2 toNetwork(Point2 point) const { return {point.x * m_grid.scaleX(), point.y * m_grid.scaleY()}; }

    NetworkBox toNetwork(double x0, double y0, double x1, double y1) const
    {
        const auto corner = [](double v, int side, double scale) { return std::clamp(v, 0.0, side - 1.0) * scale; };
        return {corner(x0, m_grid.width, m_grid.scaleX()), corner(y0, m_grid.height, m_grid.scaleY()),
                corner(x1, m_grid.width, m_grid.scaleX()), corner(y1, m_grid.height, m_grid.scaleY())};
    }

    void add(const BoxPrompt& box) { m_parts.push_back({{}, toNetwork(box.x0, box.y0, box.x1, box.y1), {}}); }
    void add(const PointPrompt& point) { m_points.push_back({toNetwork(point.at), point.inside}); }

    void add(const ScribblePrompt& scribble)
    {
        m_hasStroke = true;
        for (const auto point : thinned(scribble.path)) {
            m_points.push_back({toNetwork(point), scribble.inside});
        }
    }

    void add(const LassoPrompt& lasso)
    {
        if (lasso.polygon.empty()) {
            return;
        }
        m_hasLasso = true;
        const auto [left, right] = std::minmax_element(lasso.polygon.begin(), lasso.polygon.end(),
                                                       [](Point2 a, Point2 b) { return a.x < b.x; });
        const auto [top, bottom] = std::minmax_element(lasso.polygon.begin(), lasso.polygon.end(),
                                                       [](Point2 a, Point2 b) { return a.y < b.y; });
        m_parts.push_back({{}, toNetwork(left->x, top->y, right->x, bottom->y), {}});
    }

    void add(const MaskPrompt& mask)
    {
        if (const auto bounds = mask.mask.bounds()) {
            m_parts.push_back({{}, toNetwork(bounds->x0, bounds->y0, bounds->x1, bounds->y1), logitsOf(mask.mask)});
        }
    }

    void add(const LabelPrompt&) {} // the network knows no names

    /// The mask on the network's grid, each cell by the slice pixel under its centre.
    std::vector<float> logitsOf(const SliceMask& mask) const
    {
        const auto bitmap = mask.toBitmap();
        std::vector<float> logits;
        logits.reserve(static_cast<std::size_t>(kSamMaskSide) * kSamMaskSide);
        for (int y = 0; y < kSamMaskSide; ++y) {
            for (int x = 0; x < kSamMaskSide; ++x) {
                const int column = static_cast<int>((x + 0.5) * kMaskStep / m_grid.scaleX());
                const int row = static_cast<int>((y + 0.5) * kMaskStep / m_grid.scaleY());
                const bool isOnSlice = column < mask.width() && row < mask.height();
                const auto place = static_cast<std::size_t>(row) * static_cast<std::size_t>(mask.width()) +
                                   static_cast<std::size_t>(column);
                logits.push_back(isOnSlice && bitmap[place] != 0 ? kMaskLogit : -kMaskLogit);
            }
        }
        return logits;
    }

    /// Clicks go to the boxes that they lie in, or all to the only one; positive ones that are left ask for themselves.
    std::vector<SamQuestion> shareOut() const
    {
        auto parts = m_parts;
        if (parts.size() == 1) {
            parts.front().points = m_points;
            return parts;
        }
        SamQuestion rest;
        bool hasPositive = false;
        for (const auto& point : m_points) {
            bool isTaken = false;
            for (auto& part : parts) {
                if (contains(*part.box, point.at)) {
                    part.points.push_back(point);
                    isTaken = true;
                }
            }
            if (!isTaken || !point.isInside) {
                rest.points.push_back(point);
                hasPositive = hasPositive || point.isInside;
            }
        }
        if (hasPositive) {
            parts.push_back(std::move(rest));
        }
        return parts;
    }

    std::string notice() const
    {
        std::string text = m_hasStroke ? "Strokes were read as clicks along them" : "";
        if (m_hasLasso) {
            text += (text.empty() ? "" : ". ") + std::string("The lasso's box was answered");
        }
        return text;
    }

    const SamGrid& m_grid;
    std::vector<SamQuestion> m_parts; ///< one a box
    std::vector<SamPoint> m_points;
    bool m_hasStroke = false;
    bool m_hasLasso = false;
};

Result<SamQuestions> askMedSam(const std::vector<Prompt>& prompts, const SamGrid& grid)
{
    // guesses are sized on the 256 grid, which MedSAM's stretched picture fills
    const NetworkGrid coarse{grid.width, grid.height, kSamMaskSide, kSamMaskSide, kSamMaskSide, kSamMaskSide};
    const auto asked = askBoxes(prompts, coarse, BoxCorners::exact);
    if (!asked) {
        return fail(asked.error());
    }
    SamQuestions questions{{}, asked->areGuesses, asked->notice};
    for (const auto& box : asked->boxes) {
        const NetworkBox large{box.x0 * kMaskStep, box.y0 * kMaskStep, box.x1 * kMaskStep, box.y1 * kMaskStep};
        questions.parts.push_back({{}, large, {}});
    }
    return questions;
}

} // namespace

bool SamQuestion::isOneClick() const
{
    return points.size() == 1 && points.front().isInside && !box && mask.empty();
}

Result<SamQuestions> askSam(const std::vector<Prompt>& prompts, const SamGrid& grid)
{
    return grid.recipe == SamRecipe::medsam ? askMedSam(prompts, grid) : Collector(prompts, grid).questions();
}

} // namespace icmoe
