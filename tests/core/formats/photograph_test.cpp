#include "core/formats/ImageFile.h"
#include "core/formats/Jpeg.h"
#include "core/formats/Png.h"

#include "FormatFiles.h"
#include "tests/support/TestSupport.h"

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <jpeglib.h>

namespace icmoe {
namespace {

using namespace test;

class Photograph : public ::testing::Test {
protected:
    Result<std::shared_ptr<const Volume>> load(const Bytes& bytes)
    {
        writeBytes(m_folder / "picture", bytes);
        const auto study = describeImageFile(m_folder / "picture");
        return study ? loadImageFile(study->series.front(), {}) : fail(study.error());
    }
    ErrorCode errorOf(const Bytes& bytes)
    {
        const auto volume = load(bytes);
        EXPECT_FALSE(volume.has_value());
        if (volume) {
            return ErrorCode::internal;
        }
        EXPECT_NE(volume.error().where.find("picture"), std::string::npos) << volume.error().oneLine();
        return volume.error().code;
    }
    TemporaryFolder m_folder;
};

TEST_F(Photograph, GreyPng_HasNoSpacingAndNoPlace)
{
    const auto volume = load(pngFile(3, 2, 8, 0, {bytesOfList({1, 2, 3}), bytesOfList({4, 5, 6})}));
    ASSERT_TRUE(volume) << volume.error().oneLine();
    EXPECT_EQ((*volume)->size(), (Size3{3, 2, 1}));
    EXPECT_EQ((*volume)->type(), SampleType::u8);
    EXPECT_EQ((*volume)->storedValue({2, 1, 0}), 6);
    EXPECT_EQ((*volume)->geometry().spacingSource(), SpacingSource::none);
    EXPECT_FALSE((*volume)->geometry().placedInPatient());
}

TEST_F(Photograph, SixteenBitPng_KeepsItsValues)
{
    const auto volume = load(pngFile(2, 1, 16, 0, {bytesOfList({0x12, 0x34, 0xff, 0xfe})}));
    ASSERT_TRUE(volume) << volume.error().oneLine();
    EXPECT_EQ((*volume)->type(), SampleType::u16);
    EXPECT_EQ((*volume)->storedValue({0, 0, 0}), 0x1234);
    EXPECT_EQ((*volume)->storedValue({1, 0, 0}), 0xfffe);
}

TEST_F(Photograph, ColoursAndPalettes_BecomeRgbWithoutAlpha)
{
    using Rgb = std::array<std::uint8_t, 3>;
    const auto rgb = load(pngFile(2, 1, 8, 2, {bytesOfList({1, 2, 3, 4, 5, 6})}));
    ASSERT_TRUE(rgb);
    EXPECT_EQ((*rgb)->colour({1, 0, 0}), (Rgb{4, 5, 6}));
    const auto rgba = load(pngFile(2, 1, 8, 6, {bytesOfList({1, 2, 3, 0, 4, 5, 6, 9})}));
    ASSERT_TRUE(rgba);
    EXPECT_EQ((*rgba)->colour({1, 0, 0}), (Rgb{4, 5, 6}));
    EXPECT_EQ((*rgba)->colour({0, 0, 0}), (Rgb{1, 2, 3})) << "transparent pixels keep their colour";
    const auto palette = load(pngFile(4, 1, 4, 3, {bytesOfList({0x01, 0x10})}, bytesOfList({9, 8, 7, 6, 5, 4})));
    ASSERT_TRUE(palette) << palette.error().oneLine();
    EXPECT_EQ((*palette)->colour({1, 0, 0}), (Rgb{6, 5, 4}));
    const auto deep = load(pngFile(1, 1, 16, 2, {bytesOfList({0x80, 0x80, 0xff, 0xff, 0, 0})}));
    ASSERT_TRUE(deep) << deep.error().oneLine();
    EXPECT_EQ((*deep)->colour({0, 0, 0}), (Rgb{0x80, 0xff, 0}));
    const auto greyAlpha = load(pngFile(2, 1, 8, 4, {bytesOfList({1, 0, 4, 9})}));
    ASSERT_TRUE(greyAlpha);
    EXPECT_EQ((*greyAlpha)->storedValue({1, 0, 0}), 4);
}

TEST_F(Photograph, OneBitPng_SpansBlackToWhite)
{
    const auto volume = load(pngFile(3, 1, 1, 0, {bytesOfList({0xa0})}));
    ASSERT_TRUE(volume);
    EXPECT_EQ((*volume)->storedValue({0, 0, 0}), 255);
    EXPECT_EQ((*volume)->storedValue({1, 0, 0}), 0);
}

TEST_F(Photograph, Indices_StayIndicesForMasks)
{
    writeBytes(m_folder / "mask.png",
               pngFile(4, 1, 4, 3, {bytesOfList({0x01, 0x10})}, bytesOfList({9, 8, 7, 6, 5, 4})));
    const auto picture = readPng(m_folder / "mask.png", PngReading::indices);
    ASSERT_TRUE(picture) << picture.error().oneLine();
    EXPECT_TRUE(picture->indexed);
    EXPECT_EQ(picture->pixels, bytesOfList({0, 1, 1, 0}));
    EXPECT_EQ(picture->palette[1], (Colour{6, 5, 4}));
}

TEST_F(Photograph, IndexedPng_ReadsBackWithItsTexts)
{
    PngPicture picture;
    picture.width = 3;
    picture.height = 1;
    picture.pixels = bytesOfList({0, 1, 2});
    picture.palette = {{0, 0, 0}, {1, 2, 3}, {4, 5, 6}};
    picture.texts["icmoe"] = "größer";
    const auto bytes = encodeIndexedPng(picture);
    ASSERT_TRUE(bytes);
    writeBytes(m_folder / "mask.png", *bytes);
    const auto back = readPng(m_folder / "mask.png", PngReading::indices);
    ASSERT_TRUE(back) << back.error().oneLine();
    EXPECT_EQ(back->pixels, picture.pixels);
    EXPECT_EQ(back->texts.at("icmoe"), "größer");
    picture.palette.clear();
    EXPECT_EQ(encodeIndexedPng(picture).error().code, ErrorCode::invalidArgument);
}

TEST_F(Photograph, TruncatedOrDamagedPng_IsRefused)
{
    auto png = pngFile(3, 2, 8, 0, {bytesOfList({1, 2, 3}), bytesOfList({4, 5, 6})});
    auto damaged = png;
    damaged[45] ^= std::byte{0xff}; // in the samples
    EXPECT_EQ(errorOf(damaged), ErrorCode::decodeFailed);
    png.resize(png.size() - 20);
    EXPECT_EQ(errorOf(png), ErrorCode::truncatedFile);
    png.resize(20);
    EXPECT_EQ(errorOf(png), ErrorCode::truncatedFile);
}

TEST_F(Photograph, LyingPng_IsRefusedBeforeAnythingIsAllocated)
{
    EXPECT_EQ(errorOf(pngFile(60'000, 60'000, 8, 0, {bytesOfList({1})})), ErrorCode::truncatedFile);
    EXPECT_EQ(errorOf(pngFile(900'000, 900'000, 8, 0, {bytesOfList({1})})), ErrorCode::limitExceeded);
    EXPECT_EQ(errorOf(pngFile(2'000'000, 2, 8, 0, {bytesOfList({1})})), ErrorCode::decodeFailed);
}

Bytes jpegFile(int width, int height, J_COLOR_SPACE space, int channels, const Bytes& samples)
{
    jpeg_compress_struct info = {};
    jpeg_error_mgr errors = {};
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    unsigned char* out = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &out, &size);
    info.image_width = static_cast<JDIMENSION>(width);
    info.image_height = static_cast<JDIMENSION>(height);
    info.input_components = channels;
    info.in_color_space = space;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, 100, TRUE);
    jpeg_start_compress(&info, TRUE);
    for (int row = 0; row < height; ++row) {
        auto* line = reinterpret_cast<JSAMPLE*>(const_cast<std::byte*>(samples.data())) + row * width * channels;
        jpeg_write_scanlines(&info, &line, 1);
    }
    jpeg_finish_compress(&info);
    Bytes bytes;
    append(bytes, out, size);
    jpeg_destroy_compress(&info);
    std::free(out);
    return bytes;
}

TEST_F(Photograph, Jpeg_IsReadAsGreyOrRgb)
{
    const auto grey = load(jpegFile(16, 8, JCS_GRAYSCALE, 1, Bytes(128, std::byte{77})));
    ASSERT_TRUE(grey) << grey.error().oneLine();
    EXPECT_EQ((*grey)->type(), SampleType::u8);
    EXPECT_EQ((*grey)->size(), (Size3{16, 8, 1}));
    EXPECT_NEAR((*grey)->storedValue({15, 7, 0}), 77, 1);
    Bytes red;
    for (int n = 0; n < 128; ++n) {
        const auto pixel = bytesOfList({200, 30, 40});
        red.insert(red.end(), pixel.begin(), pixel.end());
    }
    const auto colour = load(jpegFile(16, 8, JCS_RGB, 3, red));
    ASSERT_TRUE(colour);
    EXPECT_NEAR((*colour)->colour({3, 3, 0})[0], 200, 3);
    EXPECT_NEAR((*colour)->colour({3, 3, 0})[2], 40, 3);
    const auto study = describeImageFile(m_folder / "picture");
    EXPECT_TRUE(mentions(study->series[0].health, HealthKind::lossy));
    EXPECT_EQ(study->series[0].format, SourceFormat::jpeg);
}

TEST_F(Photograph, CmykJpeg_IsRefused)
{
    EXPECT_EQ(errorOf(jpegFile(8, 8, JCS_CMYK, 4, Bytes(256, std::byte{9}))), ErrorCode::unsupportedPixels);
}

TEST_F(Photograph, TruncatedOrLyingJpeg_IsRefused)
{
    Bytes noise(64 * 64);
    for (std::size_t n = 0; n < noise.size(); ++n) {
        noise[n] = static_cast<std::byte>((n * 2654435761U) >> 13);
    }
    auto jpeg = jpegFile(64, 64, JCS_GRAYSCALE, 1, noise);
    auto lying = jpeg;
    for (std::size_t n = 0; n + 9 < lying.size(); ++n) {
        if (lying[n] == std::byte{0xff} && lying[n + 1] == std::byte{0xc0}) { // SOF0: height and width at +5
            lying[n + 5] = lying[n + 6] = lying[n + 7] = lying[n + 8] = std::byte{0x9f};
            break;
        }
    }
    auto short1 = jpeg;
    short1.resize(jpeg.size() / 2);
    EXPECT_EQ(errorOf(short1), ErrorCode::truncatedFile);
    short1.resize(30);
    EXPECT_EQ(errorOf(short1), ErrorCode::truncatedFile);
    lying.resize(2000);
    EXPECT_EQ(errorOf(lying), ErrorCode::truncatedFile);
    EXPECT_EQ(readJpeg(m_folder / "missing", true).error().code, ErrorCode::notFound);
}

} // namespace
} // namespace icmoe
