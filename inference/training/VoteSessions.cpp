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

constexpr int kVersion = 4; ///< of what a session is
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

Result<std::vector<KeptBallot>> VoteSessions::play(int number)
{
    if (isKept(number)) {
        return recalled(number);
    }
    auto ballots = played(startOf(number));
    if (ballots && !m_folder.empty()) {
        if (auto kept = keep(number, *ballots); !kept) {
            return fail(kept.error());
        }
    }
    return ballots;
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
    kept.object = one.object;
    return kept;
}

Result<std::vector<KeptBallot>> VoteSessions::played(Start start) const
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
    std::vector<KeptBallot> list;
    const auto keepAfter = 1 + random.below(kMostClicks); // clicks until the second ballot
    for (std::size_t round = 0; round <= keepAfter; ++round) {
        const auto hearing = council.hear(picture, canonicalOrder(one.prompts), m_options.voices, {});
        if (!hearing) {
            return fail(hearing.error());
        }
        if (round == 0 || round == keepAfter) {
            auto kept = begun(one);
            if (!kept) {
                return fail(kept.error());
            }
            auto ballot = council.ballot(picture, *hearing);
            kept->features = Council::judged(picture, ballot);
            std::vector<double> dice;
            for (const auto& voice : hearing->voices) {
                dice.push_back(icmoe::dice(maskAbove(onSlice(voice.logits, view.grid)), one.object->truth));
                kept->names.push_back(voice.name.substr(0, voice.name.find_last_not_of(" 0123456789") + 1));
            }
            kept->dice = at::tensor(at::ArrayRef<double>(dice), at::kFloat);
            kept->truth = maskOnNetwork(one.object->truth, view.grid).to(ballot.logits.device(), at::kHalf);
            ballot.logits = ballot.logits.clamp(-30, 30).to(at::kHalf);
            ballot.maps = ballot.maps.to(at::kHalf);
            ballot.embedding = kept->ballot.embedding;
            kept->ballot = std::move(ballot);
            list.push_back(std::move(*kept));
        }
        // the annotator corrects what one of the voices gave
        const auto& voice = hearing->voices[random.below(hearing->voices.size())];
        const auto answer = maskAbove(onSlice(voice.logits, view.grid));
        const auto click = correctingClick(one.object->truth, answer, random);
        if (!click || !addClick(one.prompts, *click)) {
            break;
        }
    }
    return list;
}

Status VoteSessions::keep(int number, const std::vector<KeptBallot>& ballots) const
{
    if (auto opened = openPrivateFolder(m_folder, "the folder of sessions", "--work"); !opened) {
        return opened;
    }
    NamedTensors tensors;
    weights::Metadata metadata;
    for (std::size_t n = 0; n < ballots.size(); ++n) {
        const auto prefix = std::to_string(n) + ".";
        for (const auto& [name, tensor] : partsOf(ballots[n])) {
            tensors.emplace(prefix + name, *tensor);
        }
        tensors.emplace(prefix + "familiarity", at::full({1}, static_cast<float>(ballots[n].ballot.familiarity)));
        tensors.emplace(prefix + "strangeness", at::full({1}, static_cast<float>(ballots[n].ballot.strangeness)));
        metadata[prefix + "names"] = joinedNames(ballots[n].names);
    }
    return writeTensorFile(fileOf(number), tensors, metadata, true);
}

Result<std::vector<KeptBallot>> VoteSessions::recalled(int number) const
{
    auto file = readTensorFile(fileOf(number), kLargestFile);
    if (!file) {
        return fail(file.error());
    }
    const auto device = m_pool.council->prompts().noMask().device();
    const auto one = startOf(number).one;
    std::vector<KeptBallot> list;
    for (std::size_t n = 0; file->metadata.contains(std::to_string(n) + ".names"); ++n) {
        const auto prefix = std::to_string(n) + ".";
        auto kept = begun(one);
        if (!kept) {
            return fail(kept.error());
        }
        for (const auto& [name, tensor] : partsOf(*kept)) {
            const auto found = file->tensors.find(prefix + name);
            if (found == file->tensors.end()) {
                return fail(ErrorCode::malformedFile, "a kept session lacks " + prefix + name, fileOf(number).string(),
                            "Delete the folder of sessions: they are played again");
            }
            *tensor = found->second.to(device);
        }
        for (auto* small : {&kept->ballot.logits, &kept->ballot.maps, &kept->truth}) {
            *small = small->to(at::kHalf);
        }
        kept->dice = kept->dice.cpu();
        kept->ballot.familiarity = file->tensors.at(prefix + "familiarity").item<double>();
        kept->ballot.strangeness = file->tensors.at(prefix + "strangeness").item<double>();
        kept->names = splitNames(file->metadata.at(prefix + "names"));
        list.push_back(std::move(*kept));
    }
    return list;
}

} // namespace icmoe::training
