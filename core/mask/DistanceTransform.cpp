#include "core/mask/DistanceTransform.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace icmoe {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Lower envelope of parabolas over one line of n values, `stride` apart, in place.
class LineTransform {
public:
    explicit LineTransform(std::size_t n)
        : m_values(n)
        , m_sites(n)
        , m_bounds(n + 1)
    {
    }

    void run(double* line, std::size_t n, std::size_t stride, double spacing)
    {
        std::size_t count = 0;
        for (std::size_t q = 0; q < n; ++q) {
            m_values[q] = line[q * stride];
            if (m_values[q] == kInfinity) {
                continue;
            }
            double from = -kInfinity;
            while (count > 0) {
                from = crossing(m_sites[count - 1], q, spacing);
                if (from > m_bounds[count - 1]) {
                    break;
                }
                --count;
                from = -kInfinity;
            }
            m_sites[count] = q;
            m_bounds[count] = from;
            ++count;
        }
        if (count == 0) {
            return;
        }
        std::size_t k = 0;
        for (std::size_t q = 0; q < n; ++q) {
            const double x = static_cast<double>(q) * spacing;
            while (k + 1 < count && m_bounds[k + 1] < x) {
                ++k;
            }
            const double away = x - static_cast<double>(m_sites[k]) * spacing;
            line[q * stride] = away * away + m_values[m_sites[k]];
        }
    }

private:
    [[nodiscard]] double crossing(std::size_t a, std::size_t b, double spacing) const
    {
        const double xa = static_cast<double>(a) * spacing;
        const double xb = static_cast<double>(b) * spacing;
        return ((m_values[b] + xb * xb) - (m_values[a] + xa * xa)) / (2 * (xb - xa));
    }

    std::vector<double> m_values;
    std::vector<std::size_t> m_sites;
    std::vector<double> m_bounds;
};

} // namespace

std::vector<double> squaredDistance(std::span<const std::uint8_t> seeds, int width, int height, double spacingX,
                                    double spacingY)
{
    const auto w = static_cast<std::size_t>(width);
    const auto h = static_cast<std::size_t>(height);
    std::vector<double> distance(w * h);
    for (std::size_t i = 0; i < distance.size(); ++i) {
        distance[i] = seeds[i] != 0 ? 0 : kInfinity;
    }
    LineTransform line(std::max(w, h));
    for (std::size_t x = 0; x < w; ++x) {
        line.run(distance.data() + x, h, w, spacingY);
    }
    for (std::size_t y = 0; y < h; ++y) {
        line.run(distance.data() + y * w, w, 1, spacingX);
    }
    return distance;
}

} // namespace icmoe
