#include "ExportSupport.h"

#include "core/export/DisplayColour.h"
#include "core/export/SegObject.h"
#include "core/export/SegReader.h"
#include "core/export/SegWriter.h"

#include <fstream>
#include <random>

namespace icmoe {
namespace {

using namespace test;

class Seg : public ::testing::Test {
protected:
    Status exportTo(const PhantomCase& phantom, const std::string& name = "out.dcm", const ExportOptions& options = {})
    {
        return exportSegmentation(phantom.segmentation, phantom.series, phantom.geometry(), m_folder / name,
                                  MaskFormat::dicomSeg, options);
    }
    Result<ImportedMasks> import(const PhantomCase& phantom, const std::string& name = "out.dcm",
                                 const ImportOptions& options = {})
    {
        return importMasks(m_folder / name, phantom.series, phantom.geometry(), options);
    }
    /// Changes attributes of a written object.
    void edit(const std::string& name, const std::function<void(DcmDataset&)>& change)
    {
        DcmFileFormat file;
        ASSERT_TRUE(file.loadFile((m_folder / name).c_str()).good());
        file.getDataset()->loadAllDataIntoMemory();
        change(*file.getDataset());
        ASSERT_TRUE(file.saveFile((m_folder / name).c_str(), EXS_LittleEndianExplicit).good());
    }
    std::string attribute(const std::string& name, const DcmTagKey& tag)
    {
        DcmFileFormat file;
        EXPECT_TRUE(file.loadFile((m_folder / name).c_str()).good());
        OFString value;
        file.getDataset()->findAndGetOFString(tag, value, 0, OFTrue);
        return value.c_str();
    }
    ErrorCode importError(const PhantomCase& phantom)
    {
        const auto result = import(phantom);
        EXPECT_FALSE(result.has_value());
        if (result) {
            return ErrorCode::internal;
        }
        EXPECT_NE(result.error().where.find("out.dcm"), std::string::npos) << result.error().oneLine();
        return result.error().code;
    }
    TemporaryFolder m_folder;
};

TEST_F(Seg, OrientationSet_ReadsBackVoxelForVoxel)
{
    auto orientations = axisAlignedOrientations();
    orientations.push_back(obliqueOrientation());
    for (std::size_t n = 0; n < orientations.size(); ++n) {
        SCOPED_TRACE(orientations[n].name);
        DicomPhantomOptions options;
        options.size = {17, 13, 7}; // rows × columns is no multiple of 8
        options.spacing = {2.5, 3.0, 5.5};
        options.orientation = orientations[n];
        const PhantomCase phantom(m_folder / std::to_string(n), options);
        const std::string name = std::to_string(n) + ".dcm";
        const auto written = exportTo(phantom, name);
        ASSERT_TRUE(written) << written.error().oneLine();
        const auto read = import(phantom, name);
        ASSERT_TRUE(read) << read.error().oneLine();
        expectSameMasks(phantom.segmentation, read->segmentation);
        EXPECT_TRUE(read->notices.empty());
    }
}

TEST_F(Seg, TiltedAndUnevenSlices_KeepTheirGeometry)
{
    for (const bool tilted : {true, false}) {
        DicomPhantomOptions options;
        options.tiltDegrees = tilted ? 18.5 : 0;
        options.uneven = !tilted;
        const PhantomCase phantom(m_folder / (tilted ? "tilted" : "uneven"), options);
        ASSERT_FALSE(phantom.geometry().isRegular());
        ExportOptions replace;
        replace.replace = true;
        ASSERT_TRUE(exportTo(phantom, "out.dcm", replace));
        const auto read = import(phantom);
        ASSERT_TRUE(read) << read.error().oneLine();
        expectSameMasks(phantom.segmentation, read->segmentation);
    }
}

TEST_F(Seg, OddSizes_ArePackedWithoutPaddingBetweenFrames)
{
    DicomPhantomOptions options;
    options.size = {7, 5, 3};
    PhantomCase phantom(m_folder / "source", options);
    phantom.segmentation = Segmentation({7, 5, 3});
    phantom.segmentation.labels().put(labelled(1, "random", {1, 2, 3}));
    std::mt19937 random(5);
    Mask mask({7, 5, 3});
    std::vector<std::uint8_t> all;
    for (int k = 0; k < 3; ++k) {
        std::vector<std::uint8_t> bitmap(35);
        std::generate(bitmap.begin(), bitmap.end(), [&] { return static_cast<std::uint8_t>(random() & 1U); });
        mask.setSlice(k, SliceMask::fromBitmap(bitmap, 7, 5));
        all.insert(all.end(), bitmap.begin(), bitmap.end());
    }
    phantom.segmentation.setMask(1, mask);
    ASSERT_TRUE(exportTo(phantom));
    const auto object = readSegObject(m_folder / "out.dcm");
    ASSERT_TRUE(object);
    ASSERT_EQ(object->pixels.size(), 14U); // 105 bits
    for (std::size_t n = 0; n < all.size(); ++n) {
        EXPECT_EQ((object->pixels[n / 8] >> (n % 8)) & 1, all[n]) << "pixel " << n;
    }
    EXPECT_EQ(attribute("out.dcm", DCM_PixelData).size() % 2, 0U);
    const auto read = import(phantom);
    ASSERT_TRUE(read);
    expectSameMasks(phantom.segmentation, read->segmentation);
}

TEST_F(Seg, RunsOfBits_AreSetExactly)
{
    std::vector<std::uint8_t> packed(4);
    setBits(packed, 3, 21);
    EXPECT_EQ(packed, (std::vector<std::uint8_t>{0xf8, 0xff, 0x1f, 0}));
    setBits(packed, 30, 31);
    EXPECT_EQ(packed[3], 0x40);
}

TEST_F(Seg, EmptySegmentation_StaysEmptyWithItsLabels)
{
    PhantomCase phantom(m_folder / "source", {});
    phantom.segmentation.setMask(2, Mask(phantom.geometry().size()));
    phantom.segmentation.setMask(3, Mask(phantom.geometry().size()));
    ASSERT_TRUE(exportTo(phantom));
    const auto read = import(phantom);
    ASSERT_TRUE(read) << read.error().oneLine();
    expectSameMasks(phantom.segmentation, read->segmentation);
}

TEST_F(Seg, NoLabelAtAll_IsAnEmptyInput)
{
    PhantomCase phantom(m_folder / "source", {});
    phantom.segmentation = Segmentation(phantom.geometry().size());
    EXPECT_EQ(exportTo(phantom).error().code, ErrorCode::emptyInput);
    EXPECT_EQ(writeSeg(phantom.segmentation, phantom.series, phantom.geometry(), m_folder / "x", {}).error().code,
              ErrorCode::emptyInput);
}

TEST_F(Seg, AlgorithmIsToldAsItWas)
{
    const PhantomCase phantom(m_folder / "source", {});
    ExportOptions options;
    options.algorithm[2] = AlgorithmType::semiautomatic;
    options.algorithmName = "icmoe LiteMedSAM";
    options.algorithmVersion = "9.8.7";
    ASSERT_TRUE(exportTo(phantom, "out.dcm", options));
    EXPECT_EQ(attribute("out.dcm", DCM_SegmentAlgorithmType), "SEMIAUTOMATIC");
    EXPECT_EQ(attribute("out.dcm", DCM_SegmentAlgorithmName), "icmoe LiteMedSAM");
    EXPECT_EQ(attribute("out.dcm", DCM_AlgorithmVersion), "9.8.7");
    DcmFileFormat file;
    ASSERT_TRUE(file.loadFile((m_folder / "out.dcm").c_str()).good());
    DcmItem* second = nullptr;
    ASSERT_TRUE(file.getDataset()->findAndGetSequenceItem(DCM_SegmentSequence, second, 1).good());
    OFString type;
    second->findAndGetOFString(DCM_SegmentAlgorithmType, type);
    EXPECT_EQ(type, "MANUAL");
    EXPECT_FALSE(second->tagExists(DCM_SegmentAlgorithmName));
}

TEST_F(Seg, PatientAndStudy_AreTakenFromTheSource)
{
    DicomPhantomOptions options;
    options.texts.patientName = "Müller^Jürgen";
    options.texts.patientId = "42";
    const PhantomCase phantom(m_folder / "source", options);
    ASSERT_TRUE(exportTo(phantom));
    EXPECT_EQ(attribute("out.dcm", DCM_PatientName), "Müller^Jürgen");
    EXPECT_EQ(attribute("out.dcm", DCM_PatientID), "42");
    EXPECT_EQ(attribute("out.dcm", DCM_FrameOfReferenceUID), phantom.series.frameOfReferenceUid);
    EXPECT_NE(attribute("out.dcm", DCM_SOPInstanceUID), "");
}

TEST_F(Seg, LatinSource_BecomesUtf8)
{
    DicomPhantomOptions options;
    options.edits = {{0x0008, 0x0005, "ISO_IR 100"}, {0x0010, 0x0010, "M\xfcller"}};
    const PhantomCase phantom(m_folder / "source", options);
    ASSERT_TRUE(exportTo(phantom));
    EXPECT_EQ(attribute("out.dcm", DCM_SpecificCharacterSet), "ISO_IR 192");
    EXPECT_EQ(attribute("out.dcm", DCM_PatientName), "Müller");
}

TEST_F(Seg, MissingFrameOfReference_GetsAStableOne)
{
    DicomPhantomOptions options;
    options.frameOfReference = false;
    const PhantomCase phantom(m_folder / "source", options);
    ASSERT_TRUE(exportTo(phantom, "a.dcm"));
    ASSERT_TRUE(exportTo(phantom, "b.dcm"));
    const std::string made = attribute("a.dcm", DCM_FrameOfReferenceUID);
    EXPECT_TRUE(made.starts_with("2.25."));
    EXPECT_EQ(made, attribute("b.dcm", DCM_FrameOfReferenceUID));
    const auto read = import(phantom, "a.dcm");
    ASSERT_TRUE(read) << read.error().oneLine();
    expectSameMasks(phantom.segmentation, read->segmentation);
}

TEST_F(Seg, SourceWithoutPosition_IsFoundByItsReferences)
{
    PhantomCase phantom(m_folder / "source", {});
    Geometry::Parameters parameters;
    parameters.size = phantom.geometry().size();
    parameters.positions = phantom.geometry().positions();
    for (int k = 0; k < parameters.size.depth; ++k) {
        parameters.positions[static_cast<std::size_t>(k)] = {0, 0, static_cast<double>(k)};
    }
    parameters.placedInPatient = false;
    parameters.spacingSource = SpacingSource::none;
    const Geometry loose = Geometry::make(parameters).value();
    ASSERT_TRUE(
        exportSegmentation(phantom.segmentation, phantom.series, loose, m_folder / "out.dcm", MaskFormat::dicomSeg));
    EXPECT_EQ(attribute("out.dcm", DCM_FrameOfReferenceUID), "");
    EXPECT_EQ(attribute("out.dcm", DCM_ImagePositionPatient), "");
    const auto read = importMasks(m_folder / "out.dcm", phantom.series, loose);
    ASSERT_TRUE(read) << read.error().oneLine();
    expectSameMasks(phantom.segmentation, read->segmentation);
}

TEST_F(Seg, MissingStudyUid_IsMadeFromTheInstances)
{
    DicomPhantomOptions options;
    options.edits = {{0x0020, 0x000d, std::nullopt}, {0x0020, 0x000e, std::nullopt}};
    const PhantomCase phantom(m_folder / "source", options);
    ASSERT_TRUE(exportTo(phantom));
    EXPECT_TRUE(attribute("out.dcm", DCM_StudyInstanceUID).starts_with("2.25."));
}

TEST_F(Seg, MissingInstanceUid_IsRefused)
{
    PhantomCase phantom(m_folder / "source", {});
    phantom.series.instances[3].sopInstanceUid.clear();
    EXPECT_EQ(exportTo(phantom).error().code, ErrorCode::missingAttribute);
}

TEST_F(Seg, PictureThatIsNotDicom_IsRefusedWithTheWayOut)
{
    PhantomCase phantom(m_folder / "source", {});
    phantom.series.format = SourceFormat::png;
    const auto status = exportTo(phantom);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::sourceNotDicom);
    EXPECT_NE(status.error().hint.find("NRRD"), std::string::npos);
    EXPECT_EQ(entries(m_folder.path()).size(), 1U) << "nothing but the source is left";
}

TEST_F(Seg, VanishedSource_IsNotFound)
{
    const PhantomCase phantom(m_folder / "source", {});
    std::filesystem::remove_all(m_folder / "source");
    EXPECT_EQ(exportTo(phantom).error().code, ErrorCode::notFound);
    std::filesystem::create_directory(m_folder / "source");
    std::ofstream(phantom.series.instances[0].file) << "no DICOM";
    EXPECT_EQ(exportTo(phantom).error().code, ErrorCode::unknownFormat);
}

TEST_F(Seg, OtherNumberOfInstances_IsAnInvalidArgument)
{
    PhantomCase phantom(m_folder / "source", {});
    phantom.series.instances.pop_back();
    EXPECT_EQ(exportTo(phantom).error().code, ErrorCode::invalidArgument);
}

TEST_F(Seg, SegmentationOfAnotherGrid_IsRefused)
{
    PhantomCase phantom(m_folder / "source", {});
    phantom.segmentation = phantomSegmentation(phantomGeometry({.size = {9, 9, 9}}));
    EXPECT_EQ(exportTo(phantom).error().code, ErrorCode::geometryMismatch);
    EXPECT_EQ(writeSeg(phantom.segmentation, phantom.series, phantom.geometry(), m_folder / "x", {}).error().code,
              ErrorCode::geometryMismatch);
}

TEST_F(Seg, DamageBeforeTheReadBack_FailsVerificationAndLeavesNothing)
{
    const PhantomCase phantom(m_folder / "source", {});
    ExportOptions options;
    options.beforeVerification = [](const std::filesystem::path& file) {
        std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
        stream.seekg(0, std::ios::end);
        const auto size = stream.tellg();
        stream.seekp(static_cast<std::streamoff>(size) / 2 + static_cast<std::streamoff>(size) / 4);
        // flip one byte of the pixels, which are the last part of the file
        stream.seekp(size - std::streamoff{200});
        stream.put('\x5a');
    };
    const auto status = exportTo(phantom, "out.dcm", options);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::verificationFailed);
    EXPECT_EQ(entries(m_folder.path()).size(), 1U) << "nothing but the source is left";
    options.beforeVerification = [](const std::filesystem::path& file) { std::filesystem::resize_file(file, 100); };
    EXPECT_EQ(exportTo(phantom, "out.dcm", options).error().code, ErrorCode::verificationFailed);
}

TEST_F(Seg, ExistingFile_IsKeptUnlessToldOtherwise)
{
    const PhantomCase phantom(m_folder / "source", {});
    std::ofstream(m_folder / "out.dcm") << "mine";
    EXPECT_EQ(exportTo(phantom).error().code, ErrorCode::alreadyExists);
    ExportOptions options;
    options.replace = true;
    ASSERT_TRUE(exportTo(phantom, "out.dcm", options));
    EXPECT_TRUE(import(phantom));
}

TEST_F(Seg, FilesAreTheUsersAlone)
{
    const PhantomCase phantom(m_folder / "source", {});
    ASSERT_TRUE(exportTo(phantom));
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(m_folder / "out.dcm").permissions(), perms::owner_read | perms::owner_write);
}

TEST_F(Seg, StopRequest_CancelsTheExport)
{
    const PhantomCase phantom(m_folder / "source", {});
    std::stop_source stop;
    stop.request_stop();
    ExportOptions options;
    options.stop = stop.get_token();
    EXPECT_EQ(exportTo(phantom, "out.dcm", options).error().code, ErrorCode::cancelled);
    ASSERT_TRUE(exportTo(phantom));
    ImportOptions import1;
    import1.stop = stop.get_token();
    EXPECT_EQ(import(phantom, "out.dcm", import1).error().code, ErrorCode::cancelled);
}

TEST_F(Seg, LongNames_AreKeptInFull)
{
    PhantomCase phantom(m_folder / "source", {});
    Label label = labelled(2, std::string(70, 'x') + "ü", {1, 2, 3});
    phantom.segmentation.labels().put(label);
    ASSERT_TRUE(exportTo(phantom));
    EXPECT_EQ(attribute("out.dcm", DCM_SegmentLabel), std::string(64, 'x'));
    EXPECT_EQ(import(phantom)->segmentation.labels().labels()[0].name, label.name);
}

TEST_F(Seg, EveryColour_SurvivesCieLab)
{
    for (int red = 0; red < 256; red += 15) {
        for (int green = 0; green < 256; green += 15) {
            for (int blue = 0; blue < 256; blue += 15) {
                const Colour colour{static_cast<std::uint8_t>(red), static_cast<std::uint8_t>(green),
                                    static_cast<std::uint8_t>(blue)};
                ASSERT_EQ(displayColour(displayLab(colour)), colour);
            }
        }
    }
    const auto white = displayLab({255, 255, 255});
    EXPECT_EQ(white[0], 65535);
    EXPECT_NEAR(white[1], 32896, 10); // a* = 0
}

TEST_F(Seg, TurnedOrFlippedSeries_TakesTheSameObject)
{
    // One SEG made on transverse slices, read onto the same lattice cut and turned in another way.
    DicomPhantomOptions options;
    options.size = {12, 10, 8};
    options.spacing = {4, 4, 4};
    const PhantomCase phantom(m_folder / "source", options);
    ASSERT_TRUE(exportTo(phantom));
    const Geometry& g = phantom.geometry();
    const Vec3 corner = g.toPatient({11, 0, 7});
    const auto sagittal = Geometry::regular({10, 8, 12}, corner, g.columnDirection(), g.normal() * -1.0, {4, 4, 4});
    ASSERT_TRUE(sagittal);
    const auto read = importMasks(m_folder / "out.dcm", phantom.series, *sagittal);
    ASSERT_TRUE(read) << read.error().oneLine();
    const Mask& before = phantom.segmentation.mask(2);
    const Mask& after = read->segmentation.mask(1);
    EXPECT_EQ(before.voxelCount(), after.voxelCount());
    for (int k = 0; k < 8; ++k) {
        for (int j = 0; j < 10; ++j) {
            for (int i = 0; i < 12; ++i) {
                const Vec3 v = sagittal->toVoxel(g.toPatient({double(i), double(j), double(k)}));
                const Index3 to{int(std::lround(v.x)), int(std::lround(v.y)), int(std::lround(v.z))};
                ASSERT_EQ(before.contains({i, j, k}), after.contains(to));
            }
        }
    }
}

TEST_F(Seg, AnotherGrid_IsAMismatchUnlessResampled)
{
    const PhantomCase phantom(m_folder / "source", {});
    ASSERT_TRUE(exportTo(phantom));
    DicomPhantomOptions finer;
    finer.size = {64, 56, 40};
    finer.spacing = {1.0, 1.25, 1.5};
    const Geometry grid = phantomGeometry(finer);
    EXPECT_EQ(importMasks(m_folder / "out.dcm", phantom.series, grid).error().code, ErrorCode::geometryMismatch);
    ImportOptions options;
    options.resample = true;
    const auto read = importMasks(m_folder / "out.dcm", phantom.series, grid, options);
    ASSERT_TRUE(read) << read.error().oneLine();
    EXPECT_FALSE(read->notices.empty());
    const double ratio =
        double(read->segmentation.mask(1).voxelCount()) / (8.0 * double(phantom.segmentation.mask(2).voxelCount()));
    EXPECT_NEAR(ratio, 1, 0.02);
    // the slab stands on every third slice alone: gaps are not filled
    const double slab =
        double(read->segmentation.mask(2).voxelCount()) / (8.0 * double(phantom.segmentation.mask(3).voxelCount()));
    EXPECT_NEAR(slab, 1, 0.1);
}

TEST_F(Seg, AnotherFrameOfReference_FallsBackToReferencesOrIsRefused)
{
    const PhantomCase phantom(m_folder / "source", {});
    ASSERT_TRUE(exportTo(phantom));
    edit("out.dcm", [](DcmDataset& d) { d.putAndInsertString(DCM_FrameOfReferenceUID, "1.2.3.4"); });
    const auto read = import(phantom);
    ASSERT_TRUE(read) << read.error().oneLine();
    expectSameMasks(phantom.segmentation, read->segmentation);
    PhantomCase other = phantom;
    for (auto& instance : other.series.instances) {
        instance.sopInstanceUid += ".9";
    }
    EXPECT_EQ(importError(other), ErrorCode::geometryMismatch);
}

TEST_F(Seg, UnsoundObjects_AreRefusedByTag)
{
    const PhantomCase phantom(m_folder / "source", {});
    const auto check = [&](ErrorCode code, const std::function<void(DcmDataset&)>& change) {
        ExportOptions replace;
        replace.replace = true;
        ASSERT_TRUE(exportTo(phantom, "out.dcm", replace));
        edit("out.dcm", change);
        EXPECT_EQ(importError(phantom), code);
    };
    check(ErrorCode::notAnImage, [](DcmDataset& d) { d.putAndInsertString(DCM_SOPClassUID, UID_CTImageStorage); });
    check(ErrorCode::missingAttribute, [](DcmDataset& d) { d.findAndDeleteElement(DCM_SegmentationType); });
    check(ErrorCode::unsupportedPixels, [](DcmDataset& d) { d.putAndInsertString(DCM_SegmentationType, "ODD"); });
    check(ErrorCode::unsupportedPixels,
          [](DcmDataset& d) { d.putAndInsertString(DCM_SegmentationType, "FRACTIONAL"); });
    check(ErrorCode::truncatedFile, [](DcmDataset& d) { d.putAndInsertUint16(DCM_BitsAllocated, 8); });
    check(ErrorCode::missingAttribute, [](DcmDataset& d) { d.findAndDeleteElement(DCM_SegmentSequence); });
    check(ErrorCode::missingAttribute, [](DcmDataset& d) { d.findAndDeleteElement(DCM_Rows); });
    check(ErrorCode::missingAttribute, [](DcmDataset& d) { d.putAndInsertUint16(DCM_Rows, 0); });
    check(ErrorCode::malformedFile, [](DcmDataset& d) { d.putAndInsertString(DCM_NumberOfFrames, "2"); });
    check(ErrorCode::limitExceeded, [](DcmDataset& d) { d.putAndInsertString(DCM_NumberOfFrames, "2000000000"); });
    check(ErrorCode::missingAttribute, [](DcmDataset& d) { d.findAndDeleteElement(DCM_PixelData); });
    check(ErrorCode::truncatedFile, [](DcmDataset& d) {
        const Uint8 two[2] = {};
        d.putAndInsertUint8Array(DCM_PixelData, two, 2);
    });
    check(ErrorCode::missingAttribute,
          [](DcmDataset& d) { d.findAndDeleteElement(DCM_SegmentIdentificationSequence, OFTrue, OFTrue); });
    check(ErrorCode::malformedFile, [](DcmDataset& d) {
        DcmItem* second = nullptr;
        d.findAndGetSequenceItem(DCM_SegmentSequence, second, 1);
        second->putAndInsertUint16(DCM_SegmentNumber, 1);
    });
    check(ErrorCode::geometryMismatch, [](DcmDataset& d) {
        d.findAndDeleteElement(DCM_PlanePositionSequence, OFTrue, OFTrue);
        d.findAndDeleteElement(DCM_DerivationImageSequence, OFTrue, OFTrue);
    });
    EXPECT_EQ(importMasks(m_folder / "nowhere.dcm", phantom.series, phantom.geometry()).error().code,
              ErrorCode::notFound);
    std::ofstream(m_folder / "text.dcm") << "hello, this is a text and no picture of any kind";
    EXPECT_EQ(importMasks(m_folder / "text.dcm", phantom.series, phantom.geometry()).error().code,
              ErrorCode::unknownFormat);
    EXPECT_EQ(readSegObject(m_folder / "text.dcm").error().code, ErrorCode::unknownFormat);
    EXPECT_EQ(readSegObject(m_folder / "nowhere.dcm").error().code, ErrorCode::notFound);
}

TEST_F(Seg, LabelMapType_IsRead)
{
    const PhantomCase phantom(m_folder / "source", {});
    ASSERT_TRUE(exportTo(phantom));
    // One frame on the first slice with values 0, 1 and 3.
    edit("out.dcm", [&](DcmDataset& d) {
        const Size3 size = phantom.geometry().size();
        d.putAndInsertString(DCM_SOPClassUID, "1.2.840.10008.5.1.4.1.1.66.7");
        d.putAndInsertString(DCM_SegmentationType, "LABELMAP");
        d.putAndInsertUint16(DCM_BitsAllocated, 8);
        std::vector<Uint8> pixels(static_cast<std::size_t>(size.width * size.height));
        pixels[0] = 1;
        pixels[5] = 3;
        DcmSequenceOfItems* frames = nullptr;
        d.findAndGetSequence(DCM_PerFrameFunctionalGroupsSequence, frames);
        while (frames->card() > 1) {
            delete frames->remove(frames->card() - 1);
        }
        d.putAndInsertString(DCM_NumberOfFrames, "1");
        d.putAndInsertUint8Array(DCM_PixelData, pixels.data(), pixels.size());
    });
    const auto read = import(phantom);
    ASSERT_TRUE(read) << read.error().oneLine();
    EXPECT_EQ(read->segmentation.mask(1).voxelCount(), 1U);
    EXPECT_EQ(read->segmentation.mask(2).voxelCount(), 0U);
    EXPECT_EQ(read->segmentation.mask(3).voxelCount(), 1U);
}

TEST_F(Seg, RunLengthEncodedObject_IsRead)
{
    const PhantomCase phantom(m_folder / "source", {});
    ASSERT_TRUE(exportTo(phantom));
    // As a fractional object of whole bytes, because DCMTK's encoder refuses one bit a pixel.
    edit("out.dcm", [&](DcmDataset& d) {
        const auto object = readSegObject(m_folder / "out.dcm");
        const std::size_t count = object->frames.size() * static_cast<std::size_t>(object->rows * object->columns);
        std::vector<Uint8> pixels(count);
        for (std::size_t n = 0; n < count; ++n) {
            pixels[n] = static_cast<Uint8>((object->pixels[n / 8] >> (n % 8)) & 1U ? 200 : 20);
        }
        d.putAndInsertString(DCM_SegmentationType, "FRACTIONAL");
        d.putAndInsertString(DCM_SegmentationFractionalType, "PROBABILITY");
        d.putAndInsertUint16(DCM_MaximumFractionalValue, 255);
        d.putAndInsertUint16(DCM_BitsAllocated, 8);
        d.putAndInsertUint16(DCM_BitsStored, 8);
        d.putAndInsertUint16(DCM_HighBit, 7);
        d.putAndInsertUint8Array(DCM_PixelData, pixels.data(), pixels.size() / 2 * 2);
    });
    const auto packed =
        run("dcmcrle '" + (m_folder / "out.dcm").string() + "' '" + (m_folder / "rle.dcm").string() + "'");
    if (packed.exitCode == 127) {
        GTEST_SKIP() << "dcmcrle (package dcmtk) is not installed";
    }
    ASSERT_EQ(packed.exitCode, 0) << packed.errors;
    const auto read = import(phantom, "rle.dcm");
    ASSERT_TRUE(read) << read.error().oneLine();
    expectSameMasks(phantom.segmentation, read->segmentation);
    EXPECT_EQ(read->notices.size(), 3U);
}

// ---- objects of other makers ----

std::vector<std::filesystem::path> filesIn(const std::filesystem::path& folder, const std::string& start)
{
    std::vector<std::filesystem::path> found;
    for (const auto& path : entries(folder)) {
        if (path.filename().string().starts_with(start) && path.extension() == ".dcm") {
            found.push_back(path);
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

TEST(SegOfOthers, LiverByDcmqi_LiesOnItsCt)
{
    const auto folder = shared("data/dicom/ct_liver_with_seg");
    if (folder.empty()) {
        GTEST_SKIP() << "the real data are not beside the checkout";
    }
    const auto files = filesIn(folder, "ct_");
    const Geometry geometry = geometryOf(files);
    const Series series = seriesOf(files, geometry);
    const auto liver = importMasks(folder / "seg_liver.dcm", series, geometry);
    ASSERT_TRUE(liver) << liver.error().oneLine();
    ASSERT_EQ(liver->segmentation.labels().labels().size(), 1U);
    EXPECT_GT(liver->segmentation.mask(1).voxelCount(), 1000U);
    const auto overlapping = importMasks(folder / "seg_partial_overlaps.dcm", series, geometry);
    ASSERT_TRUE(overlapping) << overlapping.error().oneLine();
    const auto& labels = overlapping->segmentation.labels().labels();
    ASSERT_GE(labels.size(), 2U);
    bool overlaps = false;
    for (const auto& a : labels) {
        for (const auto& b : labels) {
            for (const auto& [k, slice] : overlapping->segmentation.mask(a.id).slices()) {
                overlaps = overlaps || (a.id < b.id && !overlapping->segmentation.mask(b.id).slice(k).empty() &&
                                        !slice.intersected(overlapping->segmentation.mask(b.id).slice(k)).empty());
            }
        }
    }
    EXPECT_TRUE(overlaps);
    // and out again
    TemporaryFolder out;
    const auto written =
        exportSegmentation(overlapping->segmentation, series, geometry, out / "again.dcm", MaskFormat::dicomSeg);
    ASSERT_TRUE(written) << written.error().oneLine();
    const auto again = importMasks(out / "again.dcm", series, geometry);
    ASSERT_TRUE(again);
    expectSameMasks(overlapping->segmentation, again->segmentation);
}

TEST(SegOfOthers, HighdicomObjects_AreReadOntoTheirCt)
{
    const auto folder = shared("data/dicom/seg_for_pydicom_ct2");
    const std::string python = judgesPython();
    if (folder.empty() || python.empty()) {
        GTEST_SKIP() << "the real data or the pydicom package are missing";
    }
    const auto where =
        run(python + " -c \"import pydicom.data, os; print(os.path.dirname(pydicom.data.get_testdata_file("
                     "'dicomdirtests/77654033/CT2/17136')))\"");
    ASSERT_EQ(where.exitCode, 0) << where.errors;
    std::vector<std::filesystem::path> files = entries(where.output.substr(0, where.output.find('\n')));
    const Geometry geometry = geometryOf(files);
    const Series series = seriesOf(files, geometry);
    const auto binary = importMasks(folder / "seg_image_ct_binary.dcm", series, geometry);
    ASSERT_TRUE(binary) << binary.error().oneLine();
    EXPECT_GT(binary->segmentation.mask(1).voxelCount(), 0U);
    const auto overlap = importMasks(folder / "seg_image_ct_binary_overlap.dcm", series, geometry);
    ASSERT_TRUE(overlap) << overlap.error().oneLine();
    EXPECT_EQ(overlap->segmentation.labels().labels().size(), 2U);
    const auto fractional = importMasks(folder / "seg_image_ct_true_fractional.dcm", series, geometry);
    ASSERT_TRUE(fractional) << fractional.error().oneLine();
    ASSERT_FALSE(fractional->notices.empty());
    EXPECT_NE(fractional->notices[0].find("one half"), std::string::npos);
    // The same voxels as pydicom unpacks, on the slice that each frame refers to.
    for (const std::string name :
         {"seg_image_ct_binary", "seg_image_ct_binary_overlap", "seg_image_ct_true_fractional"}) {
        const auto expected =
            run(python +
                " - <<'EOF'\nimport pydicom\n"
                "d = pydicom.dcmread('" +
                (folder / (name + ".dcm")).string() +
                "')\n"
                "a = d.pixel_array\nif a.ndim == 2: a = a[None]\n"
                "limit = int(d.get('MaximumFractionalValue', 2)) / 2 if d.SegmentationType == 'FRACTIONAL' else 0.5\n"
                "print(int((a >= limit).sum()))\nEOF");
        ASSERT_EQ(expected.exitCode, 0) << expected.errors;
        const auto read = importMasks(folder / (name + ".dcm"), series, geometry);
        std::size_t voxels = 0;
        for (const auto& label : read->segmentation.labels().labels()) {
            voxels += read->segmentation.mask(label.id).voxelCount();
        }
        EXPECT_EQ(std::to_string(voxels) + "\n", expected.output) << name;
    }
}

TEST(SegOfOthers, EnhancedMultiframeSource_IsReferredToByFrame)
{
    const auto path = shared("data/dicom/mr_enhanced_multiframe/siemens_epi_time_1.dcm");
    if (path.empty()) {
        GTEST_SKIP() << "the real data are not beside the checkout";
    }
    DcmFileFormat file;
    ASSERT_TRUE(file.loadFile(path.c_str()).good());
    DcmDataset& d = *file.getDataset();
    Series series;
    Geometry::Parameters parameters;
    Uint16 rows = 0;
    Uint16 columns = 0;
    d.findAndGetUint16(DCM_Rows, rows);
    d.findAndGetUint16(DCM_Columns, columns);
    DcmSequenceOfItems* frames = nullptr;
    ASSERT_TRUE(d.findAndGetSequence(DCM_PerFrameFunctionalGroupsSequence, frames).good());
    const int count = static_cast<int>(frames->card());
    parameters.size = {columns, rows, count};
    OFString text;
    for (int n = 0; n < count; ++n) {
        DcmItem* frame = frames->getItem(static_cast<unsigned long>(n));
        Instance instance;
        instance.file = path;
        instance.frame = n;
        instance.framesInFile = count;
        d.findAndGetOFString(DCM_SOPClassUID, text);
        instance.sopClassUid = text.c_str();
        d.findAndGetOFString(DCM_SOPInstanceUID, text);
        instance.sopInstanceUid = text.c_str();
        Vec3 position;
        frame->findAndGetFloat64(DCM_ImagePositionPatient, position.x, 0, OFTrue);
        frame->findAndGetFloat64(DCM_ImagePositionPatient, position.y, 1, OFTrue);
        frame->findAndGetFloat64(DCM_ImagePositionPatient, position.z, 2, OFTrue);
        instance.position = position;
        series.instances.push_back(instance);
        double o[6] = {};
        for (unsigned long v = 0; v < 6; ++v) {
            if (frame->findAndGetFloat64(DCM_ImageOrientationPatient, o[v], v, OFTrue).bad()) {
                d.findAndGetFloat64(DCM_ImageOrientationPatient, o[v], v, OFTrue);
            }
        }
        parameters.rowDirection = {o[0], o[1], o[2]};
        parameters.columnDirection = {o[3], o[4], o[5]};
    }
    const Vec3 normal = cross(parameters.rowDirection, parameters.columnDirection);
    std::stable_sort(series.instances.begin(), series.instances.end(), [&](const Instance& a, const Instance& b) {
        return dot(*a.position, normal) < dot(*b.position, normal);
    });
    for (const Instance& instance : series.instances) {
        parameters.positions.push_back(*instance.position);
    }
    d.findAndGetOFString(DCM_FrameOfReferenceUID, text);
    series.frameOfReferenceUid = text.c_str();
    const Geometry geometry = Geometry::make(parameters).value();
    Segmentation segmentation(geometry.size());
    segmentation.labels().put(labelled(1, "corner", {1, 2, 3}));
    Mask mask(geometry.size());
    mask.setSlice(2, SliceMask::fromRuns({{7, 29}}, columns, rows));
    segmentation.setMask(1, mask);
    TemporaryFolder out;
    const auto written = exportSegmentation(segmentation, series, geometry, out / "seg.dcm", MaskFormat::dicomSeg);
    ASSERT_TRUE(written) << written.error().oneLine();
    const auto object = readSegObject(out / "seg.dcm");
    ASSERT_TRUE(object);
    ASSERT_EQ(object->frames.size(), 1U);
    ASSERT_EQ(object->frames[0].sources.size(), 1U);
    EXPECT_EQ(object->frames[0].sources[0].first, series.instances[2].sopInstanceUid);
    EXPECT_EQ(object->frames[0].sources[0].second, series.instances[2].frame + 1);
    if (hasProgram("dciodvfy")) {
        const auto verdict = run("dciodvfy " + (out / "seg.dcm").string());
        EXPECT_EQ(verdict.errors.find("Error"), std::string::npos) << verdict.errors;
    }
}

} // namespace
} // namespace icmoe
