#include "inference/training/VotePhases.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace icmoe::training {
namespace {

std::string textOf(const VoteTable& table)
{
    std::array<char, 256> text{};
    std::snprintf(text.data(), text.size(),
                  "%d unseen answers, Dice: base %.3f, mean %.3f, highest predicted IoU %.3f, highest score %.3f, vote "
                  "%.3f, oracle %.3f",
                  table.cases, table.base, table.mean, table.quickest, table.scored, table.vote, table.best);
    std::string line = text.data();
    std::snprintf(text.data(), text.size(), "; expected calibration error %.3f", table.reliability.calibrationError);
    line += text.data();
    for (const auto& [name, of] : table.voices) {
        std::snprintf(text.data(), text.size(), "; %s %.3f (%d)", name.c_str(), of.first, of.second);
        line += text.data();
    }
    return line;
}

bool contains(const std::vector<std::string>& names, const std::string& name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

} // namespace

VoteOptions voteOptions(const TrainingRun& run)
{
    VoteOptions vote;
    vote.questions = run.stepsOf("questions", vote.questions);
    vote.cases = run.stepsOf("sessions", 500);
    vote.steps = run.stepsOf("vote", 1500);
    vote.selectorSteps = run.stepsOf("selector", 3000);
    vote.seed = run.options().seed;
    vote.labelConsistency = run.options().labelConsistency;
    vote.guard = run.options().guard;
    vote.judge = run.options().judge;
    vote.judgeSteps = run.stepsOf("judge", vote.judgeSteps);
    vote.sessions = run.options().work / "sessions";
    for (const auto kind : run.options().without) {
        (kind == VoterKind::basic      ? vote.voices.basic
         : kind == VoterKind::semantic ? vote.voices.semantic
                                       : vote.voices.adaptive) = false;
    }
    vote.setWeights = run.options().setWeights;
    return vote;
}

Status VotePhases::selector() const
{
    if (!m_run.wants("selector")) {
        return {};
    }
    auto pack = packSoFar(m_run, m_views);
    if (!pack) {
        return fail(pack.error());
    }
    (*pack)->selector.clear();
    const auto council = m_run.councilOf(*pack);
    const auto selector =
        trainSelector(council, m_views.library(), voteOptions(m_run), m_run.progressOf("selector"), m_run.stop());
    return selector ? m_run.keep("selector", *selector) : fail(selector.error());
}

Result<VotePhases::Fold> VotePhases::foldOf(const std::filesystem::path& file, const NamedTensors& selector) const
{
    auto read = Pack::read(file, m_run.foundation().sha256());
    if (!read) {
        return fail(read.error());
    }
    auto pack = std::make_shared<Pack>(read->on(m_run.foundation().device()));
    pack->selector = selector; // it hears the base alone
    pack->judge.clear();
    pack->voter.clear();
    const auto& known = pack->description.data;
    Fold fold;
    for (std::size_t n = 0; n < m_views.library().views().size(); ++n) {
        const auto& set = m_views.library().views()[n].set;
        if (contains(m_views.setNames(), set) && !contains(known, set)) {
            fold.views.push_back(n);
        }
    }
    if (fold.views.empty() || pack->basic.count() == 0 || pack->taps.hash() != m_views.taps().hash()) {
        return fail(ErrorCode::invalidArgument,
                    "the fold is no pack of experts that see pictures as these do and know some of the sets only",
                    file.string(), "Train it with --leave-out, and the others --from it");
    }
    if (pack->domains.empty() && std::filesystem::exists(m_run.file("domains"))) {
        return fail(ErrorCode::invalidArgument, "the fold does not know what its pictures look like, the experts do",
                    file.string(), "Write it anew with --phase domains");
    }
    fold.council = std::make_unique<Council>(m_run.foundation().weights(), pack, m_run.foundation().convention());
    return fold;
}

Status VotePhases::vote() const
{
    const bool onlyPlays = m_run.wantsAlone("sessions");
    if (!onlyPlays && !m_run.wants("vote")) {
        return {};
    }
    auto pack = packSoFar(m_run, m_views);
    if (!pack) {
        return fail(pack.error());
    }
    (*pack)->judge.clear();
    (*pack)->voter.clear();
    (*pack)->quality.clear();
    const auto council = m_run.councilOf(*pack);
    std::vector<Fold> folds;
    std::vector<VotePool> pools{{"kept", &council, m_views.forVote(), true}};
    for (const auto& file : m_run.options().folds) {
        auto fold = foldOf(file, (*pack)->selector);
        if (!fold) {
            return fail(fold.error());
        }
        folds.push_back(std::move(*fold));
        pools.push_back({"fold " + std::to_string(folds.size()), folds.back().council.get(), folds.back().views});
    }
    return onlyPlays ? playSessions(pools, m_views.library(), voteOptions(m_run), m_run.options().worker,
                                    m_run.options().workers, m_run.progressOf("sessions"), m_run.stop())
                     : learn(pools);
}

Status VotePhases::learn(const std::vector<VotePool>& pools) const
{
    const auto trained =
        trainVote(pools, m_views.library(), voteOptions(m_run), m_run.progressOf("vote"), m_run.stop());
    if (!trained) {
        return fail(trained.error());
    }
    for (const auto& [pool, table] : trained->tables) {
        m_run.tell("vote", 1, 1, pool + ": " + textOf(table));
    }
    for (const auto& [name, tensors] :
         {std::pair{"quality", &trained->quality}, {"judge", &trained->judge}, {"vote", &trained->parameters}}) {
        if (tensors->empty()) {
            std::error_code ignored; // of an earlier run
            std::filesystem::remove(m_run.file(name), ignored);
        } else if (auto written = m_run.keep(name, *tensors); !written) {
            return written;
        }
    }
    return {};
}

} // namespace icmoe::training
