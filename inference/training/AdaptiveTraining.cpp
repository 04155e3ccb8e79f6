#include "inference/training/Losses.h"
#include "inference/training/RoutedTraining.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <algorithm>
#include <cmath>
#include <deque>
#include <numbers>
#include <numeric>

namespace icmoe::training {
namespace {

constexpr std::size_t kWindow = 256; // cases over which use is balanced
constexpr double kLeastCount = 0.2;  // of a case that the basic experts have solved
constexpr double kOwnShare = 0.3;    // of each expert's own mask in the loss, beside the two together

const std::vector<std::string> kRouterNames = {"router.0.weight", "router.0.bias",       "router.1.weight",
                                               "router.1.bias",   "router.noise.weight", "router.noise.bias"};

Opening drawOpening(Random& random)
{
    const double u = random.uniform();
    return u < 0.6 ? Opening::click : u < 0.85 ? Opening::box : Opening::scribble;
}

at::Tensor normalCdf(const at::Tensor& x)
{
    return 0.5 * (1 + at::erf(x / std::numbers::sqrt2));
}

class AdaptiveTrainer {
public:
    AdaptiveTrainer(const Council& council, ViewLibrary& library, NamedTensors routing, const RoutedOptions& options)
        : m_council(council)
        , m_library(library)
        , m_options(options)
        , m_sampler(library, options.setWeights, options.views)
        , m_routing(std::move(routing))
        , m_usage(static_cast<std::size_t>(options.experts), 0)
    {
        auto all = beginning(options, council.pack()).tensors();
        const auto device = all.begin()->second.device();
        const auto fresh = Routing::fresh(options.experts, seedOf(options.seed, "router"));
        m_routing = on(device, m_routing);
        for (const auto& name : kRouterNames) {
            const auto& begin = options.beginRouting.contains(name) ? options.beginRouting : fresh;
            m_routing[name] = begin.at(name).to(device, at::kFloat, false, true); // a copy
            all.emplace("routing." + name, m_routing.at(name));
        }
        m_optimizer = std::make_unique<AdamW>(all, AdamW::Options{.rate = options.rate});
    }

    Status run(const StepProgress& progress, const std::stop_token& stop)
    {
        return runSteps(
            *m_optimizer, m_options, m_report, [this](int step) { return trainStep(step); }, progress, stop);
    }

    RoutedResult result() const
    {
        RoutedResult result;
        result.routing = m_routing;
        ExpertParameters::Tensors experts;
        for (auto& [name, tensor] : m_optimizer->averaged()) {
            if (name.starts_with("routing.")) {
                result.routing[name.substr(8)] = tensor;
            } else {
                experts.emplace(name, tensor);
            }
        }
        for (auto& [name, tensor] : result.routing) {
            tensor = tensor.detach().clone();
        }
        result.experts = ExpertParameters(std::move(experts));
        result.usage = m_usage;
        const double sum = std::max(1.0, std::accumulate(m_usage.begin(), m_usage.end(), 0.0));
        for (double& share : result.usage) {
            share /= sum;
        }
        return result;
    }

private:
    /// What the router sees of the batch, and the first answers.
    struct Routed {
        at::Tensor pooled;
        at::Tensor summary;
        at::Tensor statistics;
        std::vector<double> counts; ///< how much each case counts
    };

    Result<Routed> firstAnswers(std::vector<TrainingCase>& cases)
    {
        const at::NoGradGuard noGrad;
        const auto asked = basicAnswers(m_council, m_library, cases, m_options.bf16);
        if (!asked) {
            return fail(asked.error());
        }
        const auto& answers = *asked;
        std::vector<at::Tensor> pooled;
        std::vector<at::Tensor> statistics;
        Routed routed;
        routed.summary = answers.summary;
        for (std::size_t n = 0; n < cases.size(); ++n) {
            const auto index = static_cast<std::int64_t>(n);
            const auto& view = m_library.views()[cases[n].view];
            const auto features = m_library.features(cases[n].view);
            if (!features) {
                return fail(features.error());
            }
            cases[n].previous = answers.logits[index].sigmoid();
            const auto picture = m_council.prepare(*features, view.grid);
            const auto reading = readPrompts(canonicalOrder(cases[n].prompts), view.grid);
            const auto base = m_council.secondPass(picture, cases[n].previous);
            pooled.push_back(Routing::pooled(picture.embedding[0], cases[n].previous));
            statistics.push_back(Council::caseStatistics(picture, reading, cases[n].previous,
                                                         base ? base->logits.sigmoid() : cases[n].previous));
            const double dice = outcomeOf(answers.logits[index], view, cases[n].object->truth).dice;
            routed.counts.push_back(kLeastCount + (1 - kLeastCount) * (1 - dice));
        }
        routed.pooled = at::stack(pooled);
        routed.statistics = at::stack(statistics);
        return routed;
    }

    Status trainStep(int step)
    {
        Random random(seedOf(m_options.seed, "adaptive " + std::to_string(step)));
        std::vector<TrainingCase> cases;
        for (int n = 0; n < m_options.batch; ++n) {
            cases.push_back(m_sampler.drawOpened(drawOpening, random));
        }
        const int earlier = drawEarlierClicks(random);
        const double share = m_options.workers->keepOwn(cases);
        const auto basic = [this](const auto& asked) {
            return basicAnswers(m_council, m_library, asked, m_options.bf16);
        };
        if (auto clicked = clickAhead(m_library, earlier, basic, cases); !clicked) {
            return clicked;
        }
        m_optimizer->zeroGradients();
        const auto routed = firstAnswers(cases);
        if (!routed) {
            return fail(routed.error());
        }
        const Routing routing(m_routing);
        const auto scores = routing.scores(routed->pooled, routed->summary, routed->statistics);
        const auto deviation = routing.noise(routed->pooled, routed->summary, routed->statistics);
        auto noise = at::empty_like(scores, at::kCPU);
        auto* values = noise.data_ptr<float>();
        for (auto& one : cases) {
            for (int k = 0; k < m_options.experts; ++k) {
                *values++ = static_cast<float>(one.random.normal());
            }
        }
        const auto top = noisyTopTwo(scores, deviation, noise.to(scores.device()));
        auto loss = maskLosses(cases, *routed, top);
        if (!loss) {
            return fail(loss.error());
        }
        const auto total = share * *loss + m_options.loadBalance * balance(top);
        total.backward();
        follow(m_report.loss, total.item<double>());
        if (m_options.workers->count() > 1) {
            m_options.workers->sum(m_optimizer->gradients());
        }
        m_optimizer->step(rateFactor(step, m_options.steps));
        return {};
    }

    /// Every case goes to its two experts; the pair's answer is judged, and each one's own.
    Result<at::Tensor> maskLosses(const std::vector<TrainingCase>& cases, const Routed& routed, const NoisyTopTwo& top)
    {
        const auto chosen = top.chosen.cpu();
        std::vector<TrainingCase> pairs;
        for (std::size_t n = 0; n < cases.size(); ++n) {
            for (std::int64_t k = 0; k < 2; ++k) {
                pairs.push_back(cases[n]);
                pairs.back().expert = chosen[static_cast<std::int64_t>(n)][k].item<std::int64_t>();
                m_usage[static_cast<std::size_t>(pairs.back().expert)] += 1;
            }
        }
        const auto batch = batchOf(m_library, pairs, m_options.restyle);
        if (!batch) {
            return fail(batch.error());
        }
        const auto answers = answered(m_council.experts(), experts(), *batch, m_options.bf16);
        std::vector<at::Tensor> losses;
        double dice = 0;
        for (std::size_t n = 0; n < cases.size(); ++n) {
            const auto index = static_cast<std::int64_t>(n);
            const auto& view = m_library.views()[cases[n].view];
            const auto truth = truthTensor(cases[n].object->truth, answers.logits.device());
            at::Tensor p = at::zeros({});
            at::Tensor own = at::zeros({});
            for (std::int64_t k = 0; k < 2; ++k) {
                const auto logits = onSlice(answers.logits[2 * index + k], view.grid);
                p = p + top.gates[index][k] * logits.sigmoid();
                const auto outcome = outcomeOf(answers.logits[2 * index + k], view, cases[n].object->truth);
                const auto error = answers.iou[2 * index + k] - outcome.iou;
                own = own + 0.5 * maskLoss(logits, truth) + 0.05 * error * error;
                dice += outcome.dice / (2.0 * static_cast<double>(cases.size()));
            }
            losses.push_back(routed.counts[n] * (maskLoss(at::logit(p, 1e-6), truth) + kOwnShare * own));
        }
        follow(m_report.firstDice, dice);
        return at::stack(losses).mean();
    }

    /// CV² of importance and load over the last cases; only this batch's share has gradients.
    at::Tensor balance(const NoisyTopTwo& top)
    {
        const auto count = static_cast<std::int64_t>(m_options.experts);
        const auto importance =
            at::zeros({top.gates.size(0), count}, top.gates.options()).scatter(1, top.chosen, top.gates).sum(0);
        const auto load = top.load.sum(0);
        // of all processes; the gradient of each goes through its own part alone, and the parts add up
        const auto all = at::stack({importance, load}).detach().clone();
        m_options.workers->sum({all});
        auto earlierImportance = all[0] - importance.detach();
        auto earlierLoad = all[1] - load.detach();
        for (const auto& [i, l] : m_window) {
            earlierImportance += i;
            earlierLoad += l;
        }
        const auto loss = loadBalanceLoss(importance + earlierImportance, load + earlierLoad);
        m_window.emplace_back(all[0], all[1]);
        while (m_window.size() * static_cast<std::size_t>(m_options.batch) > kWindow) {
            m_window.pop_front();
        }
        return loss;
    }

    ExpertParameters experts() const
    {
        ExpertParameters::Tensors tensors;
        for (const auto& [name, tensor] : m_optimizer->parameters()) {
            if (!name.starts_with("routing.")) {
                tensors.emplace(name, tensor);
            }
        }
        return ExpertParameters(std::move(tensors));
    }

    const Council& m_council;
    ViewLibrary& m_library;
    const RoutedOptions& m_options;
    CaseSampler m_sampler;
    NamedTensors m_routing; ///< its router shares the optimizer's tensors
    std::unique_ptr<AdamW> m_optimizer;
    std::deque<std::pair<at::Tensor, at::Tensor>> m_window;
    std::vector<double> m_usage;
    StepReport m_report;
};

} // namespace

NoisyTopTwo noisyTopTwo(const at::Tensor& scores, const at::Tensor& deviation, const at::Tensor& noise)
{
    const auto noisy = scores + deviation * noise;
    const auto [values, order] = noisy.sort(true, 1, true); // stable: ties go to the smaller number
    NoisyTopTwo top;
    top.chosen = order.slice(1, 0, 2).contiguous();
    top.gates = values.slice(1, 0, 2).softmax(1);
    // the score to beat with fresh noise: the second of the others, which is the third of all for those in the two
    const auto count = scores.size(1);
    const auto second = values.slice(1, 1, 2);
    const auto third = values.slice(1, std::min<std::int64_t>(2, count - 1), std::min<std::int64_t>(3, count));
    const auto isIn = noisy >= second;
    top.load = normalCdf((scores - at::where(isIn, third, second)) / deviation);
    return top;
}

Result<RoutedResult> trainAdaptiveExperts(const Council& council, ViewLibrary& library, const NamedTensors& routing,
                                          const RoutedOptions& options, const StepProgress& progress,
                                          std::stop_token stop)
{
    AdaptiveTrainer trainer(council, library, routing, options);
    if (auto done = trainer.run(progress, stop); !done) {
        return fail(done.error());
    }
    return trainer.result();
}

} // namespace icmoe::training
