#include "core/study/Scan.h"
#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace icmoe;
using namespace icmoe::test;

namespace {

const std::filesystem::path kColin = "/usr/share/mricron/templates/ch2.nii.gz";

std::string sampleCommand(const std::filesystem::path& nifti, const std::filesystem::path& folder)
{
    return std::string(ICMOE_BINARY_DIR) + "/icmoe_sample " + nifti.string() + " " + folder.string();
}

} // namespace

TEST(Sample, Colin27_IsASoundTransverseSeriesThatDciodvfyAccepts)
{
    if (!std::filesystem::exists(kColin)) {
        ASSERT_EQ(std::getenv("CI"), nullptr) << "the package mricron-data is missing";
        GTEST_SKIP() << "the package mricron-data is missing";
    }
    TemporaryFolder folder;
    const auto written = run(sampleCommand(kColin, folder / "colin27"));
    ASSERT_EQ(written.exitCode, 0) << written.errors;
    const auto found = scan({folder / "colin27"});
    ASSERT_TRUE(found);
    ASSERT_EQ(found->studies.size(), 1U);
    EXPECT_EQ(found->studies[0].patientName, "COLIN^27");
    ASSERT_EQ(found->studies[0].series.size(), 1U);
    const Series& series = found->studies[0].series[0];
    EXPECT_EQ(series.instances.size(), 181U);
    EXPECT_EQ(series.health.badge(), "Sound");
    ASSERT_TRUE(series.geometry);
    EXPECT_EQ(letterOf(series.geometry->rowDirection()), "L");
    EXPECT_EQ(letterOf(series.geometry->columnDirection()), "P");
    EXPECT_EQ(letterOf(series.geometry->normal()), "S");
    // The NIfTI file says: 181 × 217 × 181 voxels of 1 mm, the first at (-90, -125, -71) RAS.
    EXPECT_EQ(series.geometry->size(), (Size3{181, 217, 181}));
    EXPECT_EQ(series.geometry->toPatient({180, 216, 0}), (Vec3{90, 125, -71}));
    const auto original = scan({kColin});
    ASSERT_TRUE(original);
    const auto wanted = loadVolume(original->studies.at(0).series.at(0));
    const auto volume = loadVolume(series);
    ASSERT_TRUE(wanted && volume);
    for (const Vec3 place : {Vec3{20, 10, 12}, Vec3{-33, 20, -8}, Vec3{0, -50, 40}, Vec3{61, 5, 3}}) {
        const auto valueAt = [&](const Volume& v) {
            const Vec3 at = v.geometry().toVoxel(place);
            return v.storedValue({static_cast<int>(std::lround(at.x)), static_cast<int>(std::lround(at.y)),
                                  static_cast<int>(std::lround(at.z))});
        };
        EXPECT_EQ(valueAt(**volume), valueAt(**wanted));
    }
    if (hasProgram("dciodvfy")) {
        const auto judged = run("dciodvfy " + (folder / "colin27/0090.dcm").string());
        EXPECT_EQ(judged.errors.find("Error"), std::string::npos) << judged.errors;
    }
}

TEST(Sample, FullFolderOrMissingHead_IsRefusedInOneLine)
{
    TemporaryFolder folder;
    const auto missing = run(sampleCommand(folder / "nothing.nii.gz", folder / "out"));
    EXPECT_EQ(missing.exitCode, 1);
    EXPECT_EQ(std::count(missing.errors.begin(), missing.errors.end(), '\n'), 1) << missing.errors;
    EXPECT_FALSE(std::filesystem::exists(folder / "out"));
    std::filesystem::create_directories(folder / "full/kept");
    EXPECT_EQ(run(sampleCommand(folder / "nothing.nii.gz", folder / "full")).exitCode, 1);
    EXPECT_EQ(run(std::string(ICMOE_BINARY_DIR) + "/icmoe_sample").exitCode, 2);
}
