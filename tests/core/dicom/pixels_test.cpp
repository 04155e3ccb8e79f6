#include "core/dicom/SeriesBuilder.h"
#include "core/dicom/StoredValues.h"
#include "core/study/Scan.h"
#include "tests/support/DicomBytes.h"
#include "tests/support/DicomPhantom.h"
#include "tests/support/MemoryFile.h"
#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>

using namespace icmoe;
using namespace icmoe::test;

namespace {

constexpr std::uint32_t kUndefined = 0xffffffffU;

/// Image Pixel module with all that can vary.
struct Pixels {
    int bits = 8;
    int bitsStored = 8;
    int highBit = 7;
    bool isSigned = false;
    int samples = 1;
    std::string photometric = "MONOCHROME2";
    int planar = 0;
    std::string frames = {};
};

DicomBytes pictureOf(int rows, int columns, const Pixels& pixels, const std::string& sopInstanceUid = "2.25.1")
{
    DicomBytes file;
    file.text(0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.7").text(0x0008, 0x0018, "UI", sopInstanceUid);
    file.text(0x0008, 0x0060, "CS", "OT").text(0x0020, 0x000e, "UI", "2.25.7");
    file.number(0x0028, 0x0002, static_cast<std::uint16_t>(pixels.samples))
        .text(0x0028, 0x0004, "CS", pixels.photometric);
    if (pixels.samples > 1) {
        file.number(0x0028, 0x0006, static_cast<std::uint16_t>(pixels.planar));
    }
    if (!pixels.frames.empty()) {
        file.text(0x0028, 0x0008, "IS", pixels.frames);
    }
    file.number(0x0028, 0x0010, static_cast<std::uint16_t>(rows))
        .number(0x0028, 0x0011, static_cast<std::uint16_t>(columns));
    file.number(0x0028, 0x0100, static_cast<std::uint16_t>(pixels.bits))
        .number(0x0028, 0x0101, static_cast<std::uint16_t>(pixels.bitsStored));
    return file.number(0x0028, 0x0102, static_cast<std::uint16_t>(pixels.highBit))
        .number(0x0028, 0x0103, pixels.isSigned ? 1 : 0);
}

template<std::size_t N>
DicomBytes& withData(DicomBytes& file, const std::array<unsigned char, N>& data)
{
    return file.header(0x7fe0, 0x0010, "OW", N).raw(std::as_bytes(std::span(data)));
}

std::vector<Series> seriesIn(const std::filesystem::path& path)
{
    const auto found = scan({path});
    EXPECT_TRUE(found && !found->studies.empty());
    return found && !found->studies.empty() ? found->studies.front().series : std::vector<Series>{};
}

std::shared_ptr<const Volume> volumeOf(const DicomBytes& file)
{
    TemporaryFolder folder;
    file.write(folder / "one.dcm");
    const auto series = seriesIn(folder.path());
    const auto volume = series.empty() ? Result<std::shared_ptr<const Volume>>(fail(ErrorCode::emptyInput, "nothing"))
                                       : loadVolume(series.front());
    EXPECT_TRUE(volume) << volume.error().oneLine();
    return volume ? *volume : nullptr;
}

std::array<std::uint8_t, 3> colour(int red, int green, int blue)
{
    return {static_cast<std::uint8_t>(red), static_cast<std::uint8_t>(green), static_cast<std::uint8_t>(blue)};
}

} // namespace

TEST(Pixels, TwelveSignedBitsInSixteen_KeepTheirSign)
{
    auto file = pictureOf(1, 2, {.bits = 16, .bitsStored = 12, .highBit = 11, .isSigned = true});
    const auto volume =
        volumeOf(withData(file, std::array<unsigned char, 4>{0xff, 0x0f, 0x05, 0xf0})); // -1, and 5 under overlay bits
    ASSERT_TRUE(volume);
    EXPECT_EQ(volume->storedValue({0, 0, 0}), -1);
    EXPECT_EQ(volume->storedValue({1, 0, 0}), 5);
}

TEST(Pixels, HighBitAboveTheStoredBits_IsShiftedDown)
{
    auto file = pictureOf(1, 1, {.bits = 16, .bitsStored = 12, .highBit = 15});
    const auto volume = volumeOf(withData(file, std::array<unsigned char, 2>{0x3f, 0x12}));
    ASSERT_TRUE(volume);
    EXPECT_EQ(volume->storedValue({0, 0, 0}), 0x123);
}

TEST(Pixels, OneBitPicture_BecomesZerosAndOnes)
{
    auto file = pictureOf(2, 5, {.bits = 1, .bitsStored = 1, .highBit = 0, .frames = "2"});
    const auto volume =
        volumeOf(withData(file, std::array<unsigned char, 4>{0b0000'0101, 0b1000'0010, 0b0000'1000,
                                                             0})); // frame 2 begins in the middle of a byte
    ASSERT_TRUE(volume);
    EXPECT_EQ(volume->size(), (Size3{5, 2, 2}));
    EXPECT_EQ(volume->storedValue({0, 0, 0}), 1);
    EXPECT_EQ(volume->storedValue({1, 0, 0}), 0);
    EXPECT_EQ(volume->storedValue({2, 0, 0}), 1);
    EXPECT_EQ(volume->storedValue({4, 1, 0}), 1); // bit 9
    EXPECT_EQ(volume->storedValue({0, 1, 1}), 1); // bit 15
    EXPECT_EQ(volume->storedValue({4, 1, 1}), 1); // bit 19
}

TEST(Pixels, ThirtyTwoSignedBits_AreRead)
{
    auto file = pictureOf(1, 2, {.bits = 32, .bitsStored = 32, .highBit = 31, .isSigned = true});
    const auto volume = volumeOf(withData(file, std::array<unsigned char, 8>{0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 1}));
    ASSERT_TRUE(volume);
    EXPECT_EQ(volume->type(), SampleType::s32);
    EXPECT_EQ(volume->storedValue({0, 0, 0}), -2);
    EXPECT_EQ(volume->storedValue({1, 0, 0}), 16777216);
}

TEST(Pixels, RgbInPlanes_IsBroughtSideBySide)
{
    auto file = pictureOf(1, 2, {.samples = 3, .photometric = "RGB", .planar = 1});
    const auto volume = volumeOf(withData(file, std::array<unsigned char, 6>{1, 2, 3, 4, 5, 6}));
    ASSERT_TRUE(volume);
    EXPECT_EQ(volume->colour({0, 0, 0}), colour(1, 3, 5));
    EXPECT_EQ(volume->colour({1, 0, 0}), colour(2, 4, 6));
}

TEST(Pixels, YbrFull422_BecomesRgb)
{
    auto file = pictureOf(1, 2, {.samples = 3, .photometric = "YBR_FULL_422"});
    const auto volume =
        volumeOf(withData(file, std::array<unsigned char, 4>{76, 150, 85, 255})); // red hues of two brightnesses
    ASSERT_TRUE(volume);
    EXPECT_EQ(volume->colour({0, 0, 0}), colour(254, 0, 0));
    EXPECT_EQ(volume->colour({1, 0, 0}), colour(255, 74, 74));
}

TEST(Pixels, ModalityLut_MapsStoredValues)
{
    auto file = pictureOf(1, 2, {});
    file.header(0x0028, 0x3000, "SQ", kUndefined).item(kUndefined);
    const std::array<unsigned char, 6> descriptor{3, 0, 10, 0, 16, 0};
    const std::array<unsigned char, 6> table{100, 0, 200, 0, 44, 1};
    file.header(0x0028, 0x3002, "US", 6).raw(std::as_bytes(std::span(descriptor)));
    file.header(0x0028, 0x3006, "OW", 6).raw(std::as_bytes(std::span(table)));
    file.item(0, 0xe00d).item(0, 0xe0dd);
    const auto volume = volumeOf(withData(file, std::array<unsigned char, 2>{11, 99}));
    ASSERT_TRUE(volume);
    EXPECT_EQ(volume->value({0, 0, 0}), 200);
    EXPECT_EQ(volume->value({1, 0, 0}), 300); // beyond the end: the last entry
}

TEST(Pixels, PaletteWithSegments_BecomesColour)
{
    auto file = pictureOf(1, 2, {.photometric = "PALETTE COLOR"});
    const std::array<unsigned char, 6> descriptor{0, 1, 0, 0, 16, 0}; // 256 entries from 0, 16 bits
    const std::array<unsigned char, 14> ramp{0, 0,   1, 0, 0,    0, 1,
                                             0, 255, 0, 0, 0xff, 0, 0}; // 0, then linear to 0xff00 in 255 steps
    for (const auto element : std::initializer_list<std::uint16_t>{0x1101, 0x1102, 0x1103}) {
        file.header(0x0028, element, "US", 6).raw(std::as_bytes(std::span(descriptor)));
    }
    for (const auto element : std::initializer_list<std::uint16_t>{0x1221, 0x1222, 0x1223}) {
        file.header(0x0028, element, "OW", 14).raw(std::as_bytes(std::span(ramp)));
    }
    const auto volume = volumeOf(withData(file, std::array<unsigned char, 2>{17, 200}));
    ASSERT_TRUE(volume);
    EXPECT_EQ(volume->colour({0, 0, 0}), colour(17, 17, 17));
    EXPECT_EQ(volume->colour({1, 0, 0}), colour(200, 200, 200));
}

TEST(Pixels, PaletteWithoutTable_IsMissingAttribute)
{
    auto file = pictureOf(1, 2, {.photometric = "PALETTE COLOR"});
    withData(file, std::array<unsigned char, 2>{1, 2});
    const auto header = readHeader(test::MemoryFile(std::span(file.all())).path());
    ASSERT_FALSE(header);
    EXPECT_EQ(header.error().code, ErrorCode::missingAttribute);
    EXPECT_NE(header.error().where.find("(0028,1101)"), std::string::npos);
}

TEST(Pixels, CmykPicture_IsUnsupportedPixels)
{
    auto file = pictureOf(1, 1, {.samples = 4, .photometric = "CMYK"});
    withData(file, std::array<unsigned char, 4>{1, 2, 3, 4});
    const auto header = readHeader(test::MemoryFile(std::span(file.all())).path());
    ASSERT_FALSE(header);
    EXPECT_EQ(header.error().code, ErrorCode::unsupportedPixels);
    EXPECT_NE(header.error().where.find("(0028,0004)"), std::string::npos);
}

TEST(Cine, TwoClipsOfOneSeries_AreTwoStacksInFileOrder)
{
    TemporaryFolder folder;
    for (const std::string name : {"1", "2"}) {
        auto file = pictureOf(1, 2, {.frames = "3"}, "2.25." + name);
        withData(file, std::array<unsigned char, 6>{1, 2, 3, 4, 5, 6}).write(folder / name);
    }
    const auto series = seriesIn(folder.path());
    ASSERT_EQ(series.size(), 2U);
    EXPECT_NE(series[0].splitKey, series[1].splitKey);
    EXPECT_EQ(series[0].instances.size(), 3U);
    EXPECT_NE(series[0].health.find(HealthKind::noPosition), nullptr);
    const auto volume = loadVolume(series[0]);
    ASSERT_TRUE(volume);
    EXPECT_FALSE((*volume)->geometry().placedInPatient());
    EXPECT_EQ((*volume)->storedValue({0, 0, 2}), 5);
}

namespace {

DicomBytes& region(DicomBytes& file, double deltaX, double deltaY)
{
    const auto real = [&](std::uint16_t element, double value) {
        file.header(0x0018, element, "FD", 8).raw(std::as_bytes(std::span(&value, 1)));
    };
    file.item(kUndefined).number(0x0018, 0x6012, 1).number(0x0018, 0x6024, 3).number(0x0018, 0x6026, 3);
    real(0x602c, deltaX);
    real(0x602e, deltaY);
    return file.item(0, 0xe00d);
}

Geometry ultrasound(std::initializer_list<double> deltas)
{
    DicomBytes file;
    file.text(0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.6.1").text(0x0008, 0x0060, "CS", "US");
    file.header(0x0018, 0x6011, "SQ", kUndefined);
    for (const double delta : deltas) {
        region(file, delta, delta * 2);
    }
    file.item(0, 0xe0dd);
    file.number(0x0028, 0x0002, 1)
        .text(0x0028, 0x0004, "CS", "MONOCHROME2")
        .number(0x0028, 0x0010, 1)
        .number(0x0028, 0x0011, 2);
    file.number(0x0028, 0x0100, 8).number(0x0028, 0x0101, 8).number(0x0028, 0x0102, 7).number(0x0028, 0x0103, 0);
    const auto volume = volumeOf(withData(file, std::array<unsigned char, 2>{1, 2}));
    return volume->geometry();
}

} // namespace

TEST(Spacing, UltrasoundRegionsThatAgree_GiveMillimetres)
{
    const Geometry geometry = ultrasound({0.02, 0.02});
    EXPECT_EQ(geometry.spacingSource(), SpacingSource::ultrasoundRegion);
    EXPECT_DOUBLE_EQ(geometry.spacingI(), 0.2);
    EXPECT_DOUBLE_EQ(geometry.spacingJ(), 0.4);
}

TEST(Spacing, UltrasoundRegionsThatDiffer_GiveNone)
{
    EXPECT_EQ(ultrasound({0.02, 0.03}).spacingSource(), SpacingSource::none);
}

namespace {

void writeDirectory(const std::filesystem::path& path, const std::vector<std::string>& files)
{
    DicomBytes directory;
    directory.text(0x0004, 0x1130, "CS", "DISC").header(0x0004, 0x1220, "SQ", kUndefined);
    for (const auto& file : files) {
        directory.item(kUndefined).text(0x0004, 0x1430, "CS", "IMAGE").text(0x0004, 0x1500, "CS", file).item(0, 0xe00d);
    }
    directory.item(0, 0xe0dd).write(path);
}

} // namespace

TEST(DicomDir, GivenAlone_FindsItsFiles)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder / "images", {.size = {8, 8, 3}, .shuffledFiles = false}));
    writeDirectory(folder / "DICOMDIR", {"IMAGES\\0001.DCM", "IMAGES\\0002.DCM"}); // in upper case, as discs have them
    const auto found = scan({folder / "DICOMDIR"});
    ASSERT_TRUE(found);
    ASSERT_EQ(found->studies.size(), 1U);
    EXPECT_EQ(found->studies[0].series[0].instances.size(), 2U);
    EXPECT_TRUE(found->refusals.empty());
}

TEST(DicomDir, FilesOutsideOrMissing_AreRefusedByName)
{
    TemporaryFolder folder;
    writeDirectory(folder / "DICOMDIR", {"..\\SECRET", "IMAGES\\GONE"});
    const auto found = scan({folder / "DICOMDIR"});
    ASSERT_TRUE(found);
    ASSERT_EQ(found->refusals.size(), 2U);
    EXPECT_EQ(found->refusals[0].error.code, ErrorCode::malformedFile);
    EXPECT_NE(found->refusals[0].error.where.find("(0004,1500)"), std::string::npos);
    EXPECT_EQ(found->refusals[1].error.code, ErrorCode::notFound);
}

TEST(Corpus, EveryFileOfTheFuzzTarget_GivesAHeaderOrAnErrorWithAPlace)
{
    std::size_t files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(ICMOE_SOURCE_DIR) / "tests/fuzz/corpus/dicom")) {
        SCOPED_TRACE(entry.path().string());
        const auto header = readHeader(entry.path());
        EXPECT_TRUE(header || !header.error().where.empty());
        ++files;
    }
    EXPECT_GE(files, 11U);
}
