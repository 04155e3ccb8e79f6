#include "inference/training/EmbeddingPicture.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <set>
#include <sstream>

namespace icmoe::training {
namespace {

constexpr double kSide = 520;
constexpr double kMargin = 20;
constexpr double kLegend = 230;

/// [N, D] → [N, 2] in 0..1.
at::Tensor planar(const at::Tensor& vectors)
{
    const auto centred = vectors - vectors.mean(0);
    const auto [u, s, v] = at::linalg_svd(centred, false);
    const auto points = at::matmul(centred, v.slice(0, 0, 2).t());
    const auto low = points.amin(0);
    return (points - low) / (points.amax(0) - low).clamp_min(1e-6);
}

/// As many hues as classes, light and dark by turns.
std::string colourOf(std::size_t n, std::size_t count)
{
    std::ostringstream out;
    out << "hsl(" << 360 * n / std::max<std::size_t>(1, count) << " 65% " << (n % 2 == 0 ? 40 : 58) << "%)";
    return out.str();
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
