#include "core/engine/Vote.h"

#include <array>
#include <nlohmann/json.hpp>

namespace icmoe {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 5> kKindNames = {"base", "basic", "semantic", "adaptive", "local"};

VoterKind kindFrom(const Json& json)
{
    const auto text = json.get<std::string>();
    for (std::size_t n = 0; n < kKindNames.size(); ++n) {
        if (text == kKindNames[n]) {
            return static_cast<VoterKind>(n);
        }
    }
    throw Json::other_error::create(500, "unknown kind of voter", &json);
}

} // namespace

std::string_view name(VoterKind kind)
{
    return kKindNames[static_cast<std::size_t>(kind)];
}

std::string voteToJson(const Vote& vote)
{
    Json voters = Json::array();
    for (const VoterShare& voter : vote.voters) {
        voters.push_back({{"kind", name(voter.kind)},
                          {"name", voter.name},
                          {"weight", voter.weight},
                          {"predicted_iou", voter.predictedIou},
                          {"dropped", voter.dropped}});
    }
    return Json{{"voters", std::move(voters)}, {"boundary_disagreement", vote.boundaryDisagreement}}.dump();
}

Result<Vote> voteFromJson(std::string_view text)
{
    try {
        const Json json = Json::parse(text);
        Vote vote;
        for (const auto& voter : json.at("voters")) {
            vote.voters.push_back({kindFrom(voter.at("kind")), voter.at("name").get<std::string>(),
                                   voter.at("weight").get<double>(), voter.at("predicted_iou").get<double>(),
                                   voter.at("dropped").get<bool>()});
        }
        vote.boundaryDisagreement = json.at("boundary_disagreement").get<double>();
        return vote;
    } catch (const Json::exception&) {
        return fail(ErrorCode::malformedFile, "a vote is not in the expected form", {}, "The stored vote is damaged");
    }
}

} // namespace icmoe
