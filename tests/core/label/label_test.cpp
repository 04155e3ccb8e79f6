#include "core/label/Label.h"

#include <gtest/gtest.h>

namespace icmoe {
namespace {

TEST(LabelSet, Ids_AreNeverUsedAgain)
{
    LabelSet labels;
    const auto a = labels.add("liver");
    const auto b = labels.add("spleen");
    ASSERT_TRUE(a && b);
    ASSERT_TRUE(labels.remove(*b));
    EXPECT_EQ(labels.add("kidney"), 3);
    EXPECT_EQ(labels.findByName("kidney")->colour, paletteColour(3));
    EXPECT_EQ(labels.find(2), nullptr);
}

TEST(LabelSet, EmptyAndTakenNames_AreRefused)
{
    LabelSet labels;
    ASSERT_TRUE(labels.add("liver"));
    EXPECT_EQ(labels.add("").error().code, ErrorCode::invalidArgument);
    EXPECT_EQ(labels.add("liver").error().code, ErrorCode::invalidArgument);
    EXPECT_EQ(labels.remove(9).error().code, ErrorCode::notFound);
}

TEST(LabelSet, Put_KeepsTheOrderOfIds)
{
    LabelSet labels;
    for (const LabelId id : {5, 2, 9}) {
        Label label;
        label.id = id;
        label.name = std::to_string(id);
        labels.put(label);
    }
    ASSERT_EQ(labels.labels().size(), 3U);
    EXPECT_EQ(labels.labels()[0].id, 2);
    EXPECT_EQ(labels.labels()[2].id, 9);
    EXPECT_EQ(labels.add("next"), 10);
}

TEST(Palette, RepeatsFromThirteenOn)
{
    EXPECT_EQ(paletteSize(), 12);
    EXPECT_EQ(paletteColour(13), paletteColour(1));
    EXPECT_NE(paletteColour(12), paletteColour(1));
}

} // namespace
} // namespace icmoe
