#include "core/base/Sha256.h"
#include "core/dicom/Codings.h"
#include "core/dicom/StoredValues.h"
#include "core/study/Scan.h"
#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <iostream>
#include <sstream>

using namespace icmoe;
using namespace icmoe::test;

namespace {

/// What pydicom says about its own test files; empty without the judge.
std::vector<nlohmann::json> pydicomSays()
{
    std::vector<nlohmann::json> lines;
    const std::string python = judgesPython();
    if (python.empty()) {
        return lines;
    }
    const auto judged = run(python + " " + ICMOE_SOURCE_DIR + "/tests/judges/pydicom_values.py");
    EXPECT_EQ(judged.exitCode, 0) << judged.errors;
    std::istringstream text(judged.output);
    for (std::string line; std::getline(text, line);) {
        lines.push_back(nlohmann::json::parse(line));
    }
    return lines;
}

bool namesFileAndTag(const Error& error, const std::string& path)
{
    return error.where.starts_with(path) && error.where.find(", (") != std::string::npos;
}

/// SHA-256 of the rgb8 voxels that a window would show.
std::string coloursOf(const std::string& path)
{
    const auto found = scan({path});
    if (!found || found->studies.empty()) {
        return "";
    }
    const auto volume = loadVolume(found->studies.front().series.front());
    return volume && (*volume)->isColour() ? sha256((*volume)->sliceBytes(0)) : "";
}

} // namespace

TEST(PydicomJudge, StoredValues_EqualPydicomsOnEveryUncompressedAndLosslessFile)
{
    const auto files = pydicomSays();
    if (files.empty()) {
        ASSERT_EQ(std::getenv("CI"), nullptr) << "pydicom is missing (ICMOE_JUDGES_PYTHON)";
        GTEST_SKIP() << "ICMOE_JUDGES_PYTHON is not set: no pydicom to compare with";
    }
    int pictures = 0;
    int opened = 0;
    int equal = 0;
    int compared = 0;
    int refused = 0;
    int colours = 0;
    for (const auto& file : files) {
        const std::string path = file.at("path");
        SCOPED_TRACE(path);
        const auto ours = summarizeStoredValues(path);
        pictures += file.value("pixels", false) ? 1 : 0;
        opened += ours ? 1 : 0;
        if (!ours && ours.error().code != ErrorCode::unknownFormat &&
            ours.error().message != "not a picture: a DICOMDIR") {
            ++refused;
            EXPECT_TRUE(namesFileAndTag(ours.error(), path)) << ours.error().oneLine();
        }
        if (!file.contains("sha256")) {
            continue;
        }
        if (ours && !isLossy(ours->transferSyntaxUid)) {
            ++compared;
            equal += ours->sha256 == file.at("sha256") ? 1 : 0;
            EXPECT_EQ(ours->sha256, file.at("sha256")) << file.dump();
        } else if (!ours) {
            EXPECT_TRUE(isLossy(file.value("syntax", ""))) << "pydicom decodes it, we say: " << ours.error().oneLine();
        }
        if (file.contains("rgb8")) {
            ++colours;
            EXPECT_EQ(coloursOf(path), file.at("rgb8"));
        }
    }
    std::cout << "[ pydicom  ] " << files.size() << " files, " << pictures << " with pixels, " << opened << " open, "
              << refused << " refused with file and tag; stored values equal on " << equal << " of " << compared
              << " uncompressed and lossless ones, colours on " << colours << " palette and YBR pictures\n";
    EXPECT_GT(compared, 100);
}
