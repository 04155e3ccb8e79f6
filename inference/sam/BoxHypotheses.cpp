#include "inference/sam/BoxHypotheses.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace icmoe {
namespace {

/// Half sides of the guesses, in network pixels: squares of many sizes, and middle ones that lie or stand.
constexpr std::array<std::array<double, 2>, 10> kHalfSides = {
    {{8, 8}, {14, 14}, {24, 24}, {40, 40}, {64, 64}, {96, 96}, {32, 16}, {16, 32}, {64, 32}, {32, 64}}};
/// A negative click keeps this distance from a guessed box.
constexpr double kClearance = 1;

class Collector {
public:
    Collector(const std::vector<Prompt>& prompts, const NetworkGrid& grid, BoxCorners corners)
        : m_grid(grid)
        , m_corners(corners)
    {
        for (const auto& prompt : prompts) {
            std::visit([this](const auto& shape) { add(shape); }, prompt.shape);
        }
    }

    Result<BoxQuestion> question() const
    {
        BoxQuestion question;
        if (!m_boxes.empty()) {
            question.boxes = m_boxes;
            question.notice = notice("; the box decided");
            return question;
        }
        if (!m_hasCore) {
            return fail(ErrorCode::invalidArgument, "nothing says what belongs to the object", {},
                        "Add a box, a positive click or a stroke inside it");
        }
        question.boxes = boxHypotheses(m_core, m_outside, m_grid.usedWidth, m_grid.usedHeight);
        question.areGuesses = true;
        question.notice = notice("; boxes around it were tried");
        return question;
    }

private:
    Point2 toNetwork(Point2 point) const { return {point.x * m_grid.scaleX(), point.y * m_grid.scaleY()}; }

    void add(const BoxPrompt& box) { addBox(box.x0, box.y0, box.x1, box.y1); }

    void addBox(double x0, double y0, double x1, double y1)
    {
        const auto corner = [this](double v, int side, double scale) {
            const double exact = std::clamp(v, 0.0, side - 1.0) * scale;
            return m_corners == BoxCorners::truncated ? std::trunc(exact) : exact;
        };
        m_boxes.push_back({corner(x0, m_grid.width, m_grid.scaleX()), corner(y0, m_grid.height, m_grid.scaleY()),
                           corner(x1, m_grid.width, m_grid.scaleX()), corner(y1, m_grid.height, m_grid.scaleY())});
    }

    void add(const PointPrompt& point)
    {
        if (point.inside) {
            grow(toNetwork(point.at));
        } else {
            m_outside.push_back(toNetwork(point.at));
        }
    }

    void add(const ScribblePrompt& scribble)
    {
        m_hasStroke = true;
        for (const auto point : scribble.path) {
            if (scribble.inside) {
                grow(toNetwork(point));
            } else {
                m_outside.push_back(toNetwork(point));
            }
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
        addBox(left->x, top->y, right->x, bottom->y);
    }

    void add(const MaskPrompt& mask)
    {
        if (const auto bounds = mask.mask.bounds()) {
            m_hasMask = true;
            addBox(bounds->x0, bounds->y0, bounds->x1, bounds->y1);
        }
    }

    void add(const LabelPrompt&) {} // the base knows no names

    void grow(Point2 point)
    {
        if (!m_hasCore) {
            m_core = {point.x, point.y, point.x, point.y};
            m_hasCore = true;
        }
        m_core = {std::min(m_core.x0, point.x), std::min(m_core.y0, point.y), std::max(m_core.x1, point.x),
                  std::max(m_core.y1, point.y)};
    }

    std::string notice(const char* strokeOutcome) const
    {
        std::string text;
        const auto say = [&](const std::string& sentence) { text += (text.empty() ? "" : ". ") + sentence; };
        if (m_hasStroke) {
            say(std::string("Strokes have no expert yet") + strokeOutcome);
        }
        if (m_hasLasso) {
            say("Lassos have no expert yet; the lasso's box was answered");
        }
        if (m_hasMask) {
            say("The earlier mask was used through its box");
        }
        return text;
    }

    const NetworkGrid& m_grid;
    BoxCorners m_corners;
    std::vector<NetworkBox> m_boxes;
    std::vector<Point2> m_outside;
    NetworkBox m_core;
    bool m_hasCore = false;
    bool m_hasStroke = false;
    bool m_hasLasso = false;
    bool m_hasMask = false;
};

double area(const NetworkBox& box)
{
    return std::max(0.0, box.x1 - box.x0) * std::max(0.0, box.y1 - box.y0);
}

bool contains(const NetworkBox& box, Point2 point)
{
    return point.x >= box.x0 && point.x <= box.x1 && point.y >= box.y0 && point.y <= box.y1;
}

/// Moves the side that costs the least area until the point is outside; unchanged where every side would cut the core.
NetworkBox cutAway(const NetworkBox& box, const NetworkBox& core, Point2 point)
{
    NetworkBox best = box;
    double most = -1;
    const auto consider = [&](NetworkBox candidate, bool keepsCore) {
        if (keepsCore && area(candidate) > most) {
            most = area(candidate);
            best = candidate;
        }
    };
    consider({point.x + kClearance, box.y0, box.x1, box.y1}, point.x + kClearance <= core.x0);
    consider({box.x0, box.y0, point.x - kClearance, box.y1}, point.x - kClearance >= core.x1);
    consider({box.x0, point.y + kClearance, box.x1, box.y1}, point.y + kClearance <= core.y0);
    consider({box.x0, box.y0, box.x1, point.y - kClearance}, point.y - kClearance >= core.y1);
    return best;
}

} // namespace

std::vector<NetworkBox> boxHypotheses(const NetworkBox& core, const std::vector<Point2>& outside, double usedWidth,
                                      double usedHeight)
{
    std::vector<NetworkBox> list;
    for (const auto& half : kHalfSides) {
        NetworkBox box{std::max(core.x0 - half[0], 0.0), std::max(core.y0 - half[1], 0.0),
                       std::min(core.x1 + half[0], usedWidth - 1), std::min(core.y1 + half[1], usedHeight - 1)};
        for (const auto point : outside) {
            if (contains(box, point)) {
                box = cutAway(box, core, point);
            }
        }
        if (std::find(list.begin(), list.end(), box) == list.end()) {
            list.push_back(box);
        }
    }
    return list;
}

Result<BoxQuestion> askBoxes(const std::vector<Prompt>& prompts, const NetworkGrid& grid, BoxCorners corners)
{
    return Collector(prompts, grid, corners).question();
}

CellWindow cellsAround(const NetworkBox& box)
{
    constexpr double kCell = 4;
    const double dx = (box.x1 - box.x0) / 4 + 2 * kCell;
    const double dy = (box.y1 - box.y0) / 4 + 2 * kCell;
    const auto cell = [](double v) { return static_cast<std::int64_t>(std::clamp(v, 0.0, 64.0)); };
    return {cell((box.x0 - dx) / kCell), cell((box.y0 - dy) / kCell), cell((box.x1 + dx) / kCell + 1),
            cell((box.y1 + dy) / kCell + 1)};
}

} // namespace icmoe
