#include "inference/training/Contrast.h"

#include "inference/icmoe/Dilation.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <set>

namespace icmoe::training {
namespace {

constexpr double kCovered = 0.5;
constexpr std::int64_t kSide = 64;

at::Tensor flags(const std::vector<int>& classes, int wanted)
{
    auto result = at::zeros({static_cast<std::int64_t>(classes.size())}, at::kBool);
    for (std::size_t n = 0; n < classes.size(); ++n) {
        if (classes[n] == wanted) {
            result[static_cast<std::int64_t>(n)] = true;
        }
    }
    return result;
}

/// ω of every key for anchors of one class; its mean over `negative` is 1.
at::Tensor negativeWeights(const std::vector<int>& keyClasses, const at::Tensor& negative, int anchorClass,
                           const std::map<int, at::Tensor>& centres, double sharpness)
{
    std::vector<float> values(keyClasses.size(), 1);
    const auto own = centres.find(anchorClass);
    if (own != centres.end() && sharpness != 0) {
        std::map<int, float> ofClass;
        for (const auto& [one, centre] : centres) {
            const double cosine = at::dot(own->second, centre).item<double>();
            ofClass.emplace(one, static_cast<float>(std::exp(sharpness * cosine)));
        }
        for (std::size_t n = 0; n < keyClasses.size(); ++n) {
            const auto found = ofClass.find(keyClasses[n]);
            values[n] = found != ofClass.end() ? found->second : 1;
        }
    }
    const auto weights = at::tensor(at::ArrayRef<float>(values)).to(negative.device());
    const auto count = negative.sum().item<double>();
    const auto mean = count > 0 ? weights.masked_select(negative).mean() : at::ones({}, weights.options());
    return weights / mean;
}

std::vector<std::int64_t> some(std::vector<std::int64_t> list, std::size_t most, Random& random)
{
    for (std::size_t n = 0; n < std::min(most, list.size()); ++n) { // the first ones of a shuffle
        std::swap(list[n], list[n + random.below(list.size() - n)]);
    }
    list.resize(std::min(most, list.size()));
    return list;
}

template<typename Condition>
std::vector<std::int64_t> cellsWhere(const Condition& condition)
{
    std::vector<std::int64_t> cells;
    for (std::int64_t n = 0; n < kSide * kSide; ++n) {
        if (condition(n)) {
            cells.push_back(n);
        }
    }
    return cells;
}

} // namespace

at::Tensor contrastiveLoss(const Embedded& anchors, const Embedded& keys, const std::map<int, at::Tensor>& centres,
                           const ContrastOptions& options)
{
    if (anchors.classes.empty() || keys.classes.empty()) {
        return anchors.vectors.defined() ? 0 * anchors.vectors.sum() : at::zeros({});
    }
    std::vector<at::Tensor> losses;
    const std::set<int> classes(anchors.classes.begin(), anchors.classes.end());
    for (const int one : classes) {
        const auto device = anchors.vectors.device();
        const auto own = flags(anchors.classes, one).to(device).nonzero().flatten();
        const auto positive = flags(keys.classes, one).to(device);
        const auto negative = positive.logical_not();
        if (!positive.any().item<bool>() || !negative.any().item<bool>()) {
            continue;
        }
        const auto scores =
            at::matmul(anchors.vectors.index_select(0, own), keys.vectors.t()) / options.temperature; // A×K
        const auto weights = negativeWeights(keys.classes, negative, one, centres, options.sharpness);
        const auto ofNegatives =
            (scores + weights.log()).masked_fill(positive.unsqueeze(0), -INFINITY).logsumexp(1, true); // A×1
        const auto ofPositives = scores.index_select(1, positive.nonzero().flatten());                 // A×P
        losses.push_back((at::logaddexp(ofPositives, ofNegatives) - ofPositives).mean(1));
    }
    return losses.empty() ? 0 * anchors.vectors.sum() : at::cat(losses).mean();
}

void MemoryBank::add(int classIndex, const at::Tensor& vectors, std::size_t picture)
{
    auto& entries = m_entries[classIndex];
    for (std::int64_t n = 0; n < vectors.size(0); ++n) {
        entries.push_back({vectors[n].detach().clone(), picture});
    }
    if (entries.size() > m_perClass) {
        entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(m_perClass));
    }
}

Embedded MemoryBank::keysWithout(const std::vector<std::size_t>& pictures) const
{
    Embedded keys;
    std::vector<at::Tensor> vectors;
    for (const auto& [classIndex, entries] : m_entries) {
        for (const auto& entry : entries) {
            if (std::find(pictures.begin(), pictures.end(), entry.picture) == pictures.end()) {
                vectors.push_back(entry.vector);
                keys.classes.push_back(classIndex);
            }
        }
    }
    if (!vectors.empty()) {
        keys.vectors = at::stack(vectors);
    }
    return keys;
}

std::map<int, at::Tensor> MemoryBank::centres() const
{
    std::map<int, at::Tensor> centres;
    for (const auto& [classIndex, entries] : m_entries) {
        std::vector<at::Tensor> vectors;
        for (const auto& entry : entries) {
            vectors.push_back(entry.vector);
        }
        const auto mean = at::stack(vectors).mean(0);
        centres.emplace(classIndex, mean / mean.norm().clamp_min(1e-6));
    }
    return centres;
}

std::size_t MemoryBank::size() const
{
    std::size_t sum = 0;
    for (const auto& [classIndex, entries] : m_entries) {
        sum += entries.size();
    }
    return sum;
}

std::vector<std::int64_t> anchorCells(const at::Tensor& cover, const at::Tensor& p, std::size_t most, Random& random)
{
    const auto inside = cover.cpu().flatten().contiguous();
    const auto answer = p.cpu().flatten().contiguous();
    const auto border = dilated((1 - cover).unsqueeze(0), 1).cpu().flatten().contiguous();
    const auto* covered = inside.const_data_ptr<float>();
    const auto* probability = answer.const_data_ptr<float>();
    const auto* nearBorder = border.const_data_ptr<float>();
    const auto isHard = [&](std::int64_t n) { return probability[n] < 0.75F || nearBorder[n] > kCovered; };
    auto hard = some(cellsWhere([&](auto n) { return covered[n] >= kCovered && isHard(n); }), most / 2, random);
    const auto easy =
        some(cellsWhere([&](auto n) { return covered[n] >= kCovered && !isHard(n); }), most - hard.size(), random);
    hard.insert(hard.end(), easy.begin(), easy.end());
    return hard;
}

std::vector<std::int64_t> backgroundCells(const at::Tensor& cover, bool near, std::size_t most, Random& random)
{
    const auto around = dilated(cover.unsqueeze(0), 4).cpu().flatten().contiguous();
    const auto inside = cover.cpu().flatten().contiguous();
    const auto* close = around.const_data_ptr<float>();
    const auto* covered = inside.const_data_ptr<float>();
    return some(cellsWhere([&](auto n) { return covered[n] < 0.01F && (close[n] > kCovered) == near; }), most, random);
}

Embedded centred(const Embedded& embedded)
{
    std::map<int, std::vector<at::Tensor>> ofClass;
    for (std::size_t n = 0; n < embedded.classes.size(); ++n) {
        ofClass[embedded.classes[n]].push_back(embedded.vectors[static_cast<std::int64_t>(n)]);
    }
    std::vector<at::Tensor> means;
    for (const auto& [name, vectors] : ofClass) {
        means.push_back(at::stack(vectors).mean(0));
    }
    const auto from = embedded.vectors - at::stack(means).mean(0);
    return {from / from.norm(2, at::IntArrayRef{1}, true).clamp_min(1e-6), embedded.classes};
}

Cohesion cohesionOf(const Embedded& embedded)
{
    Cohesion cohesion;
    if (embedded.classes.size() < 2) {
        return cohesion;
    }
    const auto cosines = at::matmul(embedded.vectors, embedded.vectors.t());
    const auto ids = at::tensor(at::ArrayRef<int>(embedded.classes), at::kInt);
    const auto same = ids.unsqueeze(0) == ids.unsqueeze(1);
    const auto other = at::eye(ids.size(0)).to(at::kBool).logical_not();
    const auto within = cosines.masked_select(same.logical_and(other));
    const auto between = cosines.masked_select(same.logical_not());
    cohesion.within = within.numel() > 0 ? within.mean().item<double>() : 0;
    cohesion.between = between.numel() > 0 ? between.mean().item<double>() : 0;
    return cohesion;
}

} // namespace icmoe::training
