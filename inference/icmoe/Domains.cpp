#include "inference/icmoe/Domains.h"

#include "inference/icmoe/TensorShapes.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

namespace icmoe {
namespace {

constexpr std::int64_t kCellsOfSide = 64;
constexpr std::int64_t kDimensions = 16;
constexpr std::int64_t kNeighbours = 3;
constexpr double kNowhere = 1e6; ///< the distance of what is no neighbour

/// The mean distance [N] of the nearest, of distances [N, M].
at::Tensor nearest(const at::Tensor& distances)
{
    const auto count = std::min(kNeighbours, distances.size(1));
    return std::get<0>(distances.topk(count, 1, false)).mean(1);
}

/// [N]: together, each set weighs as much as any other.
at::Tensor evenWeights(const std::vector<Domains::Picture>& pictures)
{
    std::map<std::string, double> sizes;
    for (const auto& picture : pictures) {
        ++sizes[picture.set];
    }
    std::vector<double> weights;
    for (const auto& picture : pictures) {
        weights.push_back(1 / (sizes.at(picture.set) * static_cast<double>(sizes.size())));
    }
    return at::tensor(at::ArrayRef<double>(weights), at::kDouble);
}

} // namespace

at::Tensor pictureSigns(const at::Tensor& embedding, const NetworkGrid& grid)
{
    const auto cells = [](int pixels) { return (pixels + 3) / 4; };
    const auto used = embedding.to(at::kFloat)
                          .view({kCellsOfSide, kCellsOfSide, -1})
                          .slice(0, 0, cells(grid.usedHeight))
                          .slice(1, 0, cells(grid.usedWidth))
                          .flatten(0, 1);
    const auto mean = used.mean(0);
    return at::cat({mean, (used - mean).square().mean(0).sqrt()});
}

NamedTensors Domains::fitted(const std::vector<Picture>& pictures)
{
    std::vector<at::Tensor> rows;
    for (const auto& picture : pictures) {
        rows.push_back(picture.signs);
    }
    auto related = at::zeros({static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.size())});
    for (std::size_t a = 0; a < pictures.size(); ++a) {
        for (std::size_t b = 0; b < pictures.size(); ++b) {
            if (pictures[a].source == pictures[b].source) {
                related[static_cast<std::int64_t>(a)][static_cast<std::int64_t>(b)] = kNowhere;
            }
        }
    }
    if (rows.empty() || (related > 0).all().item<bool>()) {
        throw std::invalid_argument("domains need several pictures");
    }
    const auto signs = at::stack(rows).to(at::kDouble);
    NamedTensors parameters;
    parameters["mean"] = signs.mean(0).to(at::kFloat);
    parameters["scale"] = (1 / ((signs - signs.mean(0)).square().mean(0).sqrt() + 1e-3)).to(at::kFloat);
    const auto even = (signs - parameters["mean"]) * parameters["scale"];
    const auto covariance = at::matmul((even * evenWeights(pictures).unsqueeze(1)).t(), even);
    const auto axes = std::get<1>(at::linalg_eigh(covariance)); // ascending
    parameters["axes"] = axes.slice(1, kPictureSigns - kDimensions).to(at::kFloat).contiguous();
    parameters["pictures"] = at::matmul(even.to(at::kFloat), parameters["axes"]);
    const auto distances = at::cdist(parameters["pictures"], parameters["pictures"]) + related;
    parameters["apart"] = nearest(distances).median().view({1});
    return parameters;
}

Domains::Domains(NamedTensors parameters)
    : m_parameters(std::move(parameters))
{
    const auto pictures = m_parameters.find("pictures");
    const auto count = pictures != m_parameters.end() && pictures->second.dim() == 2 ? pictures->second.size(0) : 1;
    requireShapes(m_parameters,
                  {{"mean", {kPictureSigns}},
                   {"scale", {kPictureSigns}},
                   {"axes", {kPictureSigns, kDimensions}},
                   {"pictures", {count, kDimensions}},
                   {"apart", {1}}},
                  "the domains");
}

double Domains::strangeness(const at::Tensor& signs) const
{
    const auto& get = m_parameters;
    const auto place = at::matmul((signs - get.at("mean")) * get.at("scale"), get.at("axes"));
    const auto distance = nearest((get.at("pictures") - place).square().sum(1).sqrt().unsqueeze(0));
    return std::log2(std::max(1e-6, (distance / get.at("apart")).item<double>()));
}

} // namespace icmoe
