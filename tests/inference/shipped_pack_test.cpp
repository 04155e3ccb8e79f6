// The pack that is shipped: what it says of itself, and a quick look whether its committed figures still hold.
#include "TestWeights.h"
#include "core/base/Sha256.h"
#include "core/evaluation/CaseList.h"
#include "core/evaluation/Protocol.h"
#include "inference/icmoe/IcMoeSegmenter.h"
#include "tests/support/TestSupport.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace icmoe::test {
namespace {

const std::filesystem::path kPacks = std::filesystem::path(ICMOE_SOURCE_DIR) / "resources/packs";

std::string textOf(const std::filesystem::path& file)
{
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

TEST(ShippedPack, IsForThePinnedBaseAndItsCardIsAboutThisFile)
{
    const auto file = kPacks / "icmoe.safetensors";
    EXPECT_LE(std::filesystem::file_size(file), std::uintmax_t{8'000'000});
    const auto pack = Pack::read(file, std::string(weights::kLiteMedSamSha256));
    ASSERT_TRUE(pack) << pack.error().oneLine();
    EXPECT_NE(pack->description.licence.find("CC BY-SA 4.0"), std::string::npos);
    EXPECT_GE(pack->description.data.size(), 10U);
    EXPECT_GT(pack->basic.count(), 0);
    EXPECT_GT(pack->semantic.count(), 0);
    EXPECT_GT(pack->adaptive.count(), 0);
    EXPECT_FALSE(pack->detail.empty());
    EXPECT_FALSE(pack->domains.empty());
    EXPECT_FALSE(pack->voter.empty());
    EXPECT_FALSE(pack->quality.empty());
    const auto card = textOf(kPacks / "MODEL_CARD.md");
    EXPECT_NE(card.find(pack->sha256), std::string::npos);
    for (const auto& set : pack->description.data) {
        EXPECT_NE(card.find(set), std::string::npos) << set;
    }
}

/// Mean Dice of one case of every set by boxes, and of its first and third click.
struct QuickFigures {
    double box = 0;
    double firstClick = 0;
    double thirdClick = 0;
};

QuickFigures figuresOf(Segmenter& engine, const std::filesystem::path& sets)
{
    std::vector<std::filesystem::path> folders;
    for (const auto& set : std::filesystem::directory_iterator(sets)) {
        folders.push_back(set.path() / "val");
    }
    QuickFigures mean;
    double count = 0;
    const auto found = evaluation::findSets(folders).value();
    for (const auto& set : found) {
        const auto one = evaluation::listCases(set, {}).value().front();
        const auto picture = evaluation::loadPicture(one).value();
        const auto embedding = engine.encode(*picture, {}, {}).value();
        const auto ask = [&](const std::vector<Prompt>& prompts) {
            return engine.predict(*picture, *embedding, prompts, {});
        };
        const auto clicks = evaluation::playClicks(one.truth, {evaluation::Protocol::Kind::clicks, 3}, ask).value();
        mean.box += evaluation::playBox(one.truth, ask).value().dice.front();
        mean.firstClick += clicks.dice.front();
        mean.thirdClick += clicks.dice[2];
        ++count;
    }
    return {mean.box / count, mean.firstClick / count, mean.thirdClick / count};
}

TEST(ShippedPack, IsBetterThanTheBaseAloneOnACaseOfEverySet)
{
    ICMOE_NEEDS_WEIGHTS();
    const auto sets = shared("data/segmentation");
    if (sets.empty()) {
        GTEST_SKIP() << "the shared pictures are not beside the checkout";
    }
    EngineOptions options;
    options.weightFolders = weightFolders();
    options.experts = "none";
    const auto base = figuresOf(*createEngine(options).value(), sets);
    options.experts = (kPacks / "icmoe.safetensors").string();
    const auto experts = figuresOf(*createEngine(options).value(), sets);
    RecordProperty("box", std::to_string(base.box) + " to " + std::to_string(experts.box));
    RecordProperty("first click", std::to_string(base.firstClick) + " to " + std::to_string(experts.firstClick));
    RecordProperty("third click", std::to_string(base.thirdClick) + " to " + std::to_string(experts.thirdClick));
    EXPECT_GT(experts.box, base.box);
    EXPECT_GT(experts.firstClick, base.firstClick + 0.03);
    EXPECT_GT(experts.thirdClick, base.thirdClick + 0.08);
}

} // namespace
} // namespace icmoe::test
