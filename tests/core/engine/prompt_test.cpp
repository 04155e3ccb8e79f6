#include "core/engine/Prompt.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>

namespace icmoe {
namespace {

std::vector<Prompt> oneOfEach()
{
    return {{1, Plane::axial, 3, BoxPrompt{1, 2, 30, 40.5}},
            {2, Plane::axial, 3, PointPrompt{{5, 6}, true}},
            {3, Plane::axial, 3, PointPrompt{{9, 6}, false}},
            {4, Plane::axial, 3, ScribblePrompt{{{1, 1}, {2, 2.5}}, false}},
            {5, Plane::axial, 3, LassoPrompt{{{1, 1}, {20, 1}, {10, 30}}}},
            {6, Plane::axial, 3, MaskPrompt{SliceMask::fromRuns({{3, 9}, {70, 90}}, 64, 64)}},
            {7, Plane::axial, 3, LabelPrompt{"Left ventricle"}}};
}

TEST(Prompts, Json_RoundTrips)
{
    const auto prompts = oneOfEach();
    const auto back = promptsFromJson(promptsToJson(prompts));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, prompts);
}

TEST(Prompts, DamagedJson_IsMalformed)
{
    for (const char* text : {"", "{", "[{}]", "[{\"id\":1,\"plane\":\"oblique\",\"slice\":0,\"box\":[1,2,3,4]}]",
                             "[{\"id\":1,\"plane\":\"axial\",\"slice\":0,\"box\":[1,2]}]",
                             "[{\"id\":1,\"plane\":\"axial\",\"slice\":0}]"}) {
        const auto back = promptsFromJson(text);
        ASSERT_FALSE(back) << text;
        EXPECT_EQ(back.error().code, ErrorCode::malformedFile);
    }
}

TEST(Prompts, CanonicalOrder_DoesNotDependOnTheOrderGiven)
{
    auto prompts = oneOfEach();
    const auto expected = canonicalOrder(prompts);
    std::sort(prompts.begin(), prompts.end(), [](const Prompt& a, const Prompt& b) { return a.id < b.id; });
    do {
        EXPECT_EQ(canonicalOrder(prompts), expected);
    } while (std::next_permutation(prompts.begin(), prompts.end(),
                                   [](const Prompt& a, const Prompt& b) { return a.id < b.id; }));
}

TEST(Prompts, Check_RefusesWhatCannotBeAnswered)
{
    const auto code = [](std::vector<Prompt> prompts) {
        const auto status = checkPrompts(prompts, 64, 64);
        return status ? std::optional<ErrorCode>() : status.error().code;
    };
    EXPECT_EQ(code(oneOfEach()), std::nullopt);
    EXPECT_EQ(code({}), ErrorCode::emptyInput);
    EXPECT_EQ(code({{1, Plane::axial, 0, LabelPrompt{}}}), ErrorCode::invalidArgument);
    EXPECT_EQ(code({{1, Plane::axial, 0, LabelPrompt{"a"}}, {2, Plane::axial, 0, LabelPrompt{"b"}}}),
              ErrorCode::invalidArgument);
    EXPECT_EQ(code({{1, Plane::axial, 0, BoxPrompt{10, 0, 5, 5}}}), ErrorCode::invalidArgument);
    EXPECT_EQ(code({{1, Plane::axial, 0, PointPrompt{{std::numeric_limits<double>::quiet_NaN(), 1}, true}}}),
              ErrorCode::invalidArgument);
    EXPECT_EQ(code({{1, Plane::axial, 0, PointPrompt{{500, 1}, true}}}), ErrorCode::outOfRange);
    EXPECT_EQ(code({{1, Plane::axial, 0, ScribblePrompt{{}, true}}}), ErrorCode::invalidArgument);
    EXPECT_EQ(code({{1, Plane::axial, 0, MaskPrompt{SliceMask(3, 3)}}}), ErrorCode::invalidArgument);
    EXPECT_EQ(code({{1, Plane::axial, 0, PointPrompt{{5, 5}, true}}, {2, Plane::axial, 1, PointPrompt{{5, 5}, true}}}),
              ErrorCode::invalidArgument);
    EXPECT_EQ(
        code({{1, Plane::axial, 0, PointPrompt{{5, 5}, true}}, {2, Plane::axial, 0, PointPrompt{{5.2, 5}, false}}}),
        ErrorCode::conflictingPrompts);
}

} // namespace
} // namespace icmoe
