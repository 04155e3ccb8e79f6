#include "core/engine/Vote.h"

#include <gtest/gtest.h>

namespace icmoe {
namespace {

TEST(Vote, Json_RoundTripsAllButTheMap)
{
    Vote vote;
    vote.voters = {{VoterKind::base, "base", 0.25, 0.9, false},
                   {VoterKind::basic, "click expert", 0.5, 0.8, false},
                   {VoterKind::semantic, "semantic 3", 0.25, 0.1, true},
                   {VoterKind::adaptive, "adaptive 2", 0, 0, false},
                   {VoterKind::local, "local", 0, 0, false}};
    vote.boundaryDisagreement = 0.125;
    const auto back = voteFromJson(voteToJson(vote));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, vote);
    EXPECT_DOUBLE_EQ(back->agreement(), 0.875);
}

TEST(Vote, DamagedJson_IsMalformed)
{
    for (const char* text : {"", "[]", "{\"voters\":[]}",
                             "{\"voters\":[{\"kind\":\"oracle\",\"name\":\"x\",\"weight\":1,"
                             "\"predicted_iou\":1,\"dropped\":false}],"
                             "\"boundary_disagreement\":0}"}) {
        const auto back = voteFromJson(text);
        ASSERT_FALSE(back) << text;
        EXPECT_EQ(back.error().code, ErrorCode::malformedFile);
    }
}

} // namespace
} // namespace icmoe
