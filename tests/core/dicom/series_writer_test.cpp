#include "core/dicom/SeriesWriter.h"
#include "core/dicom/Uid.h"
#include "tests/support/DicomPhantom.h"
#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

using namespace icmoe;
using namespace icmoe::test;

namespace {

bool inContinuousIntegration()
{
    return std::getenv("CI") != nullptr;
}

} // namespace

TEST(Uid, SameText_GivesSameValidUid)
{
    const std::string uid = uidFromText("a series");
    EXPECT_EQ(uid, uidFromText("a series"));
    EXPECT_NE(uid, uidFromText("another series"));
    EXPECT_TRUE(uid.starts_with("2.25."));
    EXPECT_LE(uid.size(), 64U);
    EXPECT_NE(uid[5], '0');
}

TEST(SeriesWriter, WrittenCtAndMr_AreCleanForDciodvfy)
{
    if (!hasProgram("dciodvfy")) {
        ASSERT_FALSE(inContinuousIntegration()) << "dciodvfy is missing";
        GTEST_SKIP() << "dciodvfy (package dicom3tools) is missing";
    }
    for (const std::string modality : {"CT", "MR"}) {
        TemporaryFolder folder;
        const auto phantom =
            writeDicomPhantom(folder.path(), {.modality = modality, .orientation = obliqueOrientation()});
        ASSERT_TRUE(phantom) << phantom.error().oneLine();
        for (std::size_t i = 0; i < 3; ++i) {
            const auto judged = run("dciodvfy " + phantom->files[i].string());
            EXPECT_EQ(judged.errors.find("Error"), std::string::npos) << judged.errors;
            EXPECT_NE(judged.errors.find(modality + "Image"), std::string::npos)
                << judged.errors; // it was judged as this kind
        }
    }
}

TEST(SeriesWriter, UnknownModality_IsRefused)
{
    TemporaryFolder folder;
    const auto volume = phantomVolume({});
    const auto files = writeDicomSeries(*volume, {.uidSeed = "x", .modality = "US"}, folder.path());
    ASSERT_FALSE(files);
    EXPECT_EQ(files.error().code, ErrorCode::invalidArgument);
}

TEST(SeriesWriter, ColourVolume_IsRefused)
{
    TemporaryFolder folder;
    Volume::Description description{*Geometry::regular({4, 4, 1}, {}, {1, 0, 0}, {0, 1, 0}, {1, 1, 1})};
    description.type = SampleType::rgb8;
    const auto volume = Volume::allocate(description);
    ASSERT_TRUE(volume);
    const auto files = writeDicomSeries(**volume, {.uidSeed = "x"}, folder.path());
    ASSERT_FALSE(files);
    EXPECT_EQ(files.error().code, ErrorCode::unsupportedPixels);
}

TEST(SeriesWriter, ExistingFile_IsNotReplaced)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder.path(), {.size = {8, 8, 2}}));
    const auto again = writeDicomPhantom(folder.path(), {.size = {8, 8, 2}});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::alreadyExists);
}

TEST(DicomPhantom, Object_IsMappedOntoItselfByNoTurnOrMirror)
{
    const auto orientations = axisAlignedOrientations();
    ASSERT_EQ(orientations.size(), 24U);
    std::set<std::vector<bool>> seen;
    for (const auto& orientation : orientations) {
        for (const double sign : {1.0, -1.0}) {
            const Vec3 normal = cross(orientation.row, orientation.column) * sign;
            std::vector<bool> inside;
            for (int z = -24; z <= 24; z += 3) {
                for (int y = -24; y <= 24; y += 3) {
                    for (int x = -24; x <= 24; x += 3) {
                        inside.push_back(insidePhantomObject(Vec3{12, -8, 25} + orientation.row * x +
                                                             orientation.column * y + normal * z));
                    }
                }
            }
            EXPECT_TRUE(seen.insert(inside).second) << orientation.name;
        }
    }
}
