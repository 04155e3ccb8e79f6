// Our segmentation objects before judges of other makers: dciodvfy (dicom3tools), pydicom and highdicom.

#include "ExportSupport.h"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

namespace icmoe {
namespace {

using namespace test;

struct Case {
    std::string name;
    Segmentation segmentation;
    Series series;
    Geometry geometry;
    std::filesystem::path file;
};

/// The orientation set and the special sources, written once for all judges.
class Judges : public ::testing::Test {
protected:
    static void SetUpTestSuite()
    {
        s_folder = std::make_unique<TemporaryFolder>();
        auto orientations = axisAlignedOrientations();
        orientations.push_back(obliqueOrientation());
        for (const Orientation& orientation : orientations) {
            DicomPhantomOptions options;
            options.size = {15, 11, 6}; // rows × columns is no multiple of 8
            options.spacing = {3.0, 3.5, 6.5};
            options.orientation = orientation;
            add(orientation.name, options);
        }
        add("tilted", {.tiltDegrees = 18.5});
        add("uneven", {.uneven = true});
        add("MR", {.modality = "MR", .size = {7, 5, 9}, .spacing = {6, 7, 5}});
        add("no frame of reference", {.frameOfReference = false});
        addVariants();
    }
    static void TearDownTestSuite()
    {
        s_cases.clear();
        s_folder.reset();
    }

    static void add(const std::string& name, const DicomPhantomOptions& options)
    {
        PhantomCase phantom(*s_folder / ("source " + std::to_string(s_cases.size())), options);
        addCase(name, phantom.segmentation, phantom.series, phantom.geometry());
    }

    static void addVariants()
    {
        PhantomCase phantom(*s_folder / "source of variants", {.size = {9, 7, 5}, .spacing = {5, 6, 9}});
        Segmentation empty = phantom.segmentation;
        empty.setMask(2, Mask(empty.size()));
        empty.setMask(3, Mask(empty.size()));
        addCase("all segments empty", empty, phantom.series, phantom.geometry());
        Geometry::Parameters parameters;
        parameters.size = phantom.geometry().size();
        for (int k = 0; k < parameters.size.depth; ++k) {
            parameters.positions.push_back({0, 0, static_cast<double>(k)});
        }
        parameters.placedInPatient = false;
        parameters.spacingSource = SpacingSource::none;
        addCase("not placed in the patient", phantom.segmentation, phantom.series, Geometry::make(parameters).value());
    }

    static void addCase(const std::string& name, const Segmentation& segmentation, const Series& series,
                        const Geometry& geometry)
    {
        ExportOptions options;
        options.algorithm = {{2, AlgorithmType::semiautomatic}, {3, AlgorithmType::automatic}};
        options.author = "Tester^Anna";
        const auto file = *s_folder / (std::to_string(s_cases.size()) + ".dcm");
        const auto written = exportSegmentation(segmentation, series, geometry, file, MaskFormat::dicomSeg, options);
        ASSERT_TRUE(written) << name << ": " << written.error().oneLine();
        s_cases.push_back({name, segmentation, series, geometry, file});
    }

    /// A missing judge is a failure in CI and a skip elsewhere.
    static bool isMissing(bool present, const std::string& judge)
    {
        if (!present && std::getenv("CI") != nullptr) {
            ADD_FAILURE() << judge << " is missing, and CI must not skip it";
        }
        return !present;
    }

    inline static std::unique_ptr<TemporaryFolder> s_folder;
    inline static std::vector<Case> s_cases;
};

nlohmann::json vectorJson(Vec3 v)
{
    return {v.x, v.y, v.z};
}

nlohmann::json describe(const Case& c, const std::filesystem::path& expected)
{
    const Size3 size = c.geometry.size();
    nlohmann::json names = nlohmann::json::array();
    std::ofstream bytes(expected, std::ios::binary);
    for (const Label& label : c.segmentation.labels().labels()) {
        names.push_back(label.name);
        for (int k = 0; k < size.depth; ++k) {
            const auto& slices = c.segmentation.mask(label.id).slices();
            const auto slice = slices.find(k);
            const auto bitmap = (slice == slices.end() ? SliceMask(size.width, size.height) : slice->second).toBitmap();
            bytes.write(reinterpret_cast<const char*>(bitmap.data()), static_cast<std::streamsize>(bitmap.size()));
        }
    }
    nlohmann::json uids = nlohmann::json::array();
    nlohmann::json positions = nlohmann::json::array();
    for (int k = 0; k < size.depth; ++k) {
        uids.push_back(c.series.instances[static_cast<std::size_t>(k)].sopInstanceUid);
        positions.push_back(vectorJson(c.geometry.positions()[static_cast<std::size_t>(k)]));
    }
    return {{"name", c.name},
            {"seg", c.file.string()},
            {"expected", expected.string()},
            {"shape", {names.size(), size.depth, size.height, size.width}},
            {"names", names},
            {"uids", uids},
            {"frames", nullptr},
            {"positions", positions},
            {"row", vectorJson(c.geometry.rowDirection() * c.geometry.spacingI())},
            {"column", vectorJson(c.geometry.columnDirection() * c.geometry.spacingJ())},
            {"placed", c.geometry.placedInPatient()},
            {"regular", c.geometry.placedInPatient() && c.geometry.isRegular()}};
}

TEST_F(Judges, Dciodvfy_FindsNoError)
{
    if (isMissing(hasProgram("dciodvfy"), "dciodvfy (package dicom3tools)")) {
        GTEST_SKIP() << "dciodvfy is not installed";
    }
    for (const Case& c : s_cases) {
        const auto verdict = test::run("dciodvfy '" + c.file.string() + "'");
        EXPECT_EQ(verdict.errors.find("Error"), std::string::npos) << c.name << "\n" << verdict.errors;
        EXPECT_NE((verdict.errors + verdict.output).find("Segmentation"), std::string::npos) << c.name;
    }
}

TEST_F(Judges, PydicomAndHighdicom_ReadEveryVoxel)
{
    const std::string python = judgesPython();
    if (isMissing(!python.empty(), "highdicom and pydicom (ICMOE_JUDGES_PYTHON)")) {
        GTEST_SKIP() << "ICMOE_JUDGES_PYTHON names no Python with highdicom and pydicom";
    }
    nlohmann::json manifest = nlohmann::json::array();
    for (const Case& c : s_cases) {
        manifest.push_back(describe(c, c.file.string() + ".bytes"));
    }
    std::ofstream(*s_folder / "manifest.json") << manifest.dump();
    const auto verdict = test::run("'" + python + "' '" + std::string(ICMOE_SOURCE_DIR) +
                                   "/tests/core/export/judge_seg.py' '" + (*s_folder / "manifest.json").string() + "'");
    EXPECT_EQ(verdict.exitCode, 0) << verdict.output << verdict.errors;
    EXPECT_NE(verdict.output.find(std::to_string(s_cases.size()) + " of " + std::to_string(s_cases.size())),
              std::string::npos)
        << verdict.output;
    std::printf("highdicom and pydicom: %s", verdict.output.c_str());
}

} // namespace
} // namespace icmoe
