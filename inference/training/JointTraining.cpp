#include "inference/training/JointTraining.h"

#include "inference/training/Losses.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <algorithm>

namespace icmoe::training {
namespace {

constexpr double kExpertRate = 1.5e-3;
constexpr double kOwnShare = 0.3; // of every expert's own mask in the loss, beside the vote's

Opening drawOpening(Random& random)
{
    const double u = random.uniform();
    return u < 0.55 ? Opening::click : u < 0.85 ? Opening::box : u < 0.95 ? Opening::scribble : Opening::lasso;
}

class JointTrainer {
public:
    JointTrainer(const Foundation& foundation, const Pack& pack, ViewLibrary& library, const JointOptions& options)
        : m_foundation(foundation)
        , m_pack(pack)
        , m_library(library)
        , m_options(options)
        , m_insiders(library, options.setWeights, options.views)
        , m_outsiders(library, options.setWeights, options.outsiders)
        , m_optimizer(learned(pack), {.rate = options.rate * kExpertRate})
    {
    }

    Status run(const StepProgress& progress, const std::stop_token& stop)
    {
        return runSteps(
            m_optimizer, m_options, m_report, [this](int step) { return trainStep(step); }, progress, stop);
    }

    [[nodiscard]] JointResult result() const
    {
        const auto pack = packOf(m_optimizer.averaged());
        return {pack->basic, pack->detail, pack->semantic, pack->adaptive, pack->voter};
    }

private:
    using Tensors = std::map<std::string, at::Tensor>;

    static Tensors learned(const Pack& pack)
    {
        Tensors all;
        const auto add = [&](const std::string& part, const Tensors& tensors) {
            for (const auto& [name, tensor] : tensors) {
                if (std::find(kSearched.begin(), kSearched.end(), name) == kSearched.end()) {
                    all.emplace(part + name, tensor.detach().clone());
                }
            }
        };
        add("basic/", pack.basic.tensors());
        add("detail/", pack.detail);
        add("semantic/", pack.semantic.tensors());
        add("adaptive/", pack.adaptive.tensors());
        add("voter/", pack.voter);
        return all;
    }

    /// The pack with what has been learned in the place of what it was.
    std::shared_ptr<Pack> packOf(const Tensors& learned) const
    {
        std::map<std::string, Tensors> parts;
        for (const auto& [name, tensor] : learned) {
            const auto at = name.find('/');
            parts[name.substr(0, at)].emplace(name.substr(at + 1), tensor);
        }
        auto pack = std::make_shared<Pack>(m_pack);
        pack->basic = ExpertParameters(parts["basic"]);
        pack->detail = parts["detail"];
        pack->semantic = ExpertParameters(parts["semantic"]);
        pack->adaptive = ExpertParameters(parts["adaptive"]);
        pack->voter = parts["voter"];
        for (const auto* searched : kSearched) {
            pack->voter[searched] = m_pack.voter.at(searched);
        }
        return pack;
    }

    Status trainStep(int step)
    {
        Random random(seedOf(m_options.seed, "joint " + std::to_string(step)));
        m_optimizer.zeroGradients();
        double loss = 0;
        for (int n = 0; n < m_options.batch; ++n) {
            const bool teachesExperts = n % 2 == 0;
            const auto one = teachesExperts ? gradeExperts(random) : gradeVote(random);
            if (!one) {
                return fail(one.error());
            }
            loss += *one / m_options.batch;
        }
        follow(m_report.loss, loss);
        m_optimizer.step(rateFactor(step, m_options.steps));
        return {};
    }

    struct Session {
        Hearing hearing;
        Ballot ballot;
        NetworkGrid grid;
        at::Tensor truth; ///< [256, 256]
    };
    /// What the voices say of a drawn case after some clicks.
    Result<Session> hear(const Council& council, const CaseSampler& sampler, Random& random)
    {
        std::vector<TrainingCase> cases{sampler.drawOpened(drawOpening, random)};
        auto& one = cases.front();
        const auto basic = [&](const auto& asked) { return basicAnswers(council, m_library, asked, m_options.bf16); };
        if (auto clicked = clickAhead(m_library, drawEarlierClicks(random), basic, cases); !clicked) {
            return fail(clicked.error());
        }
        const auto features = m_library.features(one.view);
        if (!features) {
            return fail(features.error());
        }
        Session session;
        session.grid = m_library.views()[one.view].grid;
        const auto picture = council.prepare(*features, session.grid);
        auto hearing = council.hear(picture, canonicalOrder(one.prompts), {}, {});
        if (!hearing) {
            return fail(hearing.error());
        }
        session.hearing = std::move(*hearing);
        session.ballot = council.ballot(picture, session.hearing);
        session.truth = maskOnNetwork(one.object->truth, session.grid).to(session.ballot.logits.device());
        return session;
    }

    Result<double> gradeExperts(Random& random)
    {
        const auto pack = packOf(m_optimizer.parameters());
        const Council council(m_foundation.weights(), pack, m_foundation.convention());
        const auto session = hear(council, m_insiders, random);
        if (!session) {
            return fail(session.error());
        }
        at::Tensor weights;
        {
            const at::NoGradGuard noGrad;
            weights = VotingNetwork(pack->voter).weights(session->ballot);
        }
        auto loss = voteLoss(session->ballot, weights, session->grid, session->truth, m_options.vote);
        for (const auto& voice : session->hearing.voices) {
            if (voice.kind != VoterKind::base) {
                loss = loss + kOwnShare * maskLoss(usedPart(voice.logits, session->grid),
                                                   usedPart(session->truth, session->grid));
            }
        }
        (loss / m_options.batch).backward();
        return loss.item<double>();
    }

    Result<double> gradeVote(Random& random)
    {
        const auto pack = packOf(m_optimizer.parameters());
        const auto session = [&] {
            const at::NoGradGuard noGrad;
            const Council council(m_foundation.weights(), pack, m_foundation.convention());
            return hear(council, m_outsiders, random);
        }();
        if (!session) {
            return fail(session.error());
        }
        const auto weights = VotingNetwork(pack->voter).weights(session->ballot);
        const auto loss = voteLoss(session->ballot, weights, session->grid, session->truth, m_options.vote);
        (loss / m_options.batch).backward();
        return loss.item<double>();
    }

    const Foundation& m_foundation;
    const Pack& m_pack;
    ViewLibrary& m_library;
    const JointOptions& m_options;
    CaseSampler m_insiders;
    CaseSampler m_outsiders;
    AdamW m_optimizer;
    StepReport m_report;
};

} // namespace

Result<JointResult> trainJointly(const Foundation& foundation, const Pack& pack, ViewLibrary& library,
                                 const JointOptions& options, const StepProgress& progress, std::stop_token stop)
{
    JointTrainer trainer(foundation, pack, library, options);
    if (auto done = trainer.run(progress, stop); !done) {
        return fail(done.error());
    }
    return trainer.result();
}

} // namespace icmoe::training
