#include "inference/training/VoteSessions.h"

#include "core/base/PrivateFolder.h"
#include "core/base/Sha256.h"
#include "core/mask/Metrics.h"
#include "inference/icmoe/NameList.h"
#include "inference/training/Losses.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace icmoe::training {
namespace {

constexpr int kVersion = 5; ///< of what a session is
constexpr int kMostClicks = 5;
constexpr std::size_t kLargestFile = std::size_t{64} << 20;

Opening drawOpening(Random& random)
{
    const double u = random.uniform();
    return u < 0.5    ? Opening::click
           : u < 0.75 ? Opening::box
           : u < 0.85 ? Opening::scribble
           : u < 0.91 ? Opening::lasso
           : u < 0.95 ? Opening::mask
                      : Opening::boxAndClick;
}

constexpr double kCorrectBest = 0.5; ///< how often it is the best voice that the annotator corrects

/// The tensors of a ballot that a file holds; the embedding is the library's.
template<typename Kept>
auto partsOf(Kept& kept)
{
    return std::array{std::pair{"logits", &kept.ballot.logits},
                      std::pair{"families", &kept.ballot.families},
                      std::pair{"iou", &kept.ballot.predictedIou},
                      std::pair{"routing", &kept.ballot.routing},
                      std::pair{"score", &kept.ballot.score},
                      std::pair{"maps", &kept.ballot.maps},
                      std::pair{"truth", &kept.truth},
                      std::pair{"features", &kept.features},
                      std::pair{"dice", &kept.dice}};
}

void fill(KeptBallot& kept, const Hearing& hearing, Ballot ballot, JudgedVoices judged)
{
    for (const auto& voice : hearing.voices) {
        kept.names.push_back(voice.name.substr(0, voice.name.find_last_not_of(" 0123456789") + 1));
    }
    kept.features = std::move(judged.features);
    kept.dice = std::move(judged.dice);
    kept.truth = maskOnNetwork(kept.object->truth, kept.grid).to(ballot.logits.device(), at::kHalf);
    ballot.logits = ballot.logits.clamp(-30, 30).to(at::kHalf);
    ballot.maps = ballot.maps.to(at::kHalf);
    ballot.embedding = kept.ballot.embedding;
    kept.ballot = std::move(ballot);
}

/// Where a file holds what was judged between the ballots.
std::string between(std::size_t n, const char* part)
{
    return "between " + std::to_string(n) + "." + part;
}

} // namespace

Ballot unpacked(const KeptBallot& kept)
{
    Ballot ballot = kept.ballot;
    ballot.logits = ballot.logits.to(at::kFloat);
    ballot.maps = ballot.maps.to(at::kFloat);
    ballot.embedding = ballot.embedding.to(at::kFloat);
    return ballot;
}

VoteSessions::VoteSessions(const VotePool& pool, ViewLibrary& library, const VoteOptions& options,
                           std::filesystem::path folder)
    : m_pool(pool)
    , m_library(library)
    , m_options(options)
    , m_sampler(library, options.setWeights, pool.views)
    , m_folder(folder.empty() ? std::move(folder) : folder / key())
{
}

/// Of everything that a session depends on.
std::string VoteSessions::key() const
{
    Sha256 hash;
    hash.update(std::to_string(kVersion) + " " + m_pool.name + " " + std::to_string(m_options.seed));
    const auto& voices = m_options.voices;
    for (const bool speaks : {voices.basic, voices.semantic, voices.adaptive}) {
        hash.update(speaks ? "+" : "-");
    }
    for (const auto& [set, weight] : m_options.setWeights) {
        hash.update(set + " " + std::to_string(weight) + "\n");
    }
    for (const auto view : m_pool.views) {
        hash.update(m_library.views()[view].key + "\n");
    }
    if (const auto bytes = m_pool.council->pack().toBytes()) {
        hash.update(*bytes);
    }
    return hash.hex().substr(0, 16);
}

VoteSessions::Start VoteSessions::startOf(int number) const
{
    Start start{{}, Random(seedOf(m_options.seed, m_pool.name + " session " + std::to_string(number)))};
    start.one = m_sampler.draw(start.random);
    return start;
}

std::filesystem::path VoteSessions::fileOf(int number) const
{
    return m_folder / (std::to_string(number) + ".session");
}

bool VoteSessions::isKept(int number) const
{
    std::error_code ignored;
    return !m_folder.empty() && std::filesystem::exists(fileOf(number), ignored);
}

Result<Session> VoteSessions::play(int number)
{
    if (isKept(number)) {
        return recalled(number);
    }
    auto session = played(startOf(number));
    if (session && !m_folder.empty()) {
        if (auto kept = keep(number, *session); !kept) {
            return fail(kept.error());
        }
    }
    return session;
}

JudgedVoices VoteSessions::judgedVoices(const Hearing& hearing, const PictureContext& picture, const Ballot& ballot,
                                        const TrainingCase& one) const
{
    const auto& view = m_library.views()[one.view];
    std::vector<double> dice;
    for (const auto& voice : hearing.voices) {
        dice.push_back(icmoe::dice(maskAbove(onSlice(voice.logits, view.grid)), one.object->truth));
    }
    return {Council::judged(picture, ballot), at::tensor(at::ArrayRef<double>(dice), at::kFloat), view.picture,
            view.set};
}

/// What a ballot of the case begins with.
Result<KeptBallot> VoteSessions::begun(const TrainingCase& one) const
{
    const auto features = m_library.features(one.view);
    if (!features) {
        return fail(features.error());
    }
    const auto& view = m_library.views()[one.view];
    KeptBallot kept;
    kept.ballot.embedding = features->embedding;
    kept.grid = view.grid;
    kept.picture = view.picture;
    kept.set = view.set;
    kept.isOfKnownSet = m_pool.isOfKnownSets;
    kept.object = one.object;
    return kept;
}

Result<Session> VoteSessions::played(Start start) const
{
    const at::NoGradGuard noGrad;
    auto& [one, random] = start;
    const auto& council = *m_pool.council;
    const auto& view = m_library.views()[one.view];
    const auto features = m_library.features(one.view);
    if (!features) {
        return fail(features.error());
    }
    const auto picture = council.prepare(*features, view.grid);
    one.prompts = openWith(drawOpening(random), one.object->truth, random);
    Session session;
    const auto keepAfter = 1 + random.below(kMostClicks); // clicks until the second ballot
    for (std::size_t round = 0; round <= keepAfter; ++round) {
        const auto hearing = council.hear(picture, canonicalOrder(one.prompts), m_options.voices, {});
        if (!hearing) {
            return fail(hearing.error());
        }
        auto ballot = council.ballot(picture, *hearing);
        auto judged = judgedVoices(*hearing, picture, ballot, one);
        const auto best = judged.dice.argmax().item<std::int64_t>();
        if (round == 0 || round == keepAfter) {
            auto kept = begun(one);
            if (!kept) {
                return fail(kept.error());
            }
            fill(*kept, *hearing, std::move(ballot), std::move(judged));
            session.ballots.push_back(std::move(*kept));
        } else {
            session.between.push_back(std::move(judged));
        }
        const auto corrected =
            random.uniform() < kCorrectBest ? static_cast<std::size_t>(best) : random.below(hearing->voices.size());
        const auto answer = maskAbove(onSlice(hearing->voices[corrected].logits, view.grid));
        const auto click = correctingClick(one.object->truth, answer, random);
        if (!click || !addClick(one.prompts, *click)) {
            break;
        }
    }
    return session;
}

Status VoteSessions::keep(int number, const Session& session) const
{
    if (auto opened = openPrivateFolder(m_folder, "the folder of sessions", "--work"); !opened) {
        return opened;
    }
    NamedTensors tensors;
    weights::Metadata metadata;
    for (std::size_t n = 0; n < session.ballots.size(); ++n) {
        const auto& kept = session.ballots[n];
        const auto prefix = std::to_string(n) + ".";
        for (const auto& [name, tensor] : partsOf(kept)) {
            tensors.emplace(prefix + name, *tensor);
        }
        tensors.emplace(prefix + "familiarity", at::full({1}, static_cast<float>(kept.ballot.familiarity)));
        tensors.emplace(prefix + "strangeness", at::full({1}, static_cast<float>(kept.ballot.strangeness)));
        metadata[prefix + "names"] = joinedNames(kept.names);
    }
    for (std::size_t n = 0; n < session.between.size(); ++n) {
        tensors.emplace(between(n, "features"), session.between[n].features);
        tensors.emplace(between(n, "dice"), session.between[n].dice);
    }
    return writeTensorFile(fileOf(number), tensors, metadata, true);
}

Result<KeptBallot> VoteSessions::recalledBallot(const TensorFile& file, int number, const std::string& prefix,
                                                const TrainingCase& one) const
{
    auto kept = begun(one);
    if (!kept) {
        return kept;
    }
    const auto device = m_pool.council->prompts().noMask().device();
    for (const auto& [name, tensor] : partsOf(*kept)) {
        const auto found = file.tensors.find(prefix + name);
        if (found == file.tensors.end()) {
            return fail(ErrorCode::malformedFile, "a kept session lacks " + prefix + name, fileOf(number).string(),
                        "Delete the folder of sessions: they are played again");
        }
        *tensor = found->second.to(device);
    }
    for (auto* small : {&kept->ballot.logits, &kept->ballot.maps, &kept->truth}) {
        *small = small->to(at::kHalf);
    }
    kept->dice = kept->dice.cpu();
    kept->ballot.familiarity = file.tensors.at(prefix + "familiarity").item<double>();
    kept->ballot.strangeness = file.tensors.at(prefix + "strangeness").item<double>();
    kept->names = splitNames(file.metadata.at(prefix + "names"));
    return kept;
}

Result<Session> VoteSessions::recalled(int number) const
{
    const auto file = readTensorFile(fileOf(number), kLargestFile);
    if (!file) {
        return fail(file.error());
    }
    const auto one = startOf(number).one;
    const auto& view = m_library.views()[one.view];
    Session session;
    for (std::size_t n = 0; file->metadata.contains(std::to_string(n) + ".names"); ++n) {
        auto kept = recalledBallot(*file, number, std::to_string(n) + ".", one);
        if (!kept) {
            return fail(kept.error());
        }
        session.ballots.push_back(std::move(*kept));
    }
    const auto device = m_pool.council->prompts().noMask().device();
    for (std::size_t n = 0; file->tensors.contains(between(n, "features")); ++n) {
        session.between.push_back({file->tensors.at(between(n, "features")).to(device),
                                   file->tensors.at(between(n, "dice")).cpu(), view.picture, view.set});
    }
    return session;
}

} // namespace icmoe::training
