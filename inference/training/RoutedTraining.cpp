#include "inference/training/RoutedTraining.h"

#include "inference/training/Losses.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>

namespace icmoe::training {
namespace {

constexpr std::size_t kAnchors = 64;
constexpr std::size_t kBankPerClass = 128;
constexpr double kMomentum = 0.99;
constexpr double kRouteTemperature = 0.1;
constexpr double kRouteShare = 0.1;
constexpr int kRegionsOfClass = 24; ///< for the first prototypes

at::Tensor unit(const at::Tensor& x)
{
    return x / x.norm(2, at::IntArrayRef{-1}, true).clamp_min(1e-6);
}

/// The share of every cell under a mask: [64, 64].
at::Tensor coverOf(const SliceMask& truth, const NetworkGrid& grid)
{
    return at::avg_pool2d(maskOnNetwork(truth, grid).unsqueeze(0).unsqueeze(0), 4)[0][0];
}

Opening drawOpening(Random& random)
{
    const double u = random.uniform();
    return u < 0.5 ? Opening::click : u < 0.78 ? Opening::box : u < 0.9 ? Opening::scribble : Opening::lasso;
}

class SemanticTrainer {
public:
    SemanticTrainer(const Council& council, ViewLibrary& library, const RoutedOptions& options)
        : m_council(council)
        , m_library(library)
        , m_options(options)
        , m_sampler(library, options.setWeights, options.views)
        , m_bank(kBankPerClass)
    {
        auto all = beginning(options, council.pack()).tensors();
        m_device = all.begin()->second.device();
        m_routing = on(m_device, Routing::fresh(4, options.seed));
        for (const char* name : {"g.0.weight", "g.0.bias", "g.1.weight", "g.1.bias"}) {
            if (options.beginRouting.contains(name)) {
                m_routing[name] = options.beginRouting.at(name).to(m_device, at::kFloat, false, true); // a copy
            }
            all.emplace(std::string("routing.") + name, m_routing.at(name));
        }
        m_optimizer = std::make_unique<AdamW>(all, AdamW::Options{.rate = options.rate});
        for (const auto& [name, tensor] : m_routing) {
            m_slow.emplace(name, tensor.detach().clone()); // g follows with momentum
        }
    }

    Status run(const StepProgress& progress, const std::stop_token& stop)
    {
        if (auto ready = findPrototypes(stop); !ready) {
            return ready;
        }
        return runSteps(
            *m_optimizer, m_options, m_report, [this](int step) { return trainStep(step); }, progress, stop);
    }

    RoutedResult result() const
    {
        const at::NoGradGuard noGrad;
        RoutedResult result;
        ExpertParameters::Tensors experts;
        NamedTensors routing = m_routing;
        for (auto& [name, tensor] : m_optimizer->averaged()) {
            if (name.starts_with("routing.")) {
                routing[name.substr(8)] = tensor;
            } else {
                experts.emplace(name, tensor);
            }
        }
        result.experts = ExpertParameters(std::move(experts));
        // where the classes lie now, by the regions that found the first prototypes
        const Routing learned(routing);
        const Embedded regions{learned.project(m_regions.vectors).cpu(), m_regions.classes};
        std::vector<at::Tensor> prototypes;
        for (int k = 0; k < classCount(); ++k) {
            std::vector<at::Tensor> own;
            for (std::size_t n = 0; n < regions.classes.size(); ++n) {
                if (regions.classes[n] == k) {
                    own.push_back(regions.vectors[static_cast<std::int64_t>(n)]);
                }
            }
            prototypes.push_back(own.empty() ? at::zeros({kMeaning}) : unit(at::stack(own).mean(0)));
        }
        routing["prototypes"] = at::stack(prototypes);
        routing["owner"] = at::tensor(at::ArrayRef<std::int64_t>(m_prototypes.owner), at::kLong);
        result.routing = std::move(routing);
        result.classes = m_library.classes();
        const Routing first(on(m_device, Routing::fresh(4, m_options.seed)));
        const auto& judged = m_heldOut.classes.empty() ? m_regions : m_heldOut;
        const Embedded begun{first.project(judged.vectors).cpu(), judged.classes};
        result.before = cohesionOf(begun);
        result.beforeCentred = cohesionOf(centred(begun));
        result.judged = {learned.project(judged.vectors).cpu(), judged.classes};
        result.after = cohesionOf(result.judged);
        result.afterCentred = cohesionOf(centred(result.judged));
        result.usage = m_usage;
        const double sum = std::max(1.0, std::accumulate(m_usage.begin(), m_usage.end(), 0.0));
        for (double& share : result.usage) {
            share /= sum;
        }
        return result;
    }

private:
    int classCount() const { return static_cast<int>(m_library.classes().size()); }

    Result<at::Tensor> regionOf(const TrainingCase& one)
    {
        const auto features = m_library.features(one.view);
        if (!features) {
            return fail(features.error());
        }
        const auto mask = maskOnNetwork(one.object->truth, m_library.views()[one.view].grid);
        return Routing::pooled(features->embedding.to(at::kFloat), mask);
    }

    /// Regions of every class, evenly over the given pictures.
    Status collectRegions(const std::function<bool(std::size_t)>& isMeant, const std::stop_token& stop,
                          Embedded& regions)
    {
        std::vector<std::vector<TrainingCase>> ofClass(static_cast<std::size_t>(classCount()));
        for (std::size_t v = 0; v < m_library.views().size(); ++v) {
            if (!isMeant(v)) {
                continue;
            }
            for (const auto& object : m_library.views()[v].objects) {
                TrainingCase one;
                one.view = v;
                one.object = &object;
                ofClass[static_cast<std::size_t>(object.classIndex)].push_back(std::move(one));
            }
        }
        std::vector<at::Tensor> vectors;
        for (std::size_t k = 0; k < ofClass.size(); ++k) {
            const auto& all = ofClass[k];
            const auto count = std::min<std::size_t>(all.size(), kRegionsOfClass);
            for (std::size_t n = 0; n < count; ++n) {
                if (stop.stop_requested()) {
                    return fail(ErrorCode::cancelled, "interrupted");
                }
                const auto region = regionOf(all[n * all.size() / count]);
                if (!region) {
                    return fail(region.error());
                }
                vectors.push_back(*region);
                regions.classes.push_back(static_cast<int>(k));
            }
        }
        if (!vectors.empty()) {
            regions.vectors = at::stack(vectors);
        }
        return {};
    }

    /// Regions that make the prototypes, those that only judge them, and who owns which class.
    Status findPrototypes(const std::stop_token& stop)
    {
        const std::set<std::size_t> taught(m_options.views.begin(), m_options.views.end());
        const auto isTaught = [&](std::size_t view) { return taught.empty() || taught.contains(view); };
        if (auto found = collectRegions(isTaught, stop, m_regions); !found) {
            return found;
        }
        if (auto found = collectRegions([&](std::size_t view) { return !isTaught(view); }, stop, m_heldOut); !found) {
            return found;
        }
        if (m_options.beginRouting.contains("owner")) { // each expert goes on with its own structures
            const auto owner = m_options.beginRouting.at("owner").cpu().contiguous();
            m_prototypes.owner.assign(owner.const_data_ptr<std::int64_t>(),
                                      owner.const_data_ptr<std::int64_t>() + owner.numel());
        } else {
            m_prototypes = dealClasses(m_regions, classCount(), m_options.experts);
        }
        m_usage.assign(static_cast<std::size_t>(m_options.experts), 0);
        return {};
    }

    /// The basic answer to every case's prompts: what semantic experts start from.
    Status addFirstAnswers(std::vector<TrainingCase>& cases)
    {
        const auto answers = basicAnswers(m_council, m_library, cases, m_options.bf16);
        if (!answers) {
            return fail(answers.error());
        }
        for (std::size_t n = 0; n < cases.size(); ++n) {
            cases[n].previous = answers->logits[static_cast<std::int64_t>(n)].sigmoid();
        }
        return {};
    }

    Status trainStep(int step)
    {
        Random random(seedOf(m_options.seed, "semantic " + std::to_string(step)));
        std::vector<TrainingCase> cases;
        for (int n = 0; n < m_options.batch; ++n) {
            auto one = m_sampler.drawOpened(drawOpening, random);
            one.expert = m_prototypes.owner[static_cast<std::size_t>(one.object->classIndex)];
            m_usage[static_cast<std::size_t>(one.expert)] += 1;
            cases.push_back(std::move(one));
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
        double loss = 0;
        for (int pass = 0; pass < 2; ++pass) {
            if (auto first = addFirstAnswers(cases); !first) {
                return first;
            }
            const auto batch = batchOf(m_library, cases, m_options.restyle);
            if (!batch) {
                return fail(batch.error());
            }
            const auto answers = answered(m_council.experts(), experts(), *batch, m_options.bf16);
            auto graded = lossOf(m_library, cases, answers);
            auto total = share * graded.loss;
            if (pass == 0) {
                if (m_options.contrast > 0) {
                    total = total + m_options.contrast * contrast(cases, answers);
                }
                auto routed = routingLoss(cases);
                if (!routed) {
                    return fail(routed.error());
                }
                total = total + kRouteShare * share * *routed;
            }
            (total * 0.5).backward();
            loss += 0.5 * total.item<double>();
            double dice = 0;
            for (const auto& outcome : graded.outcomes) {
                dice += outcome.dice / static_cast<double>(cases.size());
            }
            follow(pass == 0 ? m_report.firstDice : m_report.correctedDice, dice);
            correct(cases, graded.outcomes);
        }
        follow(m_report.loss, loss);
        if (m_options.workers->count() > 1) {
            m_options.workers->sum(m_optimizer->gradients());
        }
        m_optimizer->step(rateFactor(step, m_options.steps));
        moveSlowly();
        return {};
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

    /// Pixel embeddings of the batch against those of other pictures; the mean is over the anchors of all processes.
    at::Tensor contrast(std::vector<TrainingCase>& cases, const ExpertAnswers& answers)
    {
        const Routing fast(m_routing);
        const Routing slow(m_slow);
        Embedded anchors;
        std::vector<at::Tensor> vectors;
        std::vector<std::size_t> pictures;
        std::vector<BankEntries> fresh;
        for (std::size_t n = 0; n < cases.size(); ++n) {
            const auto index = static_cast<std::int64_t>(n);
            auto& random = cases[n].random;
            const auto& view = m_library.views()[cases[n].view];
            const auto cover = coverOf(cases[n].object->truth, view.grid);
            const auto p = at::avg_pool2d(answers.logits[index].detach().sigmoid().unsqueeze(0).unsqueeze(0), 4)[0][0];
            const auto take = [&](const std::vector<std::int64_t>& cells) {
                const auto places = at::tensor(at::ArrayRef<std::int64_t>(cells), at::kLong).to(m_device);
                return answers.cells[index].index_select(0, places);
            };
            pictures.push_back(cases[n].view);
            const int classIndex = cases[n].object->classIndex;
            if (const auto cells = anchorCells(cover, p, kAnchors, random); !cells.empty()) {
                const auto tokens = take(cells);
                vectors.push_back(fast.project(tokens));
                anchors.classes.insert(anchors.classes.end(), cells.size(), classIndex);
                const at::NoGradGuard noGrad;
                fresh.push_back({classIndex, slow.project(tokens.detach().slice(0, 0, 12)), cases[n].view});
            }
            const at::NoGradGuard noGrad;
            for (const bool near : {true, false}) {
                if (const auto cells = backgroundCells(cover, near, 8, random); !cells.empty()) {
                    fresh.push_back(
                        {near ? kNearBackground : kFarBackground, slow.project(take(cells).detach()), cases[n].view});
                }
            }
        }
        at::Tensor loss = at::zeros({});
        double counted = 0;
        if (!vectors.empty() && m_bank.size() > 0) {
            anchors.vectors = at::cat(vectors);
            const auto keys = m_bank.keysWithout(pictures);
            const std::set<int> known(keys.classes.begin(), keys.classes.end());
            counted = static_cast<double>(std::count_if(anchors.classes.begin(), anchors.classes.end(),
                                                        [&](int c) { return known.contains(c); }));
            loss = contrastiveLoss(anchors, keys, m_bank.centres(), {});
        }
        const auto all = at::full({1}, static_cast<float>(counted));
        m_options.workers->sum({all});
        for (const auto& one : ofAllProcesses(fresh)) {
            m_bank.add(one.classIndex, one.vectors, one.picture);
        }
        return counted > 0 ? loss * (counted / all.item<double>()) : loss;
    }

    struct BankEntries {
        int classIndex = 0;
        at::Tensor vectors; ///< [N, 64]
        std::size_t picture = 0;
    };
    /// In the order in which one process alone would have them.
    std::vector<BankEntries> ofAllProcesses(const std::vector<BankEntries>& own)
    {
        if (m_options.workers->count() == 1) {
            return own;
        }
        std::vector<float> values; // numbers below 2^24 are exact
        for (const auto& one : own) {
            const auto vectors = one.vectors.cpu().contiguous();
            values.insert(values.end(), {static_cast<float>(one.classIndex), static_cast<float>(one.picture),
                                         static_cast<float>(vectors.size(0))});
            values.insert(values.end(), vectors.const_data_ptr<float>(),
                          vectors.const_data_ptr<float>() + vectors.numel());
        }
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
        std::vector<BankEntries> all;
        for (const auto& part : m_options.workers->gather({bytes, bytes + values.size() * sizeof(float)})) {
            std::vector<float> numbers(part.size() / sizeof(float));
            std::memcpy(numbers.data(), part.data(), numbers.size() * sizeof(float));
            for (std::size_t at = 0; at + 3 <= numbers.size();) {
                const auto rows = static_cast<std::int64_t>(numbers[at + 2]);
                all.push_back({static_cast<int>(numbers[at]),
                               at::from_blob(numbers.data() + at + 3, {rows, kMeaning}).clone().to(m_device),
                               static_cast<std::size_t>(numbers[at + 1])});
                at += 3 + static_cast<std::size_t>(rows * kMeaning);
            }
        }
        return all;
    }

    /// The region under the first answer has to find its class among the regions that made the prototypes.
    Result<at::Tensor> routingLoss(const std::vector<TrainingCase>& cases)
    {
        const Routing fast(m_routing);
        at::Tensor centres;
        {
            const at::NoGradGuard noGrad;
            const auto projected = Routing(m_slow).project(m_regions.vectors);
            auto sums = at::zeros({classCount(), kMeaning}, projected.options());
            const auto ids = at::tensor(at::ArrayRef<int>(m_regions.classes), at::kInt).to(m_device, at::kLong);
            sums.index_add_(0, ids, projected);
            centres = unit(sums);
        }
        std::vector<at::Tensor> queries;
        std::vector<std::int64_t> classes;
        for (const auto& one : cases) {
            const auto features = m_library.features(one.view);
            if (!features) {
                return fail(features.error());
            }
            queries.push_back(Routing::pooled(features->embedding.to(at::kFloat), one.previous));
            classes.push_back(one.object->classIndex);
        }
        const auto scores = at::matmul(fast.project(at::stack(queries)), centres.t()) / kRouteTemperature;
        return at::cross_entropy_loss(scores, at::tensor(at::ArrayRef<std::int64_t>(classes), at::kLong).to(m_device));
    }

    /// The copy of g that the bank is made with.
    void moveSlowly()
    {
        const at::NoGradGuard noGrad;
        for (auto& [name, tensor] : m_slow) {
            tensor.mul_(kMomentum).add_(m_routing.at(name), 1 - kMomentum);
        }
    }

    const Council& m_council;
    ViewLibrary& m_library;
    const RoutedOptions& m_options;
    CaseSampler m_sampler;
    MemoryBank m_bank;
    at::Device m_device{at::kCPU};
    NamedTensors m_routing; ///< g shares the optimizer's tensors
    NamedTensors m_slow;
    std::unique_ptr<AdamW> m_optimizer;
    Embedded m_regions; ///< pooled embeddings [N, 256] and their classes
    Embedded m_heldOut; ///< the same of pictures that take no part
    Prototypes m_prototypes;
    std::vector<double> m_usage;
    StepReport m_report;
};

} // namespace

ExpertParameters beginning(const RoutedOptions& options, const Pack& pack)
{
    if (options.begin.count() == options.experts) {
        return options.begin.clone();
    }
    // the click expert knows what a prompt means; they learn what a structure is, and differ by the cases they are
    // given
    return pack.basic.chosen(std::vector<std::int64_t>(static_cast<std::size_t>(options.experts), kClickExpert));
}

Prototypes dealClasses(const Embedded& regions, int classes, int experts)
{
    const auto own = regions.vectors.cpu();
    const auto vectors = unit(own - own.mean(0));
    std::vector<at::Tensor> means;
    std::vector<double> sizes(static_cast<std::size_t>(classes), 0);
    for (int k = 0; k < classes; ++k) {
        std::vector<at::Tensor> ofClass;
        for (std::size_t n = 0; n < regions.classes.size(); ++n) {
            if (regions.classes[n] == k) {
                ofClass.push_back(vectors[static_cast<std::int64_t>(n)]);
            }
        }
        sizes[static_cast<std::size_t>(k)] = static_cast<double>(ofClass.size());
        means.push_back(ofClass.empty() ? at::zeros({vectors.size(1)}) : unit(at::stack(ofClass).mean(0)));
    }
    Prototypes prototypes;
    prototypes.vectors = at::stack(means);
    prototypes.owner.assign(static_cast<std::size_t>(classes), 0);
    // centres that start far from each other
    std::vector<std::int64_t> seeds{0};
    while (static_cast<int>(seeds.size()) < std::min(experts, classes)) {
        const auto chosen =
            prototypes.vectors.index_select(0, at::tensor(at::ArrayRef<std::int64_t>(seeds), at::kLong));
        const auto nearest = at::matmul(prototypes.vectors, chosen.t()).amax(1);
        seeds.push_back(nearest.argmin().item<std::int64_t>());
    }
    auto centres = prototypes.vectors.index_select(0, at::tensor(at::ArrayRef<std::int64_t>(seeds), at::kLong)).clone();
    const double total = std::accumulate(sizes.begin(), sizes.end(), 0.0);
    const double room = 1.3 * total / static_cast<double>(seeds.size());
    for (int round = 0; round < 10; ++round) {
        const auto cosines = at::matmul(prototypes.vectors, centres.t());
        std::vector<double> load(seeds.size(), 0);
        std::vector<int> order(static_cast<std::size_t>(classes));
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
            return cosines[a].max().item<double>() > cosines[b].max().item<double>();
        });
        for (const int k : order) {
            const auto ranked = std::get<1>(cosines[k].sort(0, true));
            std::int64_t owner = ranked[0].item<std::int64_t>();
            for (std::int64_t n = 0; n < ranked.size(0); ++n) { // the nearest one that has room
                const auto candidate = ranked[n].item<std::int64_t>();
                if (load[static_cast<std::size_t>(candidate)] + sizes[static_cast<std::size_t>(k)] <= room) {
                    owner = candidate;
                    break;
                }
            }
            prototypes.owner[static_cast<std::size_t>(k)] = owner;
            load[static_cast<std::size_t>(owner)] += sizes[static_cast<std::size_t>(k)];
        }
        for (std::size_t e = 0; e < seeds.size(); ++e) {
            auto sum = at::zeros_like(centres[0]);
            for (int k = 0; k < classes; ++k) {
                if (prototypes.owner[static_cast<std::size_t>(k)] == static_cast<std::int64_t>(e)) {
                    sum += prototypes.vectors[k] * sizes[static_cast<std::size_t>(k)];
                }
            }
            if (sum.norm().item<double>() > 1e-6) {
                centres[static_cast<std::int64_t>(e)] = unit(sum);
            }
        }
    }
    return prototypes;
}

Result<RoutedResult> trainSemanticExperts(const Council& council, ViewLibrary& library, const RoutedOptions& options,
                                          const StepProgress& progress, std::stop_token stop)
{
    SemanticTrainer trainer(council, library, options);
    if (auto done = trainer.run(progress, stop); !done) {
        return fail(done.error());
    }
    return trainer.result();
}

} // namespace icmoe::training
