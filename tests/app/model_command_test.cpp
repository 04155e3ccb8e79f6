// Networks beside LiteMedSAM on the command line: importing, listing and choosing them.
#include "CommandFixture.h"
#include "SamCheckpoint.h"
#include "tests/support/DicomPhantom.h"

namespace icmoe::test {
namespace {

namespace fs = std::filesystem;

class ModelCommandTest : public CommandTest {};

TEST_F(ModelCommandTest, UnknownModels_AreWrongUsage)
{
    expectWrongUsage("segment x --box 1,2,3,4 --model sam -o y.png");
    expectWrongUsage("evaluate --data x --protocol box --model vit_b");
    EXPECT_NE(icmoe("segment --help").output.find("medsam-vit-b"), std::string::npos);
}

TEST_F(ModelCommandTest, ModelWithoutItsWeights_SaysHowToImportThem)
{
    if (!fs::exists(fs::path(ICMOE_BINARY_DIR) / "libicmoe_inference.so")) {
        GTEST_SKIP() << "the engine is missing: build icmoe_inference";
    }
    ASSERT_TRUE(writeDicomPhantom(file("phantom")));
    const auto segment = "segment " + quoted(file("phantom")) + " --slice 9 --box 2,2,9,9 -o " + quoted(file("m.png"));
    expectFailure(segment + " --model sam-vit-b", "weightsMissing", "--family sam");
    expectFailure(segment + " --model medsam-vit-b", "weightsMissing", "--family medsam");
    EXPECT_FALSE(fs::exists(file("m.png")));
}

TEST_F(ModelCommandTest, ImportedCheckpoint_IsGuardedByTheHashThatNobodyElseKnows)
{
    const auto checkpoint = file("medsam_vit_b.pth");
    writeSamCheckpoint(checkpoint, *weights::samShape("vit_b"), "cuda:0");
    EXPECT_EQ(icmoe("weights import " + quoted(checkpoint)).exitCode, 1) << "it is not LiteMedSAM, and is not guessed";
    const auto said = icmoe("weights import " + quoted(checkpoint) + " --family medsam").output;
    EXPECT_NE(said.find("not known to this program by its hash"), std::string::npos) << said;

    const auto listed = json("self-check")["models"]["medsam-vit-b"];
    EXPECT_EQ(listed["sound"], true);
    const auto weights = listed["file"].get<std::string>();
    EXPECT_NE(said.find(weights), std::string::npos) << said;
    EXPECT_NE(said.find(listed["sha256"].get<std::string>()), std::string::npos) << said;
    {
        std::fstream bytes(weights, std::ios::binary | std::ios::in | std::ios::out);
        bytes.seekp(100 << 20);
        bytes.put('\x55');
    }
    EXPECT_NE(icmoe("verify " + quoted(weights)).errors.find("SHA-256"), std::string::npos);
}

} // namespace
} // namespace icmoe::test
