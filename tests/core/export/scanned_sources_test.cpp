// From real files through the scanner into every format and back.

#include "ExportSupport.h"

#include "core/study/Scan.h"

namespace icmoe {
namespace {

using namespace test;

/// Two overlapping boxes on some slices, and a label without voxels.
Segmentation boxesOn(Size3 size)
{
    Segmentation segmentation(size);
    int id = 0;
    for (const std::string name : {"first", "second", "nothing"}) {
        ++id;
        segmentation.labels().put(labelled(id, name, paletteColour(id)));
    }
    for (const LabelId label : {1, 2}) {
        Mask mask(size);
        for (int k = label - 1; k < size.depth; k += 2) {
            std::vector<icmoe::Run> runs;
            for (int y = size.height / 4; y < size.height / 2 + label; ++y) {
                const auto start = static_cast<std::uint32_t>(y * size.width + size.width / (2 + label));
                runs.push_back({start, start + static_cast<std::uint32_t>(size.width / 3)});
            }
            mask.setSlice(k, SliceMask::fromRuns(std::move(runs), size.width, size.height));
        }
        segmentation.setMask(label, std::move(mask));
    }
    return segmentation;
}

class ScannedSource : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Real, ScannedSource,
                         ::testing::Values("ct_head_ge_gantry_tilt", "ct_torso_jpeg2000", "ct_liver_with_seg",
                                           "mr_t1_sagittal_lying_on_left_side", "mr_epi_two_time_points_ge",
                                           "mr_enhanced_multiframe", "one_picture_many_syntaxes"),
                         [](const auto& parameter) { return parameter.param; });

TEST_P(ScannedSource, EverySeries_TakesMasksOutAndIn)
{
    const auto folder = shared("data/dicom/" + GetParam());
    if (folder.empty()) {
        GTEST_SKIP() << "the real data are not beside the checkout";
    }
    const auto found = scan({folder});
    ASSERT_TRUE(found) << found.error().oneLine();
    const bool judged = hasProgram("dciodvfy");
    int series = 0;
    for (const Study& study : found->studies) {
        for (const Series& source : study.series) {
            if (source.format != SourceFormat::dicom || !source.geometry) {
                continue;
            }
            SCOPED_TRACE("series " + std::to_string(++series) + " " + source.splitKey);
            const Geometry& geometry = *source.geometry;
            const Segmentation segmentation = boxesOn(geometry.size());
            TemporaryFolder out;
            const auto seg = exportSegmentation(segmentation, source, geometry, out / "m.dcm", MaskFormat::dicomSeg);
            ASSERT_TRUE(seg) << seg.error().oneLine();
            const auto read = importMasks(out / "m.dcm", source, geometry);
            ASSERT_TRUE(read) << read.error().oneLine();
            expectSameMasks(segmentation, read->segmentation);
            if (judged) {
                const auto verdict = run("dciodvfy '" + (out / "m.dcm").string() + "'");
                EXPECT_EQ(verdict.errors.find("Error"), std::string::npos) << verdict.errors;
            }
            for (const std::string name : {"m.nii.gz", "m.nrrd"}) {
                const auto written =
                    exportSegmentation(segmentation, source, geometry, out / name, *maskFormatFromEnding(name));
                if (geometry.isRegular()) {
                    ASSERT_TRUE(written) << written.error().oneLine();
                    const auto again = importMasks(out / name, source, geometry);
                    ASSERT_TRUE(again) << again.error().oneLine();
                    expectSameMasks(segmentation, again->segmentation);
                } else {
                    EXPECT_EQ(written.error().code, ErrorCode::geometryNotRepresentable);
                }
            }
        }
    }
    EXPECT_GT(series, 0);
}

} // namespace
} // namespace icmoe
