#include "ExportSupport.h"

#include "core/export/GridMapping.h"
#include "core/formats/GridFile.h"
#include "core/formats/ImageFile.h"
#include "core/formats/Png.h"

#include <fstream>

namespace icmoe {
namespace {

using namespace test;

class MaskFiles : public ::testing::TestWithParam<std::string> {
protected:
    /// A source that is not DICOM: the picture itself in the same format.
    Series sourceOf(const Volume& volume, const std::string& name)
    {
        EXPECT_TRUE(convertVolume(volume, m_folder / name, true, false, true));
        const auto study = describeImageFile(m_folder / name);
        EXPECT_TRUE(study) << study.error().oneLine();
        return study->series.front();
    }
    Status exportTo(const Segmentation& segmentation, const Geometry& geometry, const std::string& name,
                    const ExportOptions& options = {}, const Series& source = {})
    {
        return exportSegmentation(segmentation, source, geometry, m_folder / name, *maskFormatFromEnding(name),
                                  options);
    }
    TemporaryFolder m_folder;
};

INSTANTIATE_TEST_SUITE_P(Formats, MaskFiles, ::testing::Values("mask.nii", "mask.nii.gz", "mask.nrrd", "mask.seg.nrrd"),
                         [](const auto& parameter) {
                             std::string name = parameter.param;
                             std::replace(name.begin(), name.end(), '.', '_');
                             return name;
                         });

TEST_P(MaskFiles, OrientationSet_ReadsBackWithLabels)
{
    auto orientations = axisAlignedOrientations();
    orientations.push_back(obliqueOrientation());
    for (std::size_t n = 0; n < orientations.size(); ++n) {
        SCOPED_TRACE(orientations[n].name);
        DicomPhantomOptions options;
        options.size = {17, 13, 7};
        options.spacing = {2.5, 3.0, 5.5};
        options.orientation = orientations[n];
        const Geometry geometry = phantomGeometry(options);
        const Segmentation segmentation = phantomSegmentation(geometry);
        const std::string name = std::to_string(n) + GetParam();
        const auto written = exportTo(segmentation, geometry, name);
        ASSERT_TRUE(written) << written.error().oneLine();
        const auto read = importMasks(m_folder / name, {}, geometry);
        ASSERT_TRUE(read) << read.error().oneLine();
        expectSameMasks(segmentation, read->segmentation);
        EXPECT_EQ(read->segmentation.labels().labels()[0].id, 2) << "ids are the values";
    }
}

TEST_P(MaskFiles, OverlappingLabels_AreKept)
{
    const Geometry geometry = phantomGeometry({});
    const Segmentation overlapping = phantomSegmentation(geometry);
    const Segmentation apart = phantomSegmentation(geometry, false);
    ASSERT_TRUE(exportTo(overlapping, geometry, "two" + GetParam()));
    ASSERT_TRUE(exportTo(apart, geometry, "one" + GetParam()));
    const auto pictures = [&](const std::string& start) {
        const auto study = describeImageFile(m_folder / (start + GetParam()));
        return study ? study->series.size() : 0U;
    };
    EXPECT_EQ(pictures("two"), 2U);
    EXPECT_EQ(pictures("one"), 1U);
}

TEST_P(MaskFiles, UnevenOrTiltedSlices_AreRefusedUnlessResampled)
{
    for (const bool tilted : {true, false}) {
        DicomPhantomOptions options;
        options.tiltDegrees = tilted ? 18.5 : 0;
        options.uneven = !tilted;
        const Geometry geometry = phantomGeometry(options);
        const Segmentation segmentation = phantomSegmentation(geometry);
        EXPECT_EQ(exportTo(segmentation, geometry, GetParam()).error().code, ErrorCode::geometryNotRepresentable);
        EXPECT_TRUE(entries(m_folder.path()).empty());
        ExportOptions resample;
        resample.resample = true;
        const auto written = exportTo(segmentation, geometry, GetParam(), resample);
        ASSERT_TRUE(written) << written.error().oneLine();
        const auto study = describeImageFile(m_folder / GetParam());
        ASSERT_TRUE(study);
        const Geometry& regular = *study->series[0].geometry;
        EXPECT_TRUE(regular.isRegular());
        // The object is where it was: most of its voxels agree with the same object drawn on the regular grid.
        const auto read = importMasks(m_folder / GetParam(), {}, regular);
        ASSERT_TRUE(read) << read.error().oneLine();
        const Mask& found = read->segmentation.mask(2);
        const Mask expected = phantomMask(regular);
        std::size_t common = 0;
        for (const auto& [k, slice] : expected.slices()) {
            common += found.slice(k).empty() ? 0 : slice.intersected(found.slice(k)).area();
        }
        EXPECT_GT(2.0 * double(common) / double(expected.voxelCount() + found.voxelCount()), 0.85) << tilted;
        std::filesystem::remove(m_folder / GetParam());
    }
}

TEST_P(MaskFiles, DamageBeforeTheReadBack_FailsVerificationAndLeavesNothing)
{
    const Geometry geometry = phantomGeometry({});
    ExportOptions options;
    options.beforeVerification = [](const std::filesystem::path& file) {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(-40, std::ios::end);
        stream.write("\x5a\x5a\x5a", 3);
    };
    EXPECT_EQ(exportTo(phantomSegmentation(geometry), geometry, GetParam(), options).error().code,
              ErrorCode::verificationFailed);
    EXPECT_TRUE(entries(m_folder.path()).empty());
}

TEST_P(MaskFiles, ExistingFile_IsKeptAndNewOnesAreTheUsersAlone)
{
    const Geometry geometry = phantomGeometry({});
    const Segmentation segmentation = phantomSegmentation(geometry);
    ASSERT_TRUE(exportTo(segmentation, geometry, GetParam()));
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(m_folder / GetParam()).permissions(), perms::owner_read | perms::owner_write);
    EXPECT_EQ(exportTo(segmentation, geometry, GetParam()).error().code, ErrorCode::alreadyExists);
}

TEST_P(MaskFiles, AnotherGrid_IsAMismatchUnlessResampled)
{
    const Geometry geometry = phantomGeometry({});
    ASSERT_TRUE(exportTo(phantomSegmentation(geometry), geometry, GetParam()));
    DicomPhantomOptions coarse;
    coarse.size = {16, 14, 10};
    coarse.spacing = {4, 5, 6};
    const Geometry other = phantomGeometry(coarse);
    EXPECT_EQ(importMasks(m_folder / GetParam(), {}, other).error().code, ErrorCode::geometryMismatch);
    ImportOptions options;
    options.resample = true;
    const auto read = importMasks(m_folder / GetParam(), {}, other, options);
    ASSERT_TRUE(read) << read.error().oneLine();
    EXPECT_FALSE(read->notices.empty());
    EXPECT_NEAR(double(read->segmentation.mask(2).voxelCount()) * 8, double(phantomMask(geometry).voxelCount()),
                0.15 * double(phantomMask(geometry).voxelCount()));
}

TEST_P(MaskFiles, TurnedAndFlippedGrid_IsMappedVoxelForVoxel)
{
    // The masks of one orientation on the same lattice described from another corner and with other axes.
    const Geometry from = phantomGeometry({.size = {8, 6, 5}, .spacing = {5, 5, 5}});
    const Segmentation segmentation = phantomSegmentation(from, false);
    ASSERT_TRUE(exportTo(segmentation, from, GetParam()));
    const auto turned = Geometry::regular({6, 5, 8}, from.toPatient({7, 5, 4}), from.columnDirection() * -1.0,
                                          from.normal() * -1.0, {5, 5, 5});
    ASSERT_TRUE(turned);
    // row -y, column -z: their normal is +x, so slices run against the old rows' start
    const auto placed = Geometry::regular({6, 5, 8}, from.toPatient({0, 5, 4}), from.columnDirection() * -1.0,
                                          from.normal() * -1.0, {5, 5, 5});
    const auto read = importMasks(m_folder / GetParam(), {}, *placed);
    ASSERT_TRUE(read) << read.error().oneLine();
    for (const LabelId label : {2, 3}) {
        for (int k = 0; k < 5; ++k) {
            for (int j = 0; j < 6; ++j) {
                for (int i = 0; i < 8; ++i) {
                    ASSERT_EQ(segmentation.mask(label).contains({i, j, k}),
                              read->segmentation.mask(label).contains({5 - j, 4 - k, i}));
                }
            }
        }
    }
    EXPECT_EQ(importMasks(m_folder / GetParam(), {}, *turned).error().code, ErrorCode::geometryMismatch)
        << "voxels would fall outside";
}

TEST_P(MaskFiles, LeftHandedSource_GetsMasksInItsOwnOrder)
{
    // A NIfTI picture whose first axis runs to the right while the others do not turn with it.
    const std::string name = "source.nii";
    {
        const Geometry geometry = phantomGeometry({.size = {6, 5, 4}});
        Volume::Description description;
        description.geometry = geometry;
        auto volume = Volume::allocate(std::move(description)).value();
        for (int k = 0; k < 4; ++k) {
            volume->markLoaded(k);
        }
        ASSERT_TRUE(convertVolume(*volume, m_folder / name, true, false));
        std::fstream stream(m_folder / name, std::ios::in | std::ios::out | std::ios::binary);
        float first = 0;
        stream.seekg(280);
        stream.read(reinterpret_cast<char*>(&first), 4);
        first = -first;
        stream.seekp(280);
        stream.write(reinterpret_cast<const char*>(&first), 4);
    }
    const auto study = describeImageFile(m_folder / name);
    ASSERT_TRUE(study) << study.error().oneLine();
    const Series& source = study->series[0];
    const Geometry& geometry = *source.geometry;
    ASSERT_TRUE(describeNifti(m_folder / name)->reversed);
    Segmentation segmentation(geometry.size());
    segmentation.labels().put(labelled(1, "first", {9, 9, 9}));
    Mask mask(geometry.size());
    mask.setSlice(0, SliceMask::fromRuns({{0, 1}}, 6, 5));
    segmentation.setMask(1, mask);
    ASSERT_TRUE(exportTo(segmentation, geometry, GetParam(), {}, source));
    const auto grid =
        GetParam().ends_with("nrrd") ? describeNrrd(m_folder / GetParam()) : describeNifti(m_folder / GetParam());
    ASSERT_TRUE(grid);
    EXPECT_TRUE(grid->reversed);
    const auto read = importMasks(m_folder / GetParam(), source, geometry);
    ASSERT_TRUE(read);
    expectSameMasks(segmentation, read->segmentation);
}

TEST(MaskImport, NamesOfTheCaller_Win)
{
    TemporaryFolder folder;
    const Geometry geometry = phantomGeometry({});
    ASSERT_TRUE(
        exportSegmentation(phantomSegmentation(geometry), {}, geometry, folder / "m.nii.gz", MaskFormat::nifti));
    ImportOptions options;
    options.labelNames = {{2, "same"}, {3, "same"}};
    const auto read = importMasks(folder / "m.nii.gz", {}, geometry, options);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->segmentation.labels().find(2)->name, "same");
    EXPECT_EQ(read->segmentation.labels().find(3)->name, "same (2)");
    EXPECT_EQ(read->notices.size(), 1U);
}

TEST(MaskImport, ForeignLabelMaps_GetNumberedNames)
{
    const auto path = shared("data/volumes/ct_torso_3mm_labels_by_network.nii.gz");
    if (path.empty()) {
        GTEST_SKIP() << "the real data are not beside the checkout";
    }
    const auto study = describeImageFile(shared("data/volumes/ct_torso_3mm.nii.gz"));
    ASSERT_TRUE(study);
    const auto read = importMasks(path, study->series[0], *study->series[0].geometry);
    ASSERT_TRUE(read) << read.error().oneLine();
    EXPECT_GT(read->segmentation.labels().labels().size(), 10U);
    EXPECT_TRUE(read->segmentation.labels().labels()[0].name.starts_with("Label "));
}

TEST(MaskImport, LabelsOfAJpeg2000Series_LieOnItsSlicesThoughTheirRowsRunTheOtherWay)
{
    const auto folder = shared("data/dicom/ct_torso_jpeg2000");
    if (folder.empty()) {
        GTEST_SKIP() << "the real data are not beside the checkout";
    }
    std::vector<std::filesystem::path> files;
    for (const auto& path : entries(folder)) {
        if (path.extension() == ".dcm") {
            files.push_back(path);
        }
    }
    const Geometry geometry = geometryOf(files);
    const auto read = importMasks(folder / "labels_by_network.nii.gz", {}, geometry);
    ASSERT_TRUE(read) << read.error().oneLine();
    const auto grid = describeNifti(folder / "labels_by_network.nii.gz");
    ASSERT_TRUE(grid);
    const auto mapping = findMapping(grid->geometry, geometry);
    ASSERT_TRUE(mapping);
    EXPECT_EQ(mapping->step[1], (Index3{0, -1, 0}));
}

void writeNrrd(const std::filesystem::path& path, const std::string& type, const std::string& front,
               const std::string& samples)
{
    std::ofstream(path, std::ios::binary) << "NRRD0004\ntype: " + type + "\n" + front + "encoding: ascii\n\n" + samples;
}

const std::string kThree = "dimension: 3\nsizes: 2 2 1\nspace: LPS\nspace directions: (1,0,0) (0,1,0) (0,0,1)\n";
const std::string kFour = "dimension: 4\nsizes: 2 2 1 2\nspace: LPS\nspace directions: (1,0,0) (0,1,0) (0,0,1) none\n";

Geometry smallGeometry()
{
    return Geometry::regular({2, 2, 1}, {}, {1, 0, 0}, {0, 1, 0}, {1, 1, 1}).value();
}

TEST(MaskImport, ValuesThatAreNoLabels_AreRefused)
{
    TemporaryFolder folder;
    writeNrrd(folder / "p.nrrd", "float", kThree, "0 0.5 1 0\n");
    EXPECT_EQ(importMasks(folder / "p.nrrd", {}, smallGeometry()).error().code, ErrorCode::unsupportedPixels);
    writeNrrd(folder / "n.nrrd", "short", kThree, "0 -1 1 0\n");
    EXPECT_EQ(importMasks(folder / "n.nrrd", {}, smallGeometry()).error().code, ErrorCode::unsupportedPixels);
    writeNrrd(folder / "c.nrrd", "uchar", "dimension: 3\nsizes: 3 2 1\nkinds: RGB-color domain domain\n",
              "1 2 3 4 5 6\n");
    EXPECT_EQ(importMasks(folder / "c.nrrd", {}, smallGeometry()).error().code, ErrorCode::unsupportedPixels);
    writeNrrd(folder / "f.nrrd", "float", kThree, "0 2 1 0\n");
    EXPECT_TRUE(importMasks(folder / "f.nrrd", {}, smallGeometry())) << "whole numbers in floats are labels";
}

TEST(MaskImport, SeveralVolumes_AreOneLabelEachOrRefused)
{
    TemporaryFolder folder;
    writeNrrd(folder / "hot.nrrd", "uchar", kFour, "0 1 1 0  0 0 1 1\n");
    const auto hot = importMasks(folder / "hot.nrrd", {}, smallGeometry());
    ASSERT_TRUE(hot) << hot.error().oneLine();
    EXPECT_EQ(hot->segmentation.mask(1).slice(0).runs(), (std::vector<icmoe::Run>{{1, 3}}));
    EXPECT_EQ(hot->segmentation.mask(2).slice(0).runs(), (std::vector<icmoe::Run>{{2, 4}}));
    EXPECT_EQ(hot->notices.size(), 1U);
    writeNrrd(folder / "time.nrrd", "uchar", kFour, "0 1 2 0  0 0 1 1\n");
    EXPECT_EQ(importMasks(folder / "time.nrrd", {}, smallGeometry()).error().code, ErrorCode::unsupportedPixels);
}

TEST(MaskImport, SlicersLayersAndValues_BecomeLabels)
{
    TemporaryFolder folder;
    writeNrrd(folder / "s.seg.nrrd", "uchar",
              kFour + "Segment0_ID:=A\nSegment0_Name:=liver\nSegment0_LabelValue:=1\nSegment0_Layer:=0\n"
                      "Segment0_Color:=1 0 "
                      "0.5\nSegment0_Tags:=TerminologyEntry:x~SCT^85756007^Tissue~SCT^10200004^Liver~^^~y~^^~^^|\n"
                      "Segment1_ID:=B\nSegment1_Name:=spleen\nSegment1_LabelValue:=1\nSegment1_Layer:=1\n",
              "0 1 1 0  0 0 1 1\n");
    const auto read = importMasks(folder / "s.seg.nrrd", {}, smallGeometry());
    ASSERT_TRUE(read) << read.error().oneLine();
    const Label* liver = read->segmentation.labels().findByName("liver");
    const Label* spleen = read->segmentation.labels().findByName("spleen");
    ASSERT_TRUE(liver && spleen);
    EXPECT_EQ(liver->colour, (Colour{255, 0, 128}));
    EXPECT_EQ(liver->type, (Code{"10200004", "SCT", "Liver"}));
    EXPECT_NE(liver->id, spleen->id);
    EXPECT_EQ(read->segmentation.mask(liver->id).slice(0).runs(), (std::vector<icmoe::Run>{{1, 3}}));
    EXPECT_EQ(read->segmentation.mask(spleen->id).slice(0).runs(), (std::vector<icmoe::Run>{{2, 4}}));
}

TEST(MaskImport, OnlyOneSidePlacedInThePatient_IsAMismatch)
{
    TemporaryFolder folder;
    writeNrrd(folder / "p.nrrd", "uchar", "dimension: 3\nsizes: 2 2 1\n", "0 1 1 0\n");
    ImportOptions options;
    options.resample = true;
    EXPECT_EQ(importMasks(folder / "p.nrrd", {}, smallGeometry(), options).error().code, ErrorCode::geometryMismatch);
}

TEST(MaskExport, LargeLabelNumbers_NeedSixteenBitsAndNoMore)
{
    TemporaryFolder folder;
    Segmentation segmentation({2, 2, 1});
    segmentation.labels().put(labelled(300, "three hundred", {1, 1, 1}));
    Mask mask({2, 2, 1});
    mask.setSlice(0, SliceMask::fromRuns({{1, 2}}, 2, 2));
    segmentation.setMask(300, mask);
    ASSERT_TRUE(exportSegmentation(segmentation, {}, smallGeometry(), folder / "m.nii", MaskFormat::nifti));
    EXPECT_EQ(describeNifti(folder / "m.nii")->sample, FileSample::u16);
    EXPECT_TRUE(importMasks(folder / "m.nii", {}, smallGeometry())->segmentation.mask(300).contains({1, 0, 0}));
    EXPECT_EQ(exportSegmentation(segmentation, {}, smallGeometry(), folder / "m.png", MaskFormat::png).error().code,
              ErrorCode::limitExceeded);
    segmentation.labels().put(labelled(70000, "too large", {1, 1, 1}));
    EXPECT_EQ(exportSegmentation(segmentation, {}, smallGeometry(), folder / "n.nii", MaskFormat::nifti).error().code,
              ErrorCode::limitExceeded);
}

TEST(MaskExport, UnusableRequests_AreRefused)
{
    TemporaryFolder folder;
    const Segmentation nothing({2, 2, 1});
    EXPECT_EQ(exportSegmentation(nothing, {}, smallGeometry(), folder / "m.nii", MaskFormat::nifti).error().code,
              ErrorCode::emptyInput);
    Segmentation other({3, 2, 1});
    other.labels().put(labelled(1, "a", {}));
    EXPECT_EQ(exportSegmentation(other, {}, smallGeometry(), folder / "m.nii", MaskFormat::nifti).error().code,
              ErrorCode::geometryMismatch);
    Segmentation good({2, 2, 1});
    good.labels().put(labelled(1, "a", {}));
    EXPECT_EQ(exportSegmentation(good, {}, smallGeometry(), folder / "no" / "m.nii", MaskFormat::nifti).error().code,
              ErrorCode::notFound);
    EXPECT_EQ(importMasks(folder / "missing", {}, smallGeometry()).error().code, ErrorCode::notFound);
    const Geometry::Parameters wide = [] {
        Geometry::Parameters p;
        p.size = {40000, 1, 1};
        p.positions = {Vec3{}};
        return p;
    }();
    Segmentation broad({40000, 1, 1});
    broad.labels().put(labelled(1, "a", {}));
    EXPECT_EQ(
        exportSegmentation(broad, {}, Geometry::make(wide).value(), folder / "m.nii", MaskFormat::nifti).error().code,
        ErrorCode::geometryNotRepresentable);
}

TEST(MaskFormats, EndingsAndNames_AreKnown)
{
    EXPECT_EQ(maskFormatFromEnding("A.DCM"), MaskFormat::dicomSeg);
    EXPECT_EQ(maskFormatFromEnding("a.nii.gz"), MaskFormat::nifti);
    EXPECT_EQ(maskFormatFromEnding("a.seg.nrrd"), MaskFormat::nrrd);
    EXPECT_EQ(maskFormatFromEnding("a.png"), MaskFormat::png);
    EXPECT_EQ(maskFormatFromEnding("a.txt"), std::nullopt);
    EXPECT_EQ(maskFormatFromName("SEG"), MaskFormat::dicomSeg);
    EXPECT_EQ(maskFormatFromName("nifti"), MaskFormat::nifti);
    EXPECT_EQ(maskFormatFromName("nrrd"), MaskFormat::nrrd);
    EXPECT_EQ(maskFormatFromName("png"), MaskFormat::png);
    EXPECT_EQ(maskFormatFromName("gif"), std::nullopt);
}

// ---- PNG ----

class PngMasks : public ::testing::Test {
protected:
    PngMasks()
        : m_geometry(phantomGeometry({}))
        , m_segmentation(phantomSegmentation(m_geometry, false))
    {
    }
    Status exportTo(const std::string& name, const ExportOptions& options = {})
    {
        return exportSegmentation(m_segmentation, {}, m_geometry, m_folder / name, MaskFormat::png, options);
    }
    TemporaryFolder m_folder;
    Geometry m_geometry;
    Segmentation m_segmentation;
};

TEST_F(PngMasks, OneSliceOfAnyPlane_ReadsBackWithLabels)
{
    for (const Plane plane : {Plane::acquisition, Plane::sagittal, Plane::coronal}) {
        ExportOptions options;
        options.plane = plane;
        options.slice = SlicePlane(m_geometry, plane).count() / 2;
        options.replace = true;
        const auto written = exportTo("m.png", options);
        ASSERT_TRUE(written) << written.error().oneLine();
        ImportOptions import1;
        import1.plane = plane;
        import1.slice = options.slice;
        const auto read = importMasks(m_folder / "m.png", {}, m_geometry, import1);
        ASSERT_TRUE(read) << read.error().oneLine();
        ASSERT_EQ(read->segmentation.labels().labels(), m_segmentation.labels().labels());
        const SlicePlane cut(m_geometry, plane);
        for (const LabelId label : {2, 3, 7}) {
            EXPECT_EQ(read->segmentation.mask(label).cut(cut, *options.slice).runs(),
                      m_segmentation.mask(label).cut(cut, *options.slice).runs());
        }
        EXPECT_GT(read->segmentation.mask(2).voxelCount(), 0U);
    }
}

TEST_F(PngMasks, VolumeWithoutSlice_IsRefusedWithTheWayOut)
{
    const auto written = exportTo("m.png");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::invalidArgument);
    EXPECT_NE(written.error().hint.find("%03d"), std::string::npos);
    ExportOptions options;
    options.slice = 20;
    EXPECT_EQ(exportTo("m.png", options).error().code, ErrorCode::outOfRange);
}

TEST_F(PngMasks, NumberPattern_GivesAFileForEachSlice)
{
    ASSERT_TRUE(exportTo("m_%03d.png"));
    EXPECT_EQ(entries(m_folder.path()).size(), 20U);
    ImportOptions options;
    options.slice = 7;
    const auto read = importMasks(m_folder / "m_007.png", {}, m_geometry, options);
    ASSERT_TRUE(read) << read.error().oneLine();
    EXPECT_EQ(read->segmentation.mask(2).slice(7), m_segmentation.mask(2).slice(7));
    EXPECT_EQ(exportTo("m_%03d.png").error().code, ErrorCode::alreadyExists);
}

TEST_F(PngMasks, OverlappingLabels_AreRefused)
{
    m_segmentation = phantomSegmentation(m_geometry, true);
    ExportOptions options;
    options.slice = 9;
    EXPECT_EQ(exportTo("m.png", options).error().code, ErrorCode::invalidArgument);
    EXPECT_TRUE(entries(m_folder.path()).empty());
}

TEST_F(PngMasks, DamageBeforeTheReadBack_FailsVerification)
{
    ExportOptions options;
    options.slice = 9;
    options.beforeVerification = [](const std::filesystem::path& file) { std::filesystem::resize_file(file, 60); };
    EXPECT_EQ(exportTo("m.png", options).error().code, ErrorCode::verificationFailed);
    EXPECT_TRUE(entries(m_folder.path()).empty());
}

TEST_F(PngMasks, GreyAndColourPictures_AreReadOrRefused)
{
    const auto photo = [] {
        Geometry::Parameters p;
        p.size = {2, 2, 1};
        p.positions = {Vec3{}};
        p.placedInPatient = false;
        p.spacingSource = SpacingSource::none;
        return Geometry::make(p).value();
    }();
    if (!hasProgram("pngtopnm") && judgesPython().empty()) {
        GTEST_SKIP() << "no Python with Pillow to make the pictures";
    }
    const auto made = run("'" + judgesPython() +
                          "' -c \"from PIL import Image\n"
                          "g = Image.new('L', (2, 2)); g.putpixel((1, 0), 255); g.save('" +
                          (m_folder / "white.png").string() +
                          "')\n"
                          "g.putpixel((0, 1), 9); g.save('" +
                          (m_folder / "values.png").string() +
                          "')\n"
                          "Image.new('RGB', (2, 2)).save('" +
                          (m_folder / "colour.png").string() +
                          "')\n"
                          "Image.new('L', (3, 2)).save('" +
                          (m_folder / "wide.png").string() + "')\"");
    ASSERT_EQ(made.exitCode, 0) << made.errors;
    const auto white = importMasks(m_folder / "white.png", {}, photo);
    ASSERT_TRUE(white) << white.error().oneLine();
    EXPECT_TRUE(white->segmentation.mask(1).contains({1, 0, 0}));
    EXPECT_EQ(white->notices.size(), 1U);
    const auto values = importMasks(m_folder / "values.png", {}, photo);
    ASSERT_TRUE(values);
    EXPECT_TRUE(values->segmentation.mask(9).contains({0, 1, 0}));
    EXPECT_TRUE(values->segmentation.mask(255).contains({1, 0, 0}));
    EXPECT_EQ(importMasks(m_folder / "colour.png", {}, photo).error().code, ErrorCode::unsupportedPixels);
    EXPECT_EQ(importMasks(m_folder / "wide.png", {}, photo).error().code, ErrorCode::geometryMismatch);
    EXPECT_EQ(importMasks(m_folder / "white.png", {}, m_geometry).error().code, ErrorCode::invalidArgument);
    ImportOptions beyond;
    beyond.slice = 4;
    EXPECT_EQ(importMasks(m_folder / "white.png", {}, photo, beyond).error().code, ErrorCode::outOfRange);
}

TEST(PngLabels, RealLabelPictures_KeepTheirIndices)
{
    const auto folder = shared("data/segmentation/mr_heart/val/labels");
    if (folder.empty()) {
        GTEST_SKIP() << "the real data are not beside the checkout";
    }
    const auto label = entries(folder).front();
    auto image = shared("data/segmentation/mr_heart/val/images") / label.filename();
    const auto study = describeImageFile(image);
    ASSERT_TRUE(study) << study.error().oneLine();
    const auto read = importMasks(label, study->series[0], *study->series[0].geometry);
    ASSERT_TRUE(read) << read.error().oneLine();
    TemporaryFolder out;
    ASSERT_TRUE(exportSegmentation(read->segmentation, study->series[0], *study->series[0].geometry, out / "m.png",
                                   MaskFormat::png));
    EXPECT_EQ(readPng(label, PngReading::indices)->pixels, readPng(out / "m.png", PngReading::indices)->pixels);
}

} // namespace
} // namespace icmoe
