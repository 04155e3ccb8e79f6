#include "inference/icmoe/LabelSearch.h"

#include "core/mask/Metrics.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <cctype>

namespace icmoe {
namespace {

constexpr int kSide = 64;               ///< cells
constexpr double kCell = 4;             ///< network pixels
constexpr double kLeastLikeness = 0.45; ///< cosine of the best cell
constexpr double kLeastContrast = 0.2;  ///< of the best cell to the slice's median
constexpr double kEdge = 0.6;           ///< between median and best

std::string lowered(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// Cosines [h, w] of the used cells to a prototype, smoothed over 3 × 3.
at::Tensor likeness(const Routing& routing, std::int64_t classIndex, const at::Tensor& embedding,
                    const NetworkGrid& grid)
{
    const auto prototype = routing.parameters().at("prototypes")[classIndex];
    const auto cosines = at::matmul(routing.project(embedding), prototype).view({1, 1, kSide, kSide});
    const auto smooth = at::avg_pool2d(cosines, {3, 3}, {1, 1}, {1, 1}, false, false)[0][0];
    const auto cells = [](int used) { return (used + int(kCell) - 1) / int(kCell); };
    return smooth.slice(0, 0, cells(grid.usedHeight)).slice(1, 0, cells(grid.usedWidth)).contiguous();
}

} // namespace

std::optional<std::int64_t> classNamed(const std::vector<std::string>& classes, const std::string& name)
{
    const auto found = std::find_if(classes.begin(), classes.end(),
                                    [wanted = lowered(name)](const std::string& c) { return lowered(c) == wanted; });
    return found != classes.end() ? std::optional<std::int64_t>(found - classes.begin()) : std::nullopt;
}

Result<BoxPrompt> findClass(const Routing& routing, std::int64_t classIndex, const at::Tensor& embedding,
                            const NetworkGrid& grid)
{
    const auto map = likeness(routing, classIndex, embedding, grid);
    const double best = map.max().item<double>();
    const double median = map.median().item<double>();
    if (best < kLeastLikeness || best - median < kLeastContrast) {
        return fail(ErrorCode::notFound, "nothing on this slice stands out as that structure", {},
                    "Click inside it, or draw a box around it");
    }
    const auto inside = (map >= median + kEdge * (best - median)).to(at::kCPU, at::kByte).contiguous();
    const auto* cells = inside.const_data_ptr<std::uint8_t>();
    const auto pieces = connectedComponents(SliceMask::fromBitmap(
        std::vector<std::uint8_t>(cells, cells + inside.numel()), int(map.size(1)), int(map.size(0))));
    const auto box = pieces.front().bounds().value();
    const auto column = [&](double cell) { return std::clamp(cell * kCell / grid.scaleX(), 0.0, grid.width - 1.0); };
    const auto row = [&](double cell) { return std::clamp(cell * kCell / grid.scaleY(), 0.0, grid.height - 1.0); };
    return BoxPrompt{column(box.x0), row(box.y0), column(box.x1 + 1), row(box.y1 + 1)};
}

} // namespace icmoe
