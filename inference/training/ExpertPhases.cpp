#include "inference/training/ExpertPhases.h"

#include "inference/icmoe/Domains.h"
#include "inference/training/BasicTraining.h"
#include "inference/training/DecoderTraining.h"
#include "inference/training/DetailTraining.h"
#include "inference/training/EmbeddingPicture.h"
#include "inference/training/JointTraining.h"
#include "inference/training/VotePhases.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace icmoe::training {
namespace {

constexpr int kSemanticExperts = 6;
constexpr int kAdaptiveExperts = 4;
constexpr double kDecoderRate = 1e-4; // what is pretrained is moved with care
constexpr std::size_t kLeastPicturesOfDomains = 8;

/// Shares of the cases by expert, and how far they are from even (CV²).
std::string textOf(const std::vector<double>& usage)
{
    std::string text = "use";
    std::array<char, 32> number{};
    double squares = 0;
    const auto count = static_cast<double>(usage.size());
    for (const double share : usage) {
        std::snprintf(number.data(), number.size(), " %.2f", share);
        text += number.data();
        squares += (share * count - 1) * (share * count - 1) / count;
    }
    std::snprintf(number.data(), number.size(), ", CV2 %.2f", squares);
    return text + number.data();
}

} // namespace

ExpertPhases::ExpertPhases(const TrainingRun& run, const TrainingViews& views)
    : m_run(run)
    , m_views(views)
    , m_prompts(run.foundation().weights(), kNetworkSide, run.foundation().convention().centre)
    , m_decoder(run.foundation().weights(), m_prompts)
{
}

Status ExpertPhases::domains() const
{
    if (!m_run.wants("domains")) {
        return {};
    }
    std::vector<Domains::Picture> pictures;
    for (const auto n : m_views.forExperts()) {
        const auto& view = m_views.library().views()[n];
        if (view.set == kSyntheticSet) {
            continue;
        }
        if (m_run.stop().stop_requested()) {
            return fail(ErrorCode::cancelled, "interrupted");
        }
        const auto features = m_views.library().features(n);
        if (!features) {
            return fail(features.error());
        }
        pictures.push_back({pictureSigns(features->embedding, view.grid).cpu(), view.set, view.picture});
        m_run.tell("domains", pictures.size(), m_views.library().views().size());
    }
    if (pictures.size() < kLeastPicturesOfDomains) {
        std::error_code ignored;
        std::filesystem::remove(m_run.file("domains"), ignored); // of an earlier run
        return {};                                               // too few to tell: then no picture counts as strange
    }
    return m_run.keep("domains", Domains::fitted(pictures));
}

PromptTrainingOptions ExpertPhases::promptOptions(const std::string& phase) const
{
    PromptTrainingOptions options;
    options.steps = m_run.stepsOf(phase, 1500);
    options.batch = m_run.options().batch;
    options.bf16 = m_run.usesBf16();
    options.seed = m_run.options().seed;
    options.setWeights = m_run.options().setWeights;
    options.views = m_views.forExperts();
    options.state = m_run.file(phase + ".state");
    options.workers = m_run.workers();
    options.restyle = m_run.options().restyle;
    return options;
}

Status ExpertPhases::basic() const
{
    if (!m_run.wants("basic")) {
        return {};
    }
    const BasicOptions basic{promptOptions("basic"), m_run.begin().basic, m_run.options().lowRankOnly};
    const auto experts =
        trainBasicExperts(m_decoder, m_views.library(), basic, m_run.progressOf("basic"), m_run.stop());
    if (!experts) {
        return fail(experts.error());
    }
    return writeTensorFile(m_run.file("basic"), experts->tensors(), {{"steps", std::to_string(basic.steps)}}, true);
}

Status ExpertPhases::detail() const
{
    if (!m_run.wants("detail")) {
        return {};
    }
    const auto pack = packBefore("detail");
    if (!pack) {
        return fail(pack.error());
    }
    const auto council = m_run.councilOf(*pack);
    const auto detail = trainDetailExpert(council, m_views.library(), m_run.begin().detail, promptOptions("detail"),
                                          m_run.progressOf("detail"), m_run.stop());
    return detail ? m_run.keep("detail", *detail) : fail(detail.error());
}

Result<std::shared_ptr<Pack>> ExpertPhases::packBefore(const std::string& phase) const
{
    auto pack = packSoFar(m_run, m_views);
    if (pack) {
        (*pack)->adaptive = ExpertParameters();
        (*pack)->judge.clear();
        (*pack)->voter.clear();
        (*pack)->quality.clear();
        if (phase == "semantic") {
            (*pack)->semantic = ExpertParameters();
            (*pack)->routing.clear();
        }
        if ((*pack)->basic.count() == 0) {
            return fail(ErrorCode::invalidArgument, "the phase " + phase + " needs the basic experts", {},
                        "Train --phase basic first");
        }
    }
    return pack;
}

RoutedOptions ExpertPhases::routedOptions(const std::string& phase, int experts) const
{
    RoutedOptions routed;
    routed.steps = m_run.stepsOf(phase, 800);
    routed.state = m_run.file(phase + ".state");
    routed.workers = m_run.workers();
    routed.restyle = m_run.options().restyle;
    routed.batch = m_run.options().batch;
    routed.bf16 = m_run.usesBf16();
    routed.experts = experts;
    routed.contrast = m_run.options().contrast;
    routed.loadBalance = m_run.options().loadBalance;
    routed.seed = m_run.options().seed;
    routed.setWeights = m_run.options().setWeights;
    routed.views = m_views.forExperts();
    const bool isSemantic = phase == "semantic";
    if (isSemantic && m_run.begin().description.classes != m_views.classNames()) {
        return routed; // other structures, to be dealt anew
    }
    const auto& begin = isSemantic ? m_run.begin().semantic : m_run.begin().adaptive;
    if (begin.count() == experts) {
        routed.begin = begin;
        routed.beginRouting = m_run.begin().routing;
    }
    return routed;
}

Status ExpertPhases::keep(const std::string& phase, const RoutedResult& result) const
{
    if (!result.usage.empty() && *std::max_element(result.usage.begin(), result.usage.end()) > 0) { // took a step
        m_run.tell(phase, 1, 1, textOf(result.usage));
    }
    if (auto written = m_run.keep(phase, result.experts.tensors()); !written) {
        return written;
    }
    return m_run.keep("routing", result.routing);
}

Status ExpertPhases::semantic() const
{
    if (!m_run.wants("semantic")) {
        return {};
    }
    const auto pack = packBefore("semantic");
    if (!pack) {
        return fail(pack.error());
    }
    const auto council = m_run.councilOf(*pack);
    const auto result = trainSemanticExperts(council, m_views.library(), routedOptions("semantic", kSemanticExperts),
                                             m_run.progressOf("semantic"), m_run.stop());
    if (!result) {
        return fail(result.error());
    }
    std::array<char, 240> text{};
    std::snprintf(text.data(), text.size(),
                  "cosines within classes %.3f to %.3f, between %.3f to %.3f; about the classes' mean: within %.3f "
                  "to %.3f, between %.3f to %.3f",
                  result->before.within, result->after.within, result->before.between, result->after.between,
                  result->beforeCentred.within, result->afterCentred.within, result->beforeCentred.between,
                  result->afterCentred.between);
    m_run.tell("semantic", 1, 1, text.data());
    m_run.keepPicture("semantic.embedding", embeddingPicture(result->judged, m_views.classNames()));
    return keep("semantic", *result);
}

Status ExpertPhases::adaptive() const
{
    if (!m_run.wants("adaptive")) {
        return {};
    }
    const auto pack = packBefore("adaptive");
    if (!pack) {
        return fail(pack.error());
    }
    auto options = routedOptions("adaptive", kAdaptiveExperts);
    options.batch = std::max(1, m_run.options().batch / 2); // each case goes to two experts
    const auto council = m_run.councilOf(*pack);
    auto routing = (*pack)->routing.empty() ? Routing::fresh(kAdaptiveExperts, m_run.options().seed) : (*pack)->routing;
    const auto result =
        trainAdaptiveExperts(council, m_views.library(), routing, options, m_run.progressOf("adaptive"), m_run.stop());
    return result ? keep("adaptive", *result) : fail(result.error());
}

Status ExpertPhases::joint() const
{
    if (!m_run.wants("joint")) {
        return {};
    }
    auto pack = packSoFar(m_run, m_views);
    if (!pack) {
        return fail(pack.error());
    }
    const bool isWhole = (*pack)->basic.count() > 0 && (*pack)->semantic.count() > 0 && (*pack)->adaptive.count() > 0 &&
                         !(*pack)->voter.empty();
    if (!isWhole) {
        return fail(ErrorCode::invalidArgument, "the phase joint needs all kinds of experts and the vote", {},
                    "Train the other phases first");
    }
    JointOptions joint;
    joint.steps = m_run.stepsOf("joint", 60);
    joint.state = m_run.file("joint.state");
    joint.bf16 = m_run.usesBf16();
    joint.vote = voteOptions(m_run);
    joint.seed = m_run.options().seed;
    joint.setWeights = m_run.options().setWeights;
    joint.views = m_views.forExperts();
    joint.outsiders = m_views.forVote();
    const auto learned =
        trainJointly(m_run.foundation(), **pack, m_views.library(), joint, m_run.progressOf("joint"), m_run.stop());
    if (!learned) {
        return fail(learned.error());
    }
    for (const auto& [phase, tensors] : {std::pair{"basic", &learned->basic.tensors()},
                                         {"detail", &learned->detail},
                                         {"semantic", &learned->semantic.tensors()},
                                         {"adaptive", &learned->adaptive.tensors()},
                                         {"vote", &learned->voter}}) {
        if (tensors->empty()) {
            continue;
        }
        if (auto written = m_run.keep(phase, *tensors); !written) {
            return written;
        }
    }
    return {};
}

Status ExpertPhases::decoder() const
{
    if (m_run.options().phases.empty() || !m_run.wants("decoder")) {
        return {};
    }
    auto options = promptOptions("decoder");
    options.rate = kDecoderRate;
    const auto decoder = trainWholeDecoder(m_run.foundation().weights(), m_views.library(), options,
                                           m_run.progressOf("decoder"), m_run.stop());
    return decoder ? writeTensorFile(m_run.file("decoder"), *decoder, {}, false) : fail(decoder.error());
}

} // namespace icmoe::training
