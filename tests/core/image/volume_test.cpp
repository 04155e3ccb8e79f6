#include "core/image/SliceImage.h"
#include "core/image/Volume.h"

#include <cstring>
#include <gtest/gtest.h>

namespace icmoe {
namespace {

Volume::Description description(Size3 size, SampleType type)
{
    Volume::Description d{*Geometry::regular(size, {0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {1, 1, 1}),
                          type,
                          {Rescale{}},
                          {},
                          false,
                          {},
                          "OT",
                          {}};
    return d;
}

template<typename T>
std::shared_ptr<Volume> filled(Volume::Description d, T (*value)(int i, int j, int k))
{
    auto volume = *Volume::allocate(std::move(d));
    const Size3 s = volume->size();
    for (int k = 0; k < s.depth; ++k) {
        auto bytes = volume->writableSliceBytes(k);
        for (int j = 0; j < s.height; ++j) {
            for (int i = 0; i < s.width; ++i) {
                const T v = value(i, j, k);
                std::memcpy(bytes.data() + (static_cast<std::size_t>(j * s.width + i)) * sizeof(T), &v, sizeof v);
            }
        }
        volume->markLoaded(k);
    }
    return volume;
}

TEST(Volume, Value_AppliesTheSlicesOwnRescale)
{
    auto d = description({2, 2, 2}, SampleType::s16);
    d.rescale = {{1, -1024}, {2, 5}};
    const auto volume = filled<std::int16_t>(
        d, [](int i, int j, int k) { return static_cast<std::int16_t>(100 * k + 10 * j + i - 50); });
    EXPECT_EQ(volume->storedValue({1, 1, 0}), -39);
    EXPECT_EQ(volume->value({1, 1, 0}), -39 - 1024);
    EXPECT_EQ(volume->value({0, 1, 1}), 60 * 2 + 5);
}

TEST(Volume, Allocate_RefusesWhatDoesNotFit)
{
    const auto made = Volume::allocate(description({1000, 1000, 10}, SampleType::f64), 1 << 20);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::limitExceeded);
    auto d = description({2, 2, 3}, SampleType::u8);
    d.rescale = {{}, {}};
    EXPECT_EQ(Volume::allocate(d).error().code, ErrorCode::invalidArgument);
}

TEST(Volume, LoadedSlices_ArePublishedOneByOne)
{
    auto volume = *Volume::allocate(description({2, 2, 3}, SampleType::u8));
    EXPECT_EQ(volume->loadedCount(), 0);
    volume->markLoaded(1);
    volume->markLoaded(1);
    EXPECT_EQ(volume->loadedCount(), 1);
    EXPECT_TRUE(volume->isLoaded(1));
    EXPECT_FALSE(volume->isLoaded(0));
    EXPECT_FALSE(volume->isComplete());
}

TEST(WindowLevel, FollowsTheStandardsLinearFunction)
{
    const WindowLevel window{400, 40};
    EXPECT_EQ(window.apply(-161), 0);
    EXPECT_EQ(window.apply(240), 255);
    EXPECT_EQ(window.apply(39.5), 128);
    EXPECT_EQ((WindowLevel{1, 10}).apply(9.5), 0);
    EXPECT_EQ((WindowLevel{1, 10}).apply(9.6), 255);
}

TEST(EngineRange, Eightbit2D_PassesUnchanged)
{
    const auto volume = filled<std::uint8_t>(description({16, 16, 1}, SampleType::u8),
                                             [](int i, int j, int) { return static_cast<std::uint8_t>(16 * j + i); });
    const auto range = engineRange(*volume);
    EXPECT_TRUE(range.identity);
    const auto slice = cutSlice(*volume, Plane::acquisition, 0, range);
    ASSERT_TRUE(slice);
    for (int i = 0; i < 256; ++i) {
        EXPECT_EQ((*slice)->pixels[static_cast<std::size_t>(i)], i);
    }
}

TEST(EngineRange, Ct_TakesThePresetsWindow_AndTruncates)
{
    auto d = description({4, 1, 2}, SampleType::s16);
    d.modality = "CT";
    const auto volume = filled<std::int16_t>(d, [](int i, int, int) {
        return static_cast<std::int16_t>(i == 0 ? -1000 : i == 1 ? 40 : i == 2 ? 239 : 3000);
    });
    const auto slice = *cutSlice(*volume, Plane::acquisition, 1, engineRange(*volume));
    EXPECT_EQ(slice->pixels, (std::vector<std::uint8_t>{0, 127, 254, 255}));
    EXPECT_EQ(engineRange(*volume, "lung").from, -1350);
    EXPECT_EQ(engineRange(*volume, "nonsense").to, 240);
}

TEST(EngineRange, Mr_ClipsToPercentilesOfPositiveValues_ZerosStayZero)
{
    auto d = description({100, 10, 2}, SampleType::u16);
    d.modality = "MR";
    const auto volume =
        filled<std::uint16_t>(d, [](int i, int j, int) { return static_cast<std::uint16_t>(j == 0 ? 0 : 100 + i); });
    const auto range = engineRange(*volume);
    EXPECT_TRUE(range.zerosStayZero);
    EXPECT_NEAR(range.from, 100, 0.51);
    EXPECT_NEAR(range.to, 199, 0.51);
    const auto slice = *cutSlice(*volume, Plane::acquisition, 0, range);
    EXPECT_EQ(slice->pixels[0], 0);
    EXPECT_EQ(slice->pixels[199], 255);
}

TEST(CutSlice, BeyondTheLastIndex_OrNotLoaded_IsOutOfRange)
{
    auto volume = *Volume::allocate(description({2, 2, 3}, SampleType::u8));
    volume->markLoaded(0);
    const ValueRange range;
    EXPECT_TRUE(cutSlice(*volume, Plane::axial, 0, range));
    EXPECT_EQ(cutSlice(*volume, Plane::axial, 3, range).error().code, ErrorCode::outOfRange);
    EXPECT_EQ(cutSlice(*volume, Plane::axial, -1, range).error().code, ErrorCode::outOfRange);
    EXPECT_EQ(cutSlice(*volume, Plane::axial, 1, range).error().code, ErrorCode::outOfRange);
}

TEST(CutSlice, Key_TellsPicturesApart_AndNothingElse)
{
    const auto a = filled<std::uint8_t>(description({4, 4, 1}, SampleType::u8),
                                        [](int i, int, int) { return static_cast<std::uint8_t>(i); });
    const auto b = filled<std::uint8_t>(description({4, 4, 1}, SampleType::u8),
                                        [](int i, int, int) { return static_cast<std::uint8_t>(i + 1); });
    const auto key = [](const auto& v) { return (*cutSlice(*v, Plane::acquisition, 0, engineRange(*v)))->key; };
    EXPECT_EQ(key(a), key(a));
    EXPECT_NE(key(a), key(b));
}

TEST(CutSlice, Monochrome1_IsInvertedForTheEngineToo)
{
    auto d = description({2, 1, 1}, SampleType::u8);
    d.inverted = true;
    const auto volume =
        filled<std::uint8_t>(d, [](int i, int, int) { return static_cast<std::uint8_t>(i == 0 ? 0 : 200); });
    const auto slice = *cutSlice(*volume, Plane::acquisition, 0, engineRange(*volume));
    EXPECT_EQ(slice->pixels, (std::vector<std::uint8_t>{255, 55}));
}

} // namespace
} // namespace icmoe
