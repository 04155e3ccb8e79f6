#include "inference/training/ExpertTraining.h"

#include "core/base/AtomicFile.h"
#include "core/base/PrivateFolder.h"
#include "core/base/Sha256.h"
#include "inference/icmoe/Domains.h"
#include "inference/icmoe/TensorFile.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/sam/TensorDevice.h"
#include "inference/sam/TensorMemory.h"
#include "inference/training/BasicTraining.h"
#include "inference/training/Curves.h"
#include "inference/training/DecoderTraining.h"
#include "inference/training/DetailTraining.h"
#include "inference/training/EmbeddingPicture.h"
#include "inference/training/JointTraining.h"
#include "inference/training/RoutedTraining.h"
#include "inference/training/SyntheticScenes.h"
#include "inference/training/VoteTraining.h"
#include "inference/weights/WeightsFile.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

namespace icmoe::training {
namespace {

constexpr int kSemanticExperts = 6;
constexpr double kDecoderRate = 1e-4; // what is pretrained is moved with care
constexpr int kAdaptiveExperts = 4;
constexpr std::size_t kPicturesOfProjections = 140;
constexpr std::size_t kLeastPicturesOfDomains = 8;
constexpr const char* kPackLicence =
    "CC BY-SA 4.0 (trained on sets of the Medical Segmentation Decathlon; copies and changes keep this notice)";
constexpr std::size_t kKeptMemory = std::size_t{3} << 30;
constexpr std::size_t kLargestFile = std::size_t{64} << 20;

std::string textOf(const StepReport& report)
{
    if (report.loss == 0) {
        return {};
    }
    std::array<char, 128> text{};
    std::snprintf(text.data(), text.size(), "loss %.3f, Dice %.3f then %.3f, %.2f s a step", report.loss,
                  report.firstDice, report.correctedDice, report.secondsPerStep);
    return text.data();
}

std::string textOf(const VoteTable& table)
{
    std::array<char, 256> text{};
    std::snprintf(
        text.data(), text.size(),
        "%d unseen answers, Dice: mean %.3f, highest predicted IoU %.3f, highest score %.3f, vote %.3f, oracle %.3f",
        table.cases, table.mean, table.quickest, table.scored, table.vote, table.best);
    std::string line = text.data();
    std::snprintf(text.data(), text.size(), "; expected calibration error %.3f", table.reliability.calibrationError);
    line += text.data();
    for (const auto& [name, of] : table.voices) {
        std::snprintf(text.data(), text.size(), "; %s %.3f (%d)", name.c_str(), of.first, of.second);
        line += text.data();
    }
    return line;
}

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

/// One run: the frozen base, the pictures, the phases.
class Run {
public:
    Run(const TrainOptions& options, const TrainObserver& observe, std::stop_token stop, Foundation& foundation)
        : m_options(options)
        , m_observe(observe)
        , m_stop(std::move(stop))
        , m_foundation(foundation)
        , m_weights(foundation.weights())
        , m_prompts(m_weights, kNetworkSide, foundation.convention().centre)
        , m_decoder(m_weights, m_prompts)
    {
    }

    Result<TrainReport> run()
    {
        const std::string before = m_weights.hash();
        for (const auto step : {&Run::openWork, &Run::meetWorkers, &Run::readBeginning, &Run::collectRecipes,
                                &Run::findProjections, &Run::encodeViews, &Run::findDomains, &Run::trainBasic,
                                &Run::trainDetail, &Run::trainSemantic, &Run::trainAdaptive, &Run::trainSelectorPhase,
                                &Run::trainVotePhase, &Run::trainJoint, &Run::trainDecoder, &Run::writePack}) {
            if (auto done = (this->*step)(); !done) {
                return fail(done.error());
            }
        }
        TrainReport report;
        report.baseSha256 = m_weights.hash();
        if (report.baseSha256 != before) {
            return fail(ErrorCode::internal, "the base's weights were changed by the training");
        }
        report.pack = m_options.out;
        report.views = m_library->views().size();
        report.classes = m_library->classes().size();
        return report;
    }

private:
    bool wants(const std::string& phase) const
    {
        static const std::set<std::string> kTogether{"basic", "detail", "semantic", "adaptive", "decoder"};
        if (m_workers->rank() > 0 && !kTogether.contains(phase)) {
            return false;
        }
        return m_options.phases.empty() ||
               std::find(m_options.phases.begin(), m_options.phases.end(), phase) != m_options.phases.end();
    }
    int stepsOf(const std::string& phase, int otherwise) const
    {
        const auto found = m_options.steps.find(phase);
        return found != m_options.steps.end() ? found->second : otherwise;
    }
    void tell(const std::string& phase, std::size_t done, std::size_t total, std::string text = {}) const
    {
        m_observe({phase, static_cast<int>(done), static_cast<int>(total), std::move(text)});
    }
    std::filesystem::path file(const std::string& name) const { return m_options.work / (name + ".safetensors"); }

    /// Then several processes have nothing to tell each other: each encodes its share of the pictures.
    bool onlyEncodes() const { return m_options.phases == std::vector<std::string>{"features"}; }
    /// Likewise: each plays its share of the sessions that the vote learns on.
    bool wantsSessions() const { return m_options.phases == std::vector<std::string>{"sessions"}; }

    Status openWork() { return openPrivateFolder(m_options.work, "the work folder", "--work"); }

    Status meetWorkers()
    {
        if (m_options.workers < 2 || onlyEncodes() || wantsSessions()) {
            return {};
        }
        auto workers =
            Workers::meet({m_options.worker, m_options.workers, m_options.meetingHost, m_options.meetingPort});
        if (!workers) {
            return fail(workers.error());
        }
        m_workers = std::move(*workers);
        return {};
    }

    Status readBeginning()
    {
        if (m_options.from.empty()) {
            return {};
        }
        auto pack = Pack::read(m_options.from, m_foundation.sha256());
        if (!pack) {
            return fail(pack.error());
        }
        m_begin = pack->on(m_foundation.device());
        return {};
    }

    Status collectRecipes()
    {
        for (const auto& kind : m_options.withoutScenes) {
            if (!sceneKinds().contains(kind)) {
                return fail(ErrorCode::invalidArgument, "synthetic scenes have no kind \"" + kind + "\"");
            }
        }
        const auto sets = m_options.data.empty() ? std::vector<evaluation::SetFolder>() // scenes alone
                                                 : evaluation::findSets(m_options.data);
        if (!sets) {
            return fail(sets.error());
        }
        std::vector<std::vector<PictureRecipe>> ofSets;
        for (const auto& set : *sets) {
            const auto& left = m_options.leftOut;
            if (std::find(left.begin(), left.end(), set.name) != left.end()) {
                continue;
            }
            m_setNames.push_back(set.name);
            auto recipes = folderRecipes(set, {m_options.variants, m_options.closeUps}, m_options.seed, m_stop);
            if (!recipes) {
                return fail(recipes.error());
            }
            ofSets.push_back(std::move(*recipes));
        }
        for (auto& recipes : ofSets) {
            std::move(recipes.begin(), recipes.end(), std::back_inserter(m_recipes));
        }
        auto scenes = syntheticRecipes(m_options.synthetic, m_options.seed, m_options.withoutScenes);
        std::move(scenes.begin(), scenes.end(), std::back_inserter(m_recipes));
        if (m_recipes.empty()) {
            return fail(ErrorCode::emptyInput, "there is no picture to learn from", {},
                        "Name sets with --data, or draw scenes with --synthetic N");
        }
        return {};
    }

    Status findProjections()
    {
        if (std::filesystem::exists(file("taps"))) {
            const auto kept = readTensorFile(file("taps"), kLargestFile);
            if (!kept) {
                return fail(kept.error());
            }
            const auto& t = kept->tensors;
            m_taps = {t.at("taps.half.weight"), t.at("taps.half.bias"), t.at("taps.full.weight"),
                      t.at("taps.full.bias")};
            return {};
        }
        if (!m_options.from.empty()) { // its experts know these
            m_taps = m_begin.taps;
            return keepTaps();
        }
        if (!m_foundation.hasTaps()) {
            m_taps = TapProjection::none();
            return keepTaps();
        }
        TapStatistics statistics;
        const auto count = std::min(kPicturesOfProjections, m_recipes.size());
        for (std::size_t n = 0; n < count; ++n) {
            if (m_stop.stop_requested()) {
                return fail(ErrorCode::cancelled, "interrupted");
            }
            const auto picture = m_recipes[n * m_recipes.size() / count].make();
            const auto input = picture ? m_foundation.prepare(picture->image) : fail(picture.error());
            if (!input) {
                return fail(input.error());
            }
            m_foundation.addTo(statistics, *input);
            tell("projections", n + 1, count);
        }
        m_taps = statistics.projection();
        for (auto* tensor : {&m_taps.halfWeight, &m_taps.halfBias, &m_taps.fullWeight, &m_taps.fullBias}) {
            *tensor = tensor->to(at::kHalf).to(at::kFloat); // as the pack will hold them
        }
        return keepTaps();
    }

    Status keepTaps() const
    {
        return writeTensorFile(file("taps"),
                               {{"taps.half.weight", m_taps.halfWeight},
                                {"taps.half.bias", m_taps.halfBias},
                                {"taps.full.weight", m_taps.fullWeight},
                                {"taps.full.bias", m_taps.fullBias}},
                               {}, false);
    }

    Status encodeViews()
    {
        auto disk = DiskCache::open(m_options.work / "features", m_options.cacheBytes);
        if (!disk) {
            return fail(disk.error());
        }
        Sha256 key;
        key.update(m_foundation.sha256() + m_taps.hash() + std::to_string(m_foundation.preprocessingVersion()));
        m_library =
            std::make_unique<ViewLibrary>(std::move(*disk), m_options.memoryBytes, key.hex(), m_foundation.device());
        const auto encode = [&](const SliceImage& image) -> Result<EncodedPicture> {
            auto input = m_foundation.prepare(image);
            if (!input) {
                return fail(input.error());
            }
            return EncodedPicture{input->grid, *m_foundation.encode(*input, m_taps, [] { return true; })};
        };
        if (onlyEncodes()) {
            std::size_t n = 0;
            std::erase_if(m_recipes, [&](const auto&) {
                return n++ % static_cast<std::size_t>(m_options.workers) != static_cast<std::size_t>(m_options.worker);
            });
        }
        return m_library->add(
            m_recipes, encode, [&](std::size_t done, std::size_t total) { tell("features", done, total); }, m_stop);
    }

    /// Is the picture one of those that experts never see?
    bool isForVote(const View& view) const
    {
        const auto draw = static_cast<double>(seedOf(m_options.seed, "part " + view.picture) >> 11) * 0x1.0p-53;
        return draw < m_options.voteShare;
    }
    std::vector<std::size_t> viewsFor(bool vote) const
    {
        std::vector<std::size_t> chosen;
        for (std::size_t n = 0; n < m_library->views().size(); ++n) {
            if (isForVote(m_library->views()[n]) == vote) {
                chosen.push_back(n);
            }
        }
        return chosen;
    }

    /// Beside the states; nothing depends on it.
    void keepPicture(const std::string& name, const std::string& picture) const
    {
        (void)writeFileAtomically(m_options.work / (name + ".svg"), std::as_bytes(std::span(picture)),
                                  {.replace = true, .mode = 0600});
    }

    std::vector<std::string> classNames() const
    {
        std::vector<std::string> names;
        for (const auto& name : m_library->classes()) {
            const auto readable = m_options.classNames.find(name);
            names.push_back(readable != m_options.classNames.end() ? readable->second : name);
        }
        return names;
    }

    /// Tells, and keeps the curves of a phase that takes steps.
    StepProgress progressOf(const std::string& phase) const
    {
        auto curves = std::make_shared<Curves>(m_options.work / (phase + ".curves.csv"));
        return [this, phase, curves](const StepReport& report) {
            tell(phase, static_cast<std::size_t>(report.step), static_cast<std::size_t>(report.steps), textOf(report));
            if (report.loss != 0 && m_workers->rank() == 0) {
                (void)curves->add(report); // a full disk ends the run where its state is written
                if (report.step == report.steps) {
                    keepPicture(phase + ".curves", curves->picture(phase));
                }
            }
        };
    }

    bool usesBf16() const
    {
        return m_options.bf16 && choosePrecision(Precision::bf16, m_foundation.device()) == Precision::bf16;
    }

    PromptTrainingOptions promptOptions(const std::string& phase) const
    {
        PromptTrainingOptions options;
        options.steps = stepsOf(phase, 1500);
        options.batch = m_options.batch;
        options.bf16 = usesBf16();
        options.seed = m_options.seed;
        options.setWeights = m_options.setWeights;
        options.views = viewsFor(false);
        options.state = file(phase + ".state");
        options.workers = m_workers;
        options.restyle = m_options.restyle;
        return options;
    }

    Status trainBasic()
    {
        if (!wants("basic")) {
            return {};
        }
        const BasicOptions basic{promptOptions("basic"), m_begin.basic, m_options.lowRankOnly};
        const auto experts = trainBasicExperts(m_decoder, *m_library, basic, progressOf("basic"), m_stop);
        if (!experts) {
            return fail(experts.error());
        }
        return writeTensorFile(file("basic"), experts->tensors(), {{"steps", std::to_string(basic.steps)}}, true);
    }

    /// What the pictures look like that the experts learn on; drawn scenes are no domain.
    Status findDomains()
    {
        if (!wants("domains")) {
            return {};
        }
        std::vector<Domains::Picture> pictures;
        for (const auto n : viewsFor(false)) {
            const auto& view = m_library->views()[n];
            if (view.set == kSyntheticSet) {
                continue;
            }
            if (m_stop.stop_requested()) {
                return fail(ErrorCode::cancelled, "interrupted");
            }
            const auto features = m_library->features(n);
            if (!features) {
                return fail(features.error());
            }
            pictures.push_back({pictureSigns(features->embedding, view.grid).cpu(), view.set, view.picture});
            tell("domains", pictures.size(), m_library->views().size());
        }
        if (pictures.size() < kLeastPicturesOfDomains) {
            std::error_code ignored;
            std::filesystem::remove(file("domains"), ignored); // of an earlier run
            return {};                                         // too few to tell: then no picture counts as strange
        }
        return writeTensorFile(file("domains"), Domains::fitted(pictures), {}, true);
    }

    Status trainDetail()
    {
        if (!wants("detail")) {
            return {};
        }
        const auto pack = packBefore("detail");
        if (!pack) {
            return fail(pack.error());
        }
        const Council council(m_weights, *pack, m_foundation.convention());
        const auto detail = trainDetailExpert(council, *m_library, m_begin.detail, promptOptions("detail"),
                                              progressOf("detail"), m_stop);
        return detail ? writeTensorFile(file("detail"), *detail, {}, true) : fail(detail.error());
    }

    Status trainJoint()
    {
        if (!wants("joint")) {
            return {};
        }
        auto pack = packSoFar();
        if (!pack) {
            return fail(pack.error());
        }
        const bool isWhole = (*pack)->basic.count() > 0 && (*pack)->semantic.count() > 0 &&
                             (*pack)->adaptive.count() > 0 && !(*pack)->voter.empty();
        if (!isWhole) {
            return fail(ErrorCode::invalidArgument, "the phase joint needs all kinds of experts and the vote", {},
                        "Train the other phases first");
        }
        JointOptions joint;
        joint.steps = stepsOf("joint", 60);
        joint.state = file("joint.state");
        joint.bf16 = usesBf16();
        joint.vote = voteOptions();
        joint.seed = m_options.seed;
        joint.setWeights = m_options.setWeights;
        joint.views = viewsFor(false);
        joint.outsiders = viewsFor(true);
        const auto learned = trainJointly(m_foundation, **pack, *m_library, joint, progressOf("joint"), m_stop);
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
            if (auto written = writeTensorFile(file(phase), *tensors, {}, true); !written) {
                return written;
            }
        }
        return {};
    }

    /// Only where it is asked for: it makes no part of a pack.
    Status trainDecoder()
    {
        if (m_options.phases.empty() || !wants("decoder")) {
            return {};
        }
        auto options = promptOptions("decoder");
        options.rate = kDecoderRate;
        const auto decoder = trainWholeDecoder(m_weights, *m_library, options, progressOf("decoder"), m_stop);
        return decoder ? writeTensorFile(file("decoder"), *decoder, {}, false) : fail(decoder.error());
    }

    /// The tensors of a phase that has run in a work folder, now or earlier; empty where it has not.
    static Result<NamedTensors> learned(const std::filesystem::path& work, const std::string& phase)
    {
        const auto path = work / (phase + ".safetensors");
        if (!std::filesystem::exists(path)) {
            return NamedTensors{};
        }
        auto kept = readTensorFile(path, kLargestFile);
        if (!kept) {
            return fail(kept.error());
        }
        return std::move(kept->tensors);
    }

    /// A pack of what has been learned so far in a work folder.
    Result<std::shared_ptr<Pack>> packOf(const std::filesystem::path& work) const
    {
        auto pack = std::make_shared<Pack>();
        pack->baseSha256 = m_foundation.sha256();
        pack->description.name = "icmoe";
        pack->description.licence = kPackLicence;
        pack->description.data = m_begin.description.data; // what its experts began with counts as well
        for (const auto& name : m_setNames) {
            if (std::find(pack->description.data.begin(), pack->description.data.end(), name) ==
                pack->description.data.end()) {
                pack->description.data.push_back(name);
            }
        }
        pack->description.classes = classNames();
        pack->taps = m_taps;
        for (const auto& [phase, experts] :
             {std::pair{"basic", &pack->basic}, {"semantic", &pack->semantic}, {"adaptive", &pack->adaptive}}) {
            auto tensors = learned(work, phase);
            if (!tensors) {
                return fail(tensors.error());
            }
            if (!tensors->empty()) {
                *experts = ExpertParameters(std::move(*tensors));
            }
        }
        for (const auto& [phase, part] : {std::pair{"detail", &pack->detail},
                                          {"domains", &pack->domains},
                                          {"routing", &pack->routing},
                                          {"selector", &pack->selector},
                                          {"judge", &pack->judge},
                                          {"vote", &pack->voter},
                                          {"quality", &pack->quality}}) {
            auto tensors = learned(work, phase);
            if (!tensors) {
                return fail(tensors.error());
            }
            *part = std::move(*tensors);
        }
        *pack = pack->on(m_foundation.device());
        return pack;
    }
    Result<std::shared_ptr<Pack>> packSoFar() const { return packOf(m_options.work); }

    RoutedOptions routedOptions(const std::string& phase, int experts) const
    {
        RoutedOptions routed;
        routed.steps = stepsOf(phase, 800);
        routed.state = file(phase + ".state");
        routed.workers = m_workers;
        routed.restyle = m_options.restyle;
        routed.batch = m_options.batch;
        routed.bf16 = usesBf16();
        routed.experts = experts;
        routed.contrast = m_options.contrast;
        routed.loadBalance = m_options.loadBalance;
        routed.seed = m_options.seed;
        routed.setWeights = m_options.setWeights;
        routed.views = viewsFor(false);
        const bool isSemantic = phase == "semantic";
        if (isSemantic && m_begin.description.classes != classNames()) {
            return routed; // other structures, to be dealt anew
        }
        const auto& begin = isSemantic ? m_begin.semantic : m_begin.adaptive;
        if (begin.count() == experts) {
            routed.begin = begin;
            routed.beginRouting = m_begin.routing;
        }
        return routed;
    }

    /// Experts in one file, routing in another; figures of the phase go to the observer.
    Status keep(const std::string& phase, const RoutedResult& result) const
    {
        if (!result.usage.empty() && *std::max_element(result.usage.begin(), result.usage.end()) > 0) { // took a step
            tell(phase, 1, 1, textOf(result.usage));
        }
        if (auto written = writeTensorFile(file(phase), result.experts.tensors(), {}, true); !written) {
            return written;
        }
        return writeTensorFile(file("routing"), result.routing, {}, true);
    }

    /// The pack so far without what is trained next.
    Result<std::shared_ptr<Pack>> packBefore(const std::string& phase) const
    {
        auto pack = packSoFar();
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

    Status trainSemantic()
    {
        if (!wants("semantic")) {
            return {};
        }
        const auto pack = packBefore("semantic");
        if (!pack) {
            return fail(pack.error());
        }
        const Council council(m_weights, *pack, m_foundation.convention());
        const auto result = trainSemanticExperts(council, *m_library, routedOptions("semantic", kSemanticExperts),
                                                 progressOf("semantic"), m_stop);
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
        tell("semantic", 1, 1, text.data());
        keepPicture("semantic.embedding", embeddingPicture(result->judged, classNames()));
        return keep("semantic", *result);
    }

    Status trainAdaptive()
    {
        if (!wants("adaptive")) {
            return {};
        }
        const auto pack = packBefore("adaptive");
        if (!pack) {
            return fail(pack.error());
        }
        auto options = routedOptions("adaptive", kAdaptiveExperts);
        options.batch = std::max(1, m_options.batch / 2); // each case goes to two experts
        const Council council(m_weights, *pack, m_foundation.convention());
        auto routing = (*pack)->routing.empty() ? Routing::fresh(kAdaptiveExperts, m_options.seed) : (*pack)->routing;
        const auto result = trainAdaptiveExperts(council, *m_library, routing, options, progressOf("adaptive"), m_stop);
        return result ? keep("adaptive", *result) : fail(result.error());
    }

    VoteOptions voteOptions() const
    {
        VoteOptions vote;
        vote.questions = stepsOf("questions", vote.questions);
        vote.cases = stepsOf("sessions", 500);
        vote.steps = stepsOf("vote", 1500);
        vote.selectorSteps = stepsOf("selector", 3000);
        vote.seed = m_options.seed;
        vote.labelConsistency = m_options.labelConsistency;
        vote.guard = m_options.guard;
        vote.judge = m_options.judge;
        vote.judgeSteps = stepsOf("judge", vote.judgeSteps);
        vote.sessions = m_options.work / "sessions";
        for (const auto kind : m_options.without) {
            (kind == VoterKind::basic      ? vote.voices.basic
             : kind == VoterKind::semantic ? vote.voices.semantic
                                           : vote.voices.adaptive) = false;
        }
        vote.setWeights = m_options.setWeights;
        return vote;
    }
    Status trainSelectorPhase()
    {
        if (!wants("selector")) {
            return {};
        }
        auto pack = packSoFar();
        if (!pack) {
            return fail(pack.error());
        }
        (*pack)->selector.clear();
        const Council council(m_weights, *pack, m_foundation.convention());
        const auto selector = trainSelector(council, *m_library, voteOptions(), progressOf("selector"), m_stop);
        return selector ? writeTensorFile(file("selector"), *selector, {}, true) : fail(selector.error());
    }

    /// Experts of a fold and the pictures of the sets that it left out.
    struct Fold {
        std::unique_ptr<Council> council;
        std::vector<std::size_t> views;
    };
    Result<Fold> foldOf(const std::filesystem::path& file, const NamedTensors& selector) const
    {
        auto read = Pack::read(file, m_foundation.sha256());
        if (!read) {
            return fail(read.error());
        }
        auto pack = std::make_shared<Pack>(read->on(m_foundation.device()));
        pack->selector = selector; // it hears the base alone
        pack->judge.clear();
        pack->voter.clear();
        const auto& known = pack->description.data;
        Fold fold;
        for (std::size_t n = 0; n < m_library->views().size(); ++n) {
            const auto& set = m_library->views()[n].set;
            const bool isLeftOut = std::find(m_setNames.begin(), m_setNames.end(), set) != m_setNames.end() &&
                                   std::find(known.begin(), known.end(), set) == known.end();
            if (isLeftOut) {
                fold.views.push_back(n);
            }
        }
        if (fold.views.empty() || pack->basic.count() == 0 || pack->taps.hash() != m_taps.hash()) {
            return fail(ErrorCode::invalidArgument,
                        "the fold is no pack of experts that see pictures as these do and know some of the sets only",
                        file.string(), "Train it with --leave-out, and the others --from it");
        }
        if (pack->domains.empty() && std::filesystem::exists(this->file("domains"))) {
            return fail(ErrorCode::invalidArgument,
                        "the fold does not know what its pictures look like, the experts do", file.string(),
                        "Write it anew with --phase domains");
        }
        fold.council = std::make_unique<Council>(m_weights, pack, m_foundation.convention());
        return fold;
    }

    Status trainVotePhase()
    {
        const bool plays = wantsSessions();
        if (!plays && !wants("vote")) {
            return {};
        }
        auto pack = packSoFar();
        if (!pack) {
            return fail(pack.error());
        }
        (*pack)->judge.clear();
        (*pack)->voter.clear();
        (*pack)->quality.clear();
        const Council council(m_weights, *pack, m_foundation.convention());
        std::vector<Fold> folds;
        std::vector<VotePool> pools{{"kept", &council, viewsFor(true)}};
        for (const auto& file : m_options.folds) {
            auto fold = foldOf(file, (*pack)->selector);
            if (!fold) {
                return fail(fold.error());
            }
            folds.push_back(std::move(*fold));
            pools.push_back({"fold " + std::to_string(folds.size()), folds.back().council.get(), folds.back().views});
        }
        if (plays) {
            if (auto played = playSessions(pools, *m_library, voteOptions(), m_options.worker, m_options.workers,
                                           progressOf("sessions"), m_stop);
                !played) {
                return played;
            }
            return {};
        }
        const auto trained = trainVote(pools, *m_library, voteOptions(), progressOf("vote"), m_stop);
        if (!trained) {
            return fail(trained.error());
        }
        for (const auto& [pool, table] : trained->tables) {
            tell("vote", 1, 1, pool + ": " + textOf(table));
        }
        for (const auto& [name, tensors] :
             {std::pair{"quality", &trained->quality}, {"judge", &trained->judge}, {"vote", &trained->parameters}}) {
            if (tensors->empty()) {
                std::error_code ignored; // of an earlier run
                std::filesystem::remove(file(name), ignored);
            } else if (auto written = writeTensorFile(file(name), *tensors, {}, true); !written) {
                return written;
            }
        }
        return {};
    }

    Status writePack()
    {
        if (m_options.out.empty() || m_workers->rank() > 0) {
            return {};
        }
        const auto pack = packSoFar();
        if (!pack) {
            return fail(pack.error());
        }
        const auto bytes = (*pack)->toBytes();
        return bytes ? writeFileAtomically(m_options.out, *bytes, {.replace = true, .mode = 0644})
                     : fail(bytes.error());
    }

    const TrainOptions& m_options;
    const TrainObserver& m_observe;
    const std::stop_token m_stop;
    Foundation& m_foundation;
    const NetworkWeights& m_weights;
    const PromptEncoder m_prompts;
    const ExpertDecoder m_decoder;
    std::vector<std::string> m_setNames;
    std::vector<PictureRecipe> m_recipes;
    TapProjection m_taps;
    std::shared_ptr<Workers> m_workers = Workers::alone();
    Pack m_begin; ///< of options.from; without experts where none was named
    std::unique_ptr<ViewLibrary> m_library;
};

} // namespace

Result<TrainReport> trainExperts(const TrainOptions& options, const TrainObserver& observe, std::stop_token stop,
                                 Foundation& foundation)
{
    return Run(options, observe, std::move(stop), foundation).run();
}

Result<TrainReport> trainExperts(const TrainOptions& options, const TrainObserver& observe, std::stop_token stop)
{
    try {
        keepTensorMemory(kKeptMemory);
        at::set_num_threads(chooseThreads(options.threads));
        const auto device = chooseDevice(options.device);
        if (!device) {
            return fail(device.error());
        }
        if (device->is_cuda()) { // TF32: what gradients need and several times as fast
            at::globalContext().setFloat32MatmulPrecision("high");
        }
        const auto foundation = Foundation::load(options.weightFolders, options.model, Precision::fp32, *device);
        if (!foundation) {
            return fail(foundation.error());
        }
        return trainExperts(options, observe, std::move(stop), **foundation);
    } catch (const std::exception& error) {
        const std::string text = error.what();
        return fail(ErrorCode::engineFailed, "training the experts: " + text.substr(0, text.find('\n')), {},
                    "Start it again: it goes on where it was");
    }
}

} // namespace icmoe::training
