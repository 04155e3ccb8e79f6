#include "CommandFixture.h"

namespace icmoe::test {
namespace {

class EvaluateCommandTest : public CommandTest {
protected:
    [[nodiscard]] std::string set(const std::string& name) const
    {
        const auto folder = shared("data/segmentation/" + name + "/val");
        return folder.empty() ? std::string() : quoted(folder);
    }
};

TEST_F(EvaluateCommandTest, BoxOnPolyps_ReachesTheReferenceAndShowsTheTimeLeft)
{
    const auto data = set("endoscopy_polyp");
    if (data.empty()) {
        GTEST_SKIP() << "the data beside the checkout is missing";
    }
    ICMOE_NEEDS_ENGINE();
    const auto result =
        icmoeOnATerminal("evaluate --data " + data + " --protocol box --experts none --precision fp32 --json");
    ASSERT_EQ(result.exitCode, 0) << result.errors;
    EXPECT_NE(result.errors.find("endoscopy_polyp 10 / 28"), std::string::npos) << result.errors;
    EXPECT_NE(result.errors.find(" s left"), std::string::npos) << result.errors;
    const auto report = nlohmann::json::parse(result.output, nullptr, false);
    ASSERT_TRUE(report.is_object()) << result.output;
    EXPECT_EQ(report["protocol"], "box");
    EXPECT_EQ(report["experts"], "none");
    const auto& polyps = report["sets"]["endoscopy_polyp"];
    EXPECT_EQ(polyps["n"], 28);
    EXPECT_NEAR(polyps["mean_dice"].get<double>(), 0.970, 0.005);
    EXPECT_LT(polyps["ci95"][0], polyps["mean_dice"]);
    EXPECT_GT(polyps["ci95"][1], polyps["mean_dice"]);
    EXPECT_EQ(report["mean_dice"], polyps["mean_dice"]);
    std::printf("[          ] polyp val, box, fp32: Dice %.4f, %.2f s a case\n", polyps["mean_dice"].get<double>(),
                polyps["seconds_per_case"].get<double>());
}

TEST_F(EvaluateCommandTest, StrokesAreDrawnWhereASetHasNone_AndCounted)
{
    const auto data = set("endoscopy_polyp");
    if (data.empty()) {
        GTEST_SKIP() << "the data beside the checkout is missing";
    }
    ICMOE_NEEDS_ENGINE();
    const auto result = icmoe("evaluate --data " + data + " --protocol scribble --most 2 --experts none --json");
    ASSERT_EQ(result.exitCode, 0) << result.errors;
    const auto report = nlohmann::json::parse(result.output, nullptr, false);
    ASSERT_TRUE(report.is_object()) << result.output;
    const auto& polyps = report["sets"]["endoscopy_polyp"];
    EXPECT_EQ(polyps["n"], 2);
    EXPECT_EQ(polyps["drawn_strokes"], 2);
    EXPECT_GT(polyps["mean_dice"].get<double>(), 0.5);
}

} // namespace
} // namespace icmoe::test
