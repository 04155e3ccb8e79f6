#include "inference/training/PromptTraining.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <algorithm>

namespace icmoe::training {
namespace {

/// A step's cases are graded in parts, whoever does them: so several processes have the very gradients of one.
constexpr std::size_t kLeastShards = 2;
constexpr std::size_t kCasesOfShard = 4;
constexpr double kShareOfSecondPasses = 0.5;

struct Family {
    BasicExpert expert = kClickExpert;
    Opening opening = Opening::click;
};

Family drawFamily(Random& random)
{
    const double u = random.uniform();
    if (u < 0.52) {
        return {kClickExpert, Opening::click};
    }
    if (u < 0.56) {
        return {kClickExpert, Opening::boxAndClick};
    }
    if (u < 0.68) {
        return {kStrokeExpert, Opening::scribble};
    }
    if (u < 0.74) {
        return {kStrokeExpert, Opening::lasso};
    }
    if (u < 0.78) {
        return {kStrokeExpert, Opening::mask};
    }
    return {kBoxExpert, u < 0.96 ? Opening::box : Opening::boxAndClick};
}

class PromptTrainer {
public:
    PromptTrainer(const Trainee& trainee, ViewLibrary& library, const PromptTrainingOptions& options)
        : m_trainee(trainee)
        , m_library(library)
        , m_options(options)
        , m_sampler(library, options.setWeights, options.views)
        , m_optimizer(trainee.parameters, {.rate = options.rate})
    {
    }

    Status run(const StepProgress& progress, const std::stop_token& stop)
    {
        return runSteps(
            m_optimizer, m_options, m_report, [this](int step) { return trainStep(step); }, progress, stop);
    }

    [[nodiscard]] Trainee::Parameters averaged() const { return m_optimizer.averaged(); }

private:
    /// Draws depend on seed and step alone, so a run that goes on draws what an unbroken one would have drawn.
    Status trainStep(int step)
    {
        Random random(seedOf(m_options.seed, "basic " + std::to_string(step)));
        std::vector<TrainingCase> cases;
        for (int n = 0; n < m_options.batch; ++n) {
            auto one = m_sampler.draw(random);
            const Family family = drawFamily(random);
            one.expert = family.expert;
            one.basic = family.expert;
            one.prompts = openWith(family.opening, one.object->truth, random);
            one.secondPass = m_trainee.hearsItself && random.uniform() < kShareOfSecondPasses;
            cases.push_back(std::move(one));
        }
        std::stable_sort(cases.begin(), cases.end(),
                         [](const TrainingCase& a, const TrainingCase& b) { return a.expert < b.expert; });
        const int earlier = drawEarlierClicks(random); // given and not graded
        m_optimizer.zeroGradients();
        Marks marks;
        const auto shards = std::max(kLeastShards, cases.size() / kCasesOfShard);
        const auto [first, last] = m_options.workers->shareOf(shards);
        for (std::size_t n = first; n < last; ++n) {
            const auto begin = cases.begin() + static_cast<std::ptrdiff_t>(cases.size() * n / shards);
            const auto end = cases.begin() + static_cast<std::ptrdiff_t>(cases.size() * (n + 1) / shards);
            if (auto graded = gradeShard({begin, end}, cases.size(), earlier, marks); !graded) {
                return graded;
            }
        }
        if (m_options.workers->count() > 1) {
            auto sums = m_optimizer.gradients();
            const auto own = at::tensor({marks.loss, marks.dice[0], marks.dice[1]}, at::kFloat);
            sums.push_back(own);
            m_options.workers->sum(sums);
            marks = {own[0].item<double>(), {own[1].item<double>(), own[2].item<double>()}};
        }
        follow(m_report.loss, marks.loss);
        follow(m_report.firstDice, marks.dice[0]);
        follow(m_report.correctedDice, marks.dice[1]);
        m_optimizer.step(rateFactor(step, m_options.steps));
        return {};
    }

    Result<ExpertAnswers> answersOnce(const std::vector<TrainingCase>& cases)
    {
        const auto batch = batchOf(m_library, cases, m_options.restyle);
        if (!batch) {
            return fail(batch.error());
        }
        return inBf16(m_options.bf16, [&] { return m_trainee.answer(m_optimizer.parameters(), *batch); });
    }

    Status hearItself(std::vector<TrainingCase>& cases)
    {
        std::vector<TrainingCase> first;
        std::copy_if(cases.begin(), cases.end(), std::back_inserter(first),
                     [](const TrainingCase& one) { return one.secondPass; });
        if (first.empty()) {
            return {};
        }
        const at::NoGradGuard noGrad;
        const auto answers = answersOnce(first);
        if (!answers) {
            return fail(answers.error());
        }
        std::int64_t answered = 0;
        for (auto& one : cases) {
            if (one.secondPass) {
                one.previous = answers->logits[answered++].sigmoid();
            }
        }
        return {};
    }

    Result<ExpertAnswers> answersTo(std::vector<TrainingCase> cases)
    {
        if (m_trainee.firstPass) {
            const auto first = m_trainee.firstPass(cases);
            if (!first) {
                return fail(first.error());
            }
            for (std::size_t n = 0; n < cases.size(); ++n) {
                cases[n].previous = (*first)[static_cast<std::int64_t>(n)];
            }
        }
        if (auto heard = hearItself(cases); !heard) {
            return fail(heard.error());
        }
        return answersOnce(cases);
    }

    struct Marks {
        double loss = 0;
        double dice[2] = {0, 0};
    };
    /// The gradients of some of a step's cases, on their prompts and after one correction.
    Status gradeShard(std::vector<TrainingCase> cases, std::size_t ofAll, int earlier, Marks& marks)
    {
        if (cases.empty()) {
            return {};
        }
        const double share = static_cast<double>(cases.size()) / static_cast<double>(ofAll);
        const auto own = [this](const auto& asked) {
            const at::NoGradGuard noGrad;
            return answersTo(asked);
        };
        if (auto clicked = clickAhead(m_library, earlier, own, cases); !clicked) {
            return clicked;
        }
        for (double& dice : marks.dice) {
            const auto answers = answersTo(cases);
            if (!answers) {
                return fail(answers.error());
            }
            auto graded = lossOf(m_library, cases, *answers);
            (graded.loss * (0.5 * share)).backward();
            marks.loss += 0.5 * share * graded.loss.item<double>();
            for (const auto& outcome : graded.outcomes) {
                dice += outcome.dice / static_cast<double>(ofAll);
            }
            correct(cases, graded.outcomes);
        }
        return {};
    }

    const Trainee& m_trainee;
    ViewLibrary& m_library;
    const PromptTrainingOptions& m_options;
    CaseSampler m_sampler;
    AdamW m_optimizer;
    StepReport m_report;
};

} // namespace

Result<Trainee::Parameters> trainOnPrompts(const Trainee& trainee, ViewLibrary& library,
                                           const PromptTrainingOptions& options, const StepProgress& progress,
                                           std::stop_token stop)
{
    PromptTrainer trainer(trainee, library, options);
    if (auto done = trainer.run(progress, stop); !done) {
        return fail(done.error());
    }
    return trainer.averaged();
}

} // namespace icmoe::training
