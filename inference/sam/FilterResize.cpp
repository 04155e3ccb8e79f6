// Compiled without contraction to fused multiply-adds: the references round each product before they add.
#include "inference/sam/FilterResize.h"

#include <algorithm>
#include <cmath>

namespace icmoe {
namespace {

std::size_t place(int x, int y, int c, int width, int channels)
{
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) *
               static_cast<std::size_t>(channels) +
           static_cast<std::size_t>(c);
}

std::size_t valueCount(int width, int height, int channels)
{
    return place(0, height, 0, width, channels);
}

// ---- bilinear, as Pillow ----

constexpr int kWeightBits = 22;

/// The source pixels that make up a target pixel.
struct Taps {
    int first = 0;
    std::vector<std::int32_t> weights;
};

std::vector<Taps> bilinearTaps(int from, int to)
{
    const double scale = static_cast<double>(from) / to;
    const double support = std::max(scale, 1.0);
    std::vector<Taps> list;
    list.reserve(static_cast<std::size_t>(to));
    for (int d = 0; d < to; ++d) {
        const double centre = (d + 0.5) * scale;
        const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
        const int last = std::min(static_cast<int>(centre + support + 0.5), from);
        std::vector<double> shares;
        double sum = 0;
        for (int s = first; s < last; ++s) {
            const double share = std::max(0.0, 1.0 - std::abs((s - centre + 0.5) * (1.0 / support)));
            shares.push_back(share);
            sum += share;
        }
        Taps taps{first, {}};
        for (const double share : shares) {
            const double exact = sum != 0 ? share / sum : share;
            taps.weights.push_back(static_cast<std::int32_t>(0.5 + exact * (1 << kWeightBits)));
        }
        list.push_back(std::move(taps));
    }
    return list;
}

std::uint8_t toByte(std::int32_t sum)
{
    return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

BytePicture shrinkRows(const BytePicture& from, int width)
{
    BytePicture to{width, from.height, from.channels, {}};
    to.pixels.resize(valueCount(to.width, to.height, to.channels));
    const auto columns = bilinearTaps(from.width, width);
    for (int y = 0; y < to.height; ++y) {
        for (int x = 0; x < to.width; ++x) {
            const auto& taps = columns[static_cast<std::size_t>(x)];
            for (int c = 0; c < to.channels; ++c) {
                std::int32_t sum = 1 << (kWeightBits - 1);
                auto at = place(taps.first, y, c, from.width, from.channels);
                for (const auto weight : taps.weights) {
                    sum += from.pixels[at] * weight;
                    at += static_cast<std::size_t>(from.channels);
                }
                to.pixels[place(x, y, c, to.width, to.channels)] = toByte(sum);
            }
        }
    }
    return to;
}

BytePicture shrinkColumns(const BytePicture& from, int height)
{
    BytePicture to{from.width, height, from.channels, {}};
    to.pixels.resize(valueCount(to.width, to.height, to.channels));
    const auto rows = bilinearTaps(from.height, height);
    const auto rowLength = place(0, 1, 0, from.width, from.channels);
    for (int y = 0; y < height; ++y) {
        const auto& taps = rows[static_cast<std::size_t>(y)];
        for (std::size_t n = 0; n < rowLength; ++n) {
            std::int32_t sum = 1 << (kWeightBits - 1);
            auto at = static_cast<std::size_t>(taps.first) * rowLength + n;
            for (const auto weight : taps.weights) {
                sum += from.pixels[at] * weight;
                at += rowLength;
            }
            to.pixels[static_cast<std::size_t>(y) * rowLength + n] = toByte(sum);
        }
    }
    return to;
}

// ---- cubic, as scikit-image ----

constexpr double kAlmostWhole = 1e-6;

/// An index beyond the ends, mirrored about the end pixels' centres.
int mirrored(int index, int count)
{
    if (count == 1) {
        return 0;
    }
    const int period = 2 * (count - 1);
    const int inside = ((index % period) + period) % period;
    return inside < count ? inside : period - inside;
}

/// Weights of a Gaussian, centre first.
std::vector<double> gaussian(double sigma)
{
    const int radius = static_cast<int>(4.0 * sigma + 0.5);
    std::vector<double> half;
    double sum = 0;
    for (int n = 0; n <= radius; ++n) {
        half.push_back(std::exp(-0.5 / (sigma * sigma) * n * n));
        sum += n == 0 ? half.back() : 2 * half.back();
    }
    for (double& weight : half) {
        weight /= sum;
    }
    return half;
}

void smooth(std::vector<double>& line, const std::vector<double>& half)
{
    const auto source = line;
    const int count = static_cast<int>(line.size());
    for (int n = 0; n < count; ++n) {
        double sum = source[static_cast<std::size_t>(n)] * half[0];
        for (int k = 1; k < static_cast<int>(half.size()); ++k) {
            sum += (source[static_cast<std::size_t>(mirrored(n - k, count))] +
                    source[static_cast<std::size_t>(mirrored(n + k, count))]) *
                   half[static_cast<std::size_t>(k)];
        }
        line[static_cast<std::size_t>(n)] = sum;
    }
}

/// Values become the coefficients of the cubic B-spline that goes through them, mirrored at the ends.
void splineCoefficients(std::vector<double>& line)
{
    const std::size_t count = line.size();
    if (count < 2) {
        return;
    }
    const double pole = std::sqrt(3.0) - 2.0;
    for (double& value : line) {
        value *= (1 - pole) * (1 - 1 / pole);
    }
    const double farPower = std::pow(pole, static_cast<double>(count - 1));
    double first = line[0] + farPower * line[count - 1];
    double power = pole;
    for (std::size_t n = 1; n + 1 < count; ++n) {
        first += power * (line[n] + farPower * line[count - 1 - n]);
        power *= pole;
    }
    line[0] = first / (1 - farPower * farPower);
    for (std::size_t n = 1; n < count; ++n) {
        line[n] += pole * line[n - 1];
    }
    line[count - 1] = pole / (pole * pole - 1) * (line[count - 1] + pole * line[count - 2]);
    for (std::size_t n = count - 1; n-- > 0;) {
        line[n] = pole * (line[n + 1] - line[n]);
    }
}

/// The four coefficients around a target pixel's centre and their weights.
struct SplineTaps {
    std::size_t index[4];
    double weight[4];
};

std::vector<SplineTaps> splineTaps(int from, int to)
{
    const double scale = static_cast<double>(from) / to;
    std::vector<SplineTaps> list;
    list.reserve(static_cast<std::size_t>(to));
    for (int d = 0; d < to; ++d) {
        const double source = (d + 0.5) * scale - 0.5;
        const double whole = std::floor(source);
        const double t = source - whole;
        const double u = 1 - t;
        SplineTaps taps{};
        taps.weight[0] = u * u * u / 6;
        taps.weight[1] = (t * t * (t - 2) * 3 + 4) / 6;
        taps.weight[2] = (u * u * (u - 2) * 3 + 4) / 6;
        taps.weight[3] = 1 - taps.weight[0] - taps.weight[1] - taps.weight[2];
        for (int k = 0; k < 4; ++k) {
            taps.index[k] = static_cast<std::size_t>(mirrored(static_cast<int>(whole) - 1 + k, from));
        }
        list.push_back(taps);
    }
    return list;
}

/// Everything that is done along one axis.
class AxisResize {
public:
    AxisResize(int from, int to)
        : m_taps(splineTaps(from, to))
        , m_from(from)
    {
        if (const double sigma = (static_cast<double>(from) / to - 1) / 2; sigma > 0) {
            m_gaussian = gaussian(sigma);
        }
    }

    /// Reads m_from values `step` apart, writes as many as there are target pixels.
    void run(const double* from, std::size_t fromStep, double* to, std::size_t toStep)
    {
        m_line.resize(static_cast<std::size_t>(m_from));
        for (std::size_t n = 0; n < m_line.size(); ++n) {
            m_line[n] = from[n * fromStep];
        }
        if (!m_gaussian.empty()) {
            smooth(m_line, m_gaussian);
        }
        splineCoefficients(m_line);
        for (std::size_t n = 0; n < m_taps.size(); ++n) {
            double sum = 0;
            for (int k = 0; k < 4; ++k) {
                sum += m_line[m_taps[n].index[k]] * m_taps[n].weight[k];
            }
            to[n * toStep] = sum;
        }
    }

private:
    std::vector<SplineTaps> m_taps;
    std::vector<double> m_gaussian;
    std::vector<double> m_line;
    int m_from;
};

} // namespace

BytePicture resizeBilinear(const BytePicture& picture, int width, int height)
{
    const auto narrow = picture.width == width ? picture : shrinkRows(picture, width);
    return narrow.height == height ? narrow : shrinkColumns(narrow, height);
}

BytePicture resizeCubic(const BytePicture& picture, int width, int height)
{
    const auto channels = static_cast<std::size_t>(picture.channels);
    const std::vector<double> source(picture.pixels.begin(), picture.pixels.end());
    // rows first: both steps are linear and each works along one axis, so their order does not matter
    std::vector<double> narrow(valueCount(width, picture.height, picture.channels));
    AxisResize alongRows(picture.width, width);
    for (int y = 0; y < picture.height; ++y) {
        for (int c = 0; c < picture.channels; ++c) {
            alongRows.run(source.data() + place(0, y, c, picture.width, picture.channels), channels,
                          narrow.data() + place(0, y, c, width, picture.channels), channels);
        }
    }
    std::vector<double> resized(valueCount(width, height, picture.channels));
    AxisResize alongColumns(picture.height, height);
    const auto rowLength = place(0, 1, 0, width, picture.channels);
    for (std::size_t n = 0; n < rowLength; ++n) {
        alongColumns.run(narrow.data() + n, rowLength, resized.data() + n, rowLength);
    }
    const auto [least, most] = std::minmax_element(picture.pixels.begin(), picture.pixels.end());
    BytePicture result{width, height, picture.channels, {}};
    result.pixels.reserve(resized.size());
    for (const double value : resized) {
        result.pixels.push_back(static_cast<std::uint8_t>(
            std::clamp(value + kAlmostWhole, static_cast<double>(*least), static_cast<double>(*most))));
    }
    return result;
}

} // namespace icmoe
