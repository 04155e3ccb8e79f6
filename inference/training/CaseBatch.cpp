#include "inference/training/CaseBatch.h"

#include "core/mask/Metrics.h"
#include "inference/icmoe/PromptReading.h"
#include "inference/training/Losses.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <algorithm>
#include <map>
#include <numeric>

namespace icmoe::training {
namespace {

constexpr double kIouShare = 0.05;

/// A value, then one of its parts by their areas: fragments of a vessel tree are asked about as rarely as an
/// annotator's click on the tree would hit them.
const TrainingObject* drawObject(const std::vector<TrainingObject>& objects, Random& random)
{
    std::map<int, std::vector<const TrainingObject*>> values;
    for (const auto& object : objects) {
        values[object.value].push_back(&object);
    }
    const auto& parts = std::next(values.begin(), static_cast<std::ptrdiff_t>(random.below(values.size())))->second;
    std::vector<std::size_t> pixels; // cumulative
    std::transform_inclusive_scan(parts.begin(), parts.end(), std::back_inserter(pixels), std::plus<>(),
                                  [](const TrainingObject* part) { return part->truth.area(); });
    const auto hit = std::upper_bound(pixels.begin(), pixels.end(), random.below(pixels.back()));
    return parts[static_cast<std::size_t>(hit - pixels.begin())];
}

/// A gain and an offset for every channel of every sample: features [N, …]. What is drawn for a sample depends on its
/// own numbers alone.
at::Tensor restyled(const at::Tensor& features, std::int64_t channels, double strength, std::vector<Random>& randoms)
{
    if (strength <= 0) {
        return features;
    }
    std::vector<std::int64_t> others;
    for (std::int64_t n = 1; n < features.dim(); ++n) {
        if (n != channels) {
            others.push_back(n);
        }
    }
    const auto mean = features.mean(others, true);
    const auto deviation = (features - mean).square().mean(others, true).sqrt();
    const auto values = features.size(channels);
    auto drawn = at::empty({2, features.size(0), values});
    auto* gains = drawn.data_ptr<float>();
    auto* offsets = gains + features.size(0) * values;
    for (Random& random : randoms) {
        const auto draw = [&] { return static_cast<float>(strength * random.normal()); };
        gains = std::generate_n(gains, values, draw);
        offsets = std::generate_n(offsets, values, draw);
    }
    const auto styles = drawn.to(features.device());
    return mean + (features - mean) * (1 + styles[0].view(mean.sizes())) + deviation * styles[1].view(mean.sizes());
}

/// Maps of several samples there. Most channels are empty, and the way to another device is slow.
at::Tensor mapsOn(at::Device device, const std::vector<PromptReading>& readings)
{
    const auto count = static_cast<std::int64_t>(readings.size());
    auto all = at::zeros({count, kPromptMaps, kNetworkSide, kNetworkSide}, at::TensorOptions(device));
    for (std::int64_t n = 0; n < count; ++n) {
        for (std::int64_t channel = 0; channel < kPromptMaps; ++channel) {
            const auto map = readings[static_cast<std::size_t>(n)].maps[0][channel];
            if (map.any().item<bool>()) {
                all[n][channel].copy_(map);
            }
        }
    }
    return all;
}

/// LibTorch's autocast on this thread for as long as it lives.
class Bf16Products {
public:
    explicit Bf16Products(bool wanted)
        : m_wanted(wanted)
    {
        if (m_wanted) {
            for (const auto device : kDevices) {
                at::autocast::set_autocast_dtype(device, at::kBFloat16);
                at::autocast::set_autocast_enabled(device, true);
            }
        }
    }
    ~Bf16Products()
    {
        if (m_wanted) {
            for (const auto device : kDevices) {
                at::autocast::set_autocast_enabled(device, false);
            }
            at::autocast::clear_cache();
        }
    }
    Bf16Products(const Bf16Products&) = delete;
    Bf16Products& operator=(const Bf16Products&) = delete;

private:
    static constexpr at::DeviceType kDevices[] = {at::kCPU, at::kCUDA};
    bool m_wanted;
};

} // namespace

Result<ExpertBatch> batchOf(ViewLibrary& library, const std::vector<TrainingCase>& cases, double restyle)
{
    std::vector<at::Tensor> embedding;
    std::vector<at::Tensor> half;
    std::vector<at::Tensor> full;
    std::vector<at::Tensor> image;
    std::vector<Random> randoms;
    std::vector<PromptReading> readings;
    ExpertBatch batch;
    std::int64_t tokens = 0;
    for (const auto& one : cases) {
        const auto features = library.features(one.view);
        if (!features) {
            return fail(features.error());
        }
        embedding.push_back(features->embedding);
        if (features->hasTaps()) {
            half.push_back(features->half);
            full.push_back(features->full);
        }
        image.push_back(features->image);
        randoms.push_back(one.random); // a copy: what is drawn here changes no later prompt
        readings.push_back(readPrompts(canonicalOrder(one.prompts), library.views()[one.view].grid));
        tokens = std::max(tokens, readings.back().kinds.size(1));
        batch.experts.push_back(one.expert);
    }
    std::vector<at::Tensor> points;
    std::vector<at::Tensor> kinds;
    for (const auto& reading : readings) {
        const auto missing = tokens - reading.kinds.size(1);
        points.push_back(at::constant_pad_nd(reading.points[0], {0, 0, 0, missing}, 0));
        kinds.push_back(at::constant_pad_nd(reading.kinds[0], {0, missing}, static_cast<double>(kNoToken)));
    }
    batch.embedding = restyled(at::stack(embedding).to(at::kFloat), 2, restyle, randoms);
    if (!half.empty()) {
        batch.half = restyled(at::stack(half).to(at::kFloat), 1, restyle, randoms);
        batch.full = restyled(at::stack(full).to(at::kFloat), 1, restyle, randoms);
    }
    batch.image = at::stack(image).to(at::kFloat) / 255;
    const auto device = batch.embedding.device();
    batch.maps = mapsOn(device, readings);
    for (std::size_t n = 0; n < cases.size(); ++n) {
        if (cases[n].previous.defined() && !readings[n].hasMask) {
            batch.maps[static_cast<std::int64_t>(n)][kPreviousMask].copy_(cases[n].previous);
        }
    }
    batch.points = at::stack(points).to(device);
    batch.kinds = at::stack(kinds).to(device);
    return batch;
}

ExpertAnswers inBf16(bool wanted, const std::function<ExpertAnswers()>& answer)
{
    const Bf16Products products(wanted);
    auto answers = answer();
    for (auto* tensor : {&answers.logits, &answers.iou, &answers.summary, &answers.cells}) {
        if (tensor->defined()) {
            *tensor = tensor->to(at::kFloat);
        }
    }
    return answers;
}

ExpertAnswers answered(const ExpertDecoder& decoder, const ExpertParameters& experts, const ExpertBatch& batch,
                       bool bf16)
{
    return inBf16(bf16, [&] { return decoder(experts, batch); });
}

CaseOutcome outcomeOf(const at::Tensor& logits, const View& view, const SliceMask& truth)
{
    return outcomeOf(onSlice(logits.detach(), view.grid), truth);
}

CaseOutcome outcomeOf(const at::Tensor& logitsOnSlice, const SliceMask& truth)
{
    CaseOutcome outcome;
    outcome.answer = maskAbove(logitsOnSlice);
    outcome.dice = icmoe::dice(outcome.answer, truth);
    outcome.iou = icmoe::iou(outcome.answer, truth);
    return outcome;
}

BatchLoss lossOf(const ViewLibrary& library, const std::vector<TrainingCase>& cases, const ExpertAnswers& answers)
{
    BatchLoss result;
    std::vector<at::Tensor> losses;
    for (std::size_t n = 0; n < cases.size(); ++n) {
        const auto index = static_cast<std::int64_t>(n);
        const View& view = library.views()[cases[n].view];
        const auto& truth = cases[n].object->truth;
        const auto logits = onSlice(answers.logits[index], view.grid);
        result.outcomes.push_back(outcomeOf(logits.detach(), truth));
        const auto error = answers.iou[index] - result.outcomes.back().iou;
        losses.push_back(maskLoss(logits, truthTensor(truth, logits.device())) + kIouShare * error * error);
    }
    result.loss = at::stack(losses).mean();
    return result;
}

void correct(std::vector<TrainingCase>& cases, const std::vector<CaseOutcome>& outcomes)
{
    for (std::size_t n = 0; n < cases.size(); ++n) {
        if (const auto click = correctingClick(cases[n].object->truth, outcomes[n].answer, cases[n].random)) {
            addClick(cases[n].prompts, *click);
        }
    }
}

int drawEarlierClicks(Random& random)
{
    const double u = random.uniform();
    return u < 0.55 ? 0 : u < 0.75 ? 1 : u < 0.9 ? 2 : 4;
}

std::int64_t basicFor(Opening opening)
{
    return opening == Opening::click ? kClickExpert : opening == Opening::box ? kBoxExpert : kStrokeExpert;
}

Result<ExpertAnswers> basicAnswers(const Council& council, ViewLibrary& library, const std::vector<TrainingCase>& cases,
                                   bool bf16)
{
    const at::NoGradGuard noGrad;
    auto asked = cases;
    for (auto& one : asked) {
        one.expert = one.basic;
        one.previous = at::Tensor();
    }
    const auto batch = batchOf(library, asked);
    if (!batch) {
        return fail(batch.error());
    }
    return answered(council.experts(), council.pack().basic, *batch, bf16);
}

Status clickAhead(const ViewLibrary& library, int clicks,
                  const std::function<Result<ExpertAnswers>(const std::vector<TrainingCase>&)>& answer,
                  std::vector<TrainingCase>& cases)
{
    for (int n = 0; n < clicks; ++n) {
        const auto answers = answer(cases);
        if (!answers) {
            return fail(answers.error());
        }
        std::vector<CaseOutcome> outcomes;
        for (std::size_t k = 0; k < cases.size(); ++k) {
            outcomes.push_back(outcomeOf(answers->logits[static_cast<std::int64_t>(k)], library.views()[cases[k].view],
                                         cases[k].object->truth));
        }
        correct(cases, outcomes);
    }
    return {};
}

CaseSampler::CaseSampler(const ViewLibrary& library, const std::map<std::string, double>& weights,
                         const std::vector<std::size_t>& views)
    : m_library(library)
{
    std::map<std::string, std::vector<std::size_t>> sets;
    const auto add = [&](std::size_t view) { sets[library.views()[view].set].push_back(view); };
    if (views.empty()) {
        for (std::size_t view = 0; view < library.views().size(); ++view) {
            add(view);
        }
    } else {
        std::for_each(views.begin(), views.end(), add);
    }
    double sum = 0;
    for (auto& [name, list] : sets) {
        const auto weight = weights.find(name);
        sum += weight != weights.end() ? weight->second : 1.0;
        m_sets.push_back(std::move(list));
        m_shares.push_back(sum);
    }
}

TrainingCase CaseSampler::draw(Random& random) const
{
    const double at = random.uniform(0, m_shares.back());
    const auto set =
        static_cast<std::size_t>(std::upper_bound(m_shares.begin(), m_shares.end(), at) - m_shares.begin());
    const auto& views = m_sets[std::min(set, m_sets.size() - 1)];
    TrainingCase one;
    one.view = views[random.below(views.size())];
    one.object = drawObject(m_library.views()[one.view].objects, random);
    one.random = Random(random.next());
    return one;
}

TrainingCase CaseSampler::drawOpened(Opening (*drawOpening)(Random&), Random& random) const
{
    auto one = draw(random);
    const auto opening = drawOpening(random);
    one.prompts = openWith(opening, one.object->truth, random);
    one.basic = basicFor(opening);
    return one;
}

} // namespace icmoe::training
