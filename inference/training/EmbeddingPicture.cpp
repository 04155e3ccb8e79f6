#include "inference/training/EmbeddingPicture.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>
#include <sstream>

namespace icmoe::training {
namespace {

constexpr double kSide = 520;
constexpr double kMargin = 20;
constexpr double kLegend = 230;
constexpr double kSaturation = 0.65;

/// [N, D] → [N, 2] in 0..1.
at::Tensor planar(const at::Tensor& vectors)
{
    const auto centred = vectors - vectors.mean(0);
    const auto [u, s, v] = at::linalg_svd(centred, false);
    const auto points = at::matmul(centred, v.slice(0, 0, 2).t());
    const auto low = points.amin(0);
    return (points - low) / (points.amax(0) - low).clamp_min(1e-6);
}

/// As many hues as classes, light and dark by turns: "#rrggbb", which every reader of SVG knows.
std::string colourOf(std::size_t n, std::size_t count)
{
    const double hue = 6.0 * static_cast<double>(n) / static_cast<double>(std::max<std::size_t>(1, count));
    const double lightness = n % 2 == 0 ? 0.40 : 0.58;
    const double chroma = (1 - std::abs(2 * lightness - 1)) * kSaturation;
    std::string text = "#";
    for (const double from : {0.0, 4.0, 2.0}) { // red, green, blue: the same tent, a third of the circle apart
        const double tent = std::abs(std::fmod(hue + from, 6.0) - 3) - 1;
        const double value = lightness + chroma * (std::clamp(tent, 0.0, 1.0) - 0.5);
        std::array<char, 3> digits{};
        std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned>(std::lround(255 * value)));
        text += digits.data();
    }
    return text;
}

} // namespace

std::string embeddingPicture(const Embedded& embedded, const std::vector<std::string>& names)
{
    std::ostringstream out;
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << kSide + kLegend << ' ' << kSide
        << "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
    if (embedded.classes.size() > 2) {
        const auto points = planar(embedded.vectors).contiguous();
        const auto* at = points.const_data_ptr<float>();
        for (const int one : embedded.classes) {
            out << "<circle cx=\"" << kMargin + *at++ * (kSide - 2 * kMargin);
            out << "\" cy=\"" << kMargin + *at++ * (kSide - 2 * kMargin) << "\" r=\"4\" fill-opacity=\"0.75\" fill=\""
                << colourOf(static_cast<std::size_t>(one), names.size()) << "\"/>\n";
        }
    }
    double y = kMargin;
    for (const int one : std::set<int>(embedded.classes.begin(), embedded.classes.end())) {
        const auto index = static_cast<std::size_t>(one);
        out << "<circle cx=\"" << kSide + 6 << "\" cy=\"" << y - 4 << "\" r=\"5\" fill=\""
            << colourOf(index, names.size()) << "\"/><text x=\"" << kSide + 16 << "\" y=\"" << y << "\" fill=\"#333\">"
            << names.at(index) << "</text>\n";
        y += 18;
    }
    out << "</svg>\n";
    return out.str();
}

} // namespace icmoe::training
