#include "inference/icmoe/Pack.h"

#include "core/base/AtomicFile.h"
#include "inference/icmoe/DetailExpert.h"
#include "inference/icmoe/Domains.h"
#include "inference/icmoe/Judge.h"
#include "inference/icmoe/NameList.h"
#include "inference/icmoe/Quality.h"
#include "inference/icmoe/ScoreNetwork.h"
#include "inference/icmoe/TensorSeal.h"
#include "inference/icmoe/Voting.h"

#include <ATen/ATen.h>

namespace icmoe {
namespace {

constexpr const char* kTapNames[] = {"taps.half.weight", "taps.half.bias", "taps.full.weight", "taps.full.bias"};

const SealedKind kKind{"the expert pack", Pack::kFormat};

Status checkOrigin(const TensorFile& file, const std::string& baseSha256)
{
    const auto format = formatOf(kKind, file);
    if (!format) {
        return fail(format.error());
    }
    if (*format < Pack::kFormat && file.tensors.contains("voter.bias")) {
        return refuse(kKind, ErrorCode::weightsUnknown,
                      "has format " + std::to_string(*format) + ", whose vote is not of this program's kind",
                      "Take the pack that comes with this version, or train the vote anew");
    }
    const auto base = stated(kKind, file, "base_sha256");
    if (!base) {
        return fail(base.error());
    }
    if (auto sound = checkSeal(kKind, file); !sound) {
        return sound;
    }
    if (*base != baseSha256) {
        return refuse(kKind, ErrorCode::weightsUnknown,
                      "was trained on other weights (SHA-256 " + base->substr(0, 12) + "…)",
                      "Use it with those weights, or another pack");
    }
    return {};
}

} // namespace

Pack Pack::on(at::Device device) const
{
    Pack moved = *this;
    for (auto* experts : {&moved.basic, &moved.semantic, &moved.adaptive}) {
        *experts = experts->on(device);
    }
    for (auto* part : {&moved.detail, &moved.domains, &moved.routing, &moved.selector, &moved.judge, &moved.voter}) {
        *part = icmoe::on(device, *part);
    }
    for (auto& expert : moved.local) {
        expert.parameters = expert.parameters.on(device);
    }
    return moved;
}

Result<std::vector<std::byte>> Pack::toBytes() const
{
    NamedTensors all;
    const at::Tensor* tapTensors[] = {&taps.halfWeight, &taps.halfBias, &taps.fullWeight, &taps.fullBias};
    for (std::size_t n = 0; n < 4; ++n) {
        all.emplace(kTapNames[n], *tapTensors[n]);
    }
    addUnder(all, "basic.", basic.tensors());
    addUnder(all, "semantic.", semantic.tensors());
    addUnder(all, "adaptive.", adaptive.tensors());
    addUnder(all, "detail.", detail);
    addUnder(all, "domains.", domains);
    addUnder(all, "routing.", routing);
    addUnder(all, "selector.", selector);
    addUnder(all, "judge.", judge);
    addUnder(all, "voter.", voter);
    addUnder(all, "quality.", quality);
    weights::Metadata metadata{{"base_sha256", baseSha256},
                               {"name", description.name},
                               {"licence", description.licence},
                               {"data", joinedNames(description.data)},
                               {"classes", joinedNames(description.classes)}};
    return sealedBytes(kKind, all, std::move(metadata));
}

Result<Pack> Pack::fromBytes(std::span<const std::byte> bytes, const std::string& baseSha256)
{
    auto file = tensorFileFrom(bytes);
    if (!file) {
        return fail(file.error());
    }
    if (auto sound = checkOrigin(*file, baseSha256); !sound) {
        return fail(sound.error());
    }
    Pack pack;
    pack.baseSha256 = baseSha256;
    pack.sha256 = file->sha256;
    for (const auto& [key, text] :
         {std::pair{"name", &pack.description.name}, {"licence", &pack.description.licence}}) {
        const auto value = stated(kKind, *file, key);
        if (!value) {
            return fail(value.error());
        }
        *text = *value;
    }
    pack.description.data = splitNames(file->metadata["data"]);
    pack.description.classes = splitNames(file->metadata["classes"]);
    at::Tensor* tapTensors[] = {&pack.taps.halfWeight, &pack.taps.halfBias, &pack.taps.fullWeight, &pack.taps.fullBias};
    const std::vector<std::int64_t> tapShapes[] = {
        {kHalfTapChannels, 128}, {kHalfTapChannels}, {kFullTapChannels, 64}, {kFullTapChannels}};
    for (std::size_t n = 0; n < 4; ++n) {
        const auto found = file->tensors.find(kTapNames[n]);
        if (found == file->tensors.end() || found->second.sizes() != tapShapes[n]) {
            return refuse(kKind, ErrorCode::malformedFile, std::string("lacks the tensor ") + kTapNames[n]);
        }
        *tapTensors[n] = found->second;
        file->tensors.erase(found);
    }
    try {
        for (const auto& [prefix, experts] :
             {std::pair{"basic.", &pack.basic}, {"semantic.", &pack.semantic}, {"adaptive.", &pack.adaptive}}) {
            if (auto tensors = takenUnder(file->tensors, prefix); !tensors.empty()) {
                *experts = ExpertParameters(std::move(tensors));
            }
        }
    } catch (const std::invalid_argument& error) {
        return refuse(kKind, ErrorCode::malformedFile, std::string("is not complete: ") + error.what());
    }
    pack.detail = takenUnder(file->tensors, "detail.");
    pack.domains = takenUnder(file->tensors, "domains.");
    pack.routing = takenUnder(file->tensors, "routing.");
    pack.selector = takenUnder(file->tensors, "selector.");
    pack.judge = takenUnder(file->tensors, "judge.");
    pack.voter = takenUnder(file->tensors, "voter.");
    pack.quality = takenUnder(file->tensors, "quality.");
    try {
        if (!pack.detail.empty()) {
            (void)DetailExpert(pack.detail);
        }
        if (!pack.domains.empty()) {
            (void)Domains(pack.domains);
        }
        if (!pack.selector.empty()) {
            (void)ScoreNetwork(pack.selector, kMaskFeatures);
        }
        if (!pack.judge.empty()) {
            (void)ScoreNetwork(pack.judge, kVoiceFeatures);
        }
        if (!pack.voter.empty()) {
            (void)VotingNetwork(pack.voter);
        }
        if (!pack.quality.empty()) {
            (void)QualityEstimate(pack.quality);
        }
    } catch (const std::invalid_argument& error) {
        return refuse(kKind, ErrorCode::malformedFile, std::string("is not complete: ") + error.what());
    }
    if (!file->tensors.empty()) {
        return refuse(kKind, ErrorCode::malformedFile, "holds an unknown tensor " + file->tensors.begin()->first,
                      "Install a newer version of the program");
    }
    return pack;
}

Result<Pack> Pack::read(const std::filesystem::path& file, const std::string& baseSha256)
{
    const auto bytes = readWholeFile(file, kLargestFile);
    if (!bytes) {
        return fail(bytes.error());
    }
    auto pack = fromBytes(*bytes, baseSha256);
    if (!pack) {
        Error error = pack.error();
        error.where = file.string() + (error.where.empty() ? "" : ": " + error.where);
        return fail(std::move(error));
    }
    return pack;
}

} // namespace icmoe
