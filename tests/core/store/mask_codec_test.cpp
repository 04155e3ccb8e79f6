#include "core/store/MaskCodec.h"

#include <gtest/gtest.h>
#include <random>
#include <zstd.h>

namespace icmoe {
namespace {

using Bytes = std::vector<std::byte>;

Bytes bytesOf(std::initializer_list<int> values)
{
    Bytes bytes;
    for (const int value : values) {
        bytes.push_back(static_cast<std::byte>(value));
    }
    return bytes;
}

/// A payload behind the method byte of a zstd frame.
Bytes compressed(const Bytes& payload, int windowLog = 20)
{
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog);
    Bytes bytes(1 + ZSTD_compressBound(payload.size()));
    bytes.front() = std::byte{1};
    // streamed, so that the frame's window is not cut down to the content's size
    ZSTD_inBuffer in{payload.data(), payload.size(), 0};
    ZSTD_outBuffer out{bytes.data(), bytes.size(), 1};
    while (in.pos < in.size) {
        ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue);
    }
    while (ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) != 0) {
    }
    ZSTD_freeCCtx(context);
    bytes.resize(out.pos);
    return bytes;
}

SliceMask randomMask(std::mt19937& random, int width, int height)
{
    std::vector<Run> runs;
    const auto area = static_cast<std::uint32_t>(width * height);
    const auto count = random() % 60;
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto begin = static_cast<std::uint32_t>(random() % area);
        runs.push_back({begin, begin + static_cast<std::uint32_t>(random() % 40)});
    }
    return SliceMask::fromRuns(std::move(runs), width, height);
}

SliceMask chequer(int width, int height)
{
    std::vector<Run> runs;
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(width * height); i += 2) {
        runs.push_back({i, i + 1});
    }
    return SliceMask::fromRuns(std::move(runs), width, height);
}

TEST(MaskCodec, Mask_RoundTrip_IsTheSame)
{
    std::mt19937 random(8);
    for (int i = 0; i < 2000; ++i) {
        const SliceMask mask =
            randomMask(random, 1 + static_cast<int>(random() % 90), 1 + static_cast<int>(random() % 90));
        const auto bytes = encodeMask(mask);
        ASSERT_TRUE(bytes);
        const auto back = decodeMask(*bytes);
        ASSERT_TRUE(back) << back.error().message;
        ASSERT_EQ(*back, mask);
    }
}

TEST(MaskCodec, Mask_EmptyAndFullAndWithoutSize_KeepTheirSize)
{
    for (const SliceMask& mask :
         {SliceMask(), SliceMask(512, 300), SliceMask::fromRuns({{0, 512U * 300U}}, 512, 300), SliceMask(65535, 65535),
          SliceMask::fromRuns({{65535U * 65535U - 1, 65535U * 65535U}}, 65535, 65535)}) {
        const auto back = decodeMask(encodeMask(mask).value());
        ASSERT_TRUE(back);
        EXPECT_EQ(*back, mask);
        EXPECT_EQ(back->width(), mask.width());
        EXPECT_EQ(back->height(), mask.height());
    }
}

TEST(MaskCodec, Mask_Ellipse_TakesFewBytes)
{
    const auto bytes = encodeMask(ellipseMask(512, 512, {256, 256}, 90, 70)).value();
    EXPECT_LT(bytes.size(), 400U);
}

TEST(MaskCodec, Mask_LargeRegularPattern_IsCompressed)
{
    const SliceMask mask = chequer(1001, 1000);
    const auto bytes = encodeMask(mask).value();
    EXPECT_LT(bytes.size(), 1000U);
    EXPECT_EQ(decodeMask(bytes).value(), mask);
}

TEST(MaskCodec, Patch_RoundTrip_KeepsEmptySlicesAndLabels)
{
    std::mt19937 random(9);
    SegmentationPatch patch;
    patch.slices[1][0] = SliceMask(64, 48);
    patch.slices[1][7] = randomMask(random, 64, 48);
    patch.slices[3] = {};
    patch.slices[40][1000] = randomMask(random, 64, 48);
    patch.slices[40][1001] = SliceMask(64, 48);
    const auto back = decodePatch(encodePatch(patch).value());
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, patch);
    EXPECT_EQ(decodePatch(encodePatch({}).value()).value(), SegmentationPatch{});
}

TEST(MaskCodec, Encoding_BeyondTheLimits_IsRefused)
{
    EXPECT_EQ(encodeMask(SliceMask(65536, 1)).error().code, ErrorCode::limitExceeded);
    EXPECT_EQ(encodeMask(SliceMask(1, 70000)).error().code, ErrorCode::limitExceeded);
    SegmentationPatch negative;
    negative.slices[1][-1] = SliceMask(4, 4);
    EXPECT_EQ(encodePatch(negative).error().code, ErrorCode::invalidArgument);
    SegmentationPatch negativeLabel;
    negativeLabel.slices[-2][1] = SliceMask(4, 4);
    EXPECT_EQ(encodePatch(negativeLabel).error().code, ErrorCode::invalidArgument);
    SegmentationPatch noise;
    for (int k = 0; k < 33; ++k) {
        noise.slices[1][k] = chequer(1025, 1024); // 33 × 524,800 runs > 2²⁴
    }
    EXPECT_EQ(encodePatch(noise).error().code, ErrorCode::limitExceeded);
    SegmentationPatch tall;
    tall.slices[1].clear();
    for (int k = 0; k < static_cast<int>(kMaximalPatchSlices); ++k) {
        tall.slices[1].emplace_hint(tall.slices[1].end(), k, SliceMask(1, 1));
    }
    EXPECT_EQ(encodePatch(tall).error().code, ErrorCode::limitExceeded);
    tall.slices[1].erase(0);
    EXPECT_EQ(decodePatch(encodePatch(tall).value()).value(), tall);
}

TEST(MaskCodec, Decoding_TruncatedAtEveryByte_IsTruncatedOrMalformed)
{
    std::mt19937 random(10);
    SegmentationPatch patch;
    patch.slices[2][5] = randomMask(random, 80, 80);
    patch.slices[4][6] = chequer(200, 200);
    for (const Bytes& whole : {encodePatch(patch).value(), encodeMask(randomMask(random, 80, 80)).value()}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const std::span<const std::byte> cut(whole.data(), size);
            const auto mask = decodeMask(cut);
            ASSERT_FALSE(mask);
            const auto back = decodePatch(cut);
            ASSERT_FALSE(back);
            ASSERT_TRUE(back.error().code == ErrorCode::truncatedFile ||
                        back.error().code == ErrorCode::malformedFile || back.error().code == ErrorCode::limitExceeded);
        }
    }
    EXPECT_EQ(decodeMask({}).error().code, ErrorCode::truncatedFile);
    EXPECT_EQ(decodeMask(bytesOf({0, 10, 10, 2, 0, 0})).error().code, ErrorCode::truncatedFile);
}

TEST(MaskCodec, Decoding_LyingBlobs_AreRefused)
{
    // method, width, height, count, runs …
    EXPECT_EQ(decodeMask(bytesOf({7, 4, 4, 0})).error().code, ErrorCode::malformedFile) << "unknown method";
    EXPECT_EQ(decodeMask(bytesOf({0, 4, 4, 0, 0})).error().code, ErrorCode::malformedFile) << "bytes after the end";
    EXPECT_EQ(decodeMask(bytesOf({0, 4, 4, 9})).error().code, ErrorCode::malformedFile)
        << "more runs than pixels allow";
    EXPECT_EQ(decodeMask(bytesOf({0, 4, 4, 1, 10, 6})).error().code, ErrorCode::malformedFile)
        << "beyond the last pixel";
    EXPECT_EQ(decodeMask(bytesOf({0, 0x80, 0x80, 4, 1, 0})).error().code, ErrorCode::limitExceeded) << "65536 wide";
    EXPECT_EQ(decodeMask(bytesOf({0, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 0})).error().code, ErrorCode::malformedFile)
        << "35 bits";
    EXPECT_EQ(decodeMask(bytesOf({0, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0})).error().code, ErrorCode::malformedFile)
        << "six bytes";
    EXPECT_EQ(decodeMask(bytesOf({1, 1, 2, 3, 4, 5, 6})).error().code, ErrorCode::malformedFile) << "no zstd frame";
    // 65535 × 65535 with 2³¹ runs promised
    EXPECT_EQ(decodeMask(bytesOf({0, 0xff, 0xff, 3, 0xff, 0xff, 3, 0x80, 0x80, 0x80, 0x80, 7})).error().code,
              ErrorCode::limitExceeded);
    EXPECT_EQ(decodePatch(bytesOf({0, 1, 1, 0x80, 0x80, 0x80, 0x80, 7})).error().code, ErrorCode::limitExceeded);
    EXPECT_EQ(decodePatch(bytesOf({0, 1, 0xff, 0xff, 0xff, 0xff, 15, 0})).error().code, ErrorCode::malformedFile)
        << "label beyond 31 bits";
    // labels without slices, as many as the header likes
    Bytes many = bytesOf({0, 0xff, 0xff, 0xff, 0xff, 7});
    many.resize(many.size() + 2 * (kMaximalPatchSlices + 8));
    EXPECT_EQ(decodePatch(many).error().code, ErrorCode::limitExceeded);
}

TEST(MaskCodec, Decoding_HostileFrames_AreRefused)
{
    const Bytes sound = bytesOf({4, 4, 1, 3, 2});
    EXPECT_TRUE(decodeMask(compressed(sound)));
    Bytes twice = compressed(sound);
    twice.push_back(std::byte{0});
    EXPECT_EQ(decodeMask(twice).error().code, ErrorCode::malformedFile) << "bytes after the frame";
    EXPECT_EQ(decodeMask(compressed(sound, 27)).error().code, ErrorCode::malformedFile) << "a window of 128 MiB";
    // a bomb: 1000 × 1000 pixels, 100,000 runs, then 32 MB of zeros in a few kB
    Bytes bomb = bytesOf({0xe8, 7, 0xe8, 7, 0xa0, 0x8d, 6});
    bomb.resize(32'000'000);
    const Bytes packed = compressed(bomb);
    EXPECT_LT(packed.size(), 10'000U);
    EXPECT_EQ(decodeMask(packed).error().code, ErrorCode::malformedFile);
}

TEST(MaskCodec, Map_RoundTrip_IsTheSameAndQuietOnesTakeFewBytes)
{
    std::mt19937 random(5);
    std::vector<std::uint8_t> noise(100 * 90);
    for (auto& value : noise) {
        value = static_cast<std::uint8_t>(random());
    }
    std::vector<std::uint8_t> quiet(512 * 512, 0);
    std::fill(quiet.begin() + 1000, quiet.begin() + 1100, std::uint8_t{128});
    for (const auto& map : {noise, quiet, std::vector<std::uint8_t>{}, std::vector<std::uint8_t>{7}}) {
        EXPECT_EQ(decodeMap(encodeMap(map), map.size()).value(), map);
    }
    EXPECT_LT(encodeMap(quiet).size(), 200U);
}

TEST(MaskCodec, Map_OfAnotherSizeOrTruncated_IsRefused)
{
    std::vector<std::uint8_t> map(5000, 3);
    map[7] = 9;
    const Bytes bytes = encodeMap(map);
    EXPECT_EQ(decodeMap(bytes, 4999).error().code, ErrorCode::malformedFile);
    EXPECT_EQ(decodeMap(bytes, 5001).error().code, ErrorCode::truncatedFile);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const auto part = decodeMap(std::span(bytes).first(length), map.size());
        ASSERT_FALSE(part) << length;
        EXPECT_TRUE(part.error().code == ErrorCode::truncatedFile || part.error().code == ErrorCode::malformedFile);
    }
    EXPECT_EQ(decodeMap(bytesOf({2, 1}), 1).error().code, ErrorCode::malformedFile);
    EXPECT_LT(compressed(Bytes(32'000'000)).size(), 10'000U);
    EXPECT_EQ(decodeMap(compressed(Bytes(32'000'000)), 10).error().code, ErrorCode::malformedFile);
}

TEST(MaskCodec, Decoding_RandomDamage_NeverGivesAnUnsoundMask)
{
    std::mt19937 random(11);
    SegmentationPatch patch;
    patch.slices[1][3] = ellipseMask(100, 100, {50, 50}, 30, 20);
    patch.slices[2][4] = randomMask(random, 100, 100);
    const Bytes patchBytes = encodePatch(patch).value();
    const Bytes maskBytes = encodeMask(randomMask(random, 100, 100)).value();
    int accepted = 0;
    for (int i = 0; i < 20000; ++i) {
        Bytes damaged = i % 2 == 0 ? patchBytes : maskBytes;
        for (std::uint32_t n = 0; n < 1 + random() % 3; ++n) {
            damaged[random() % damaged.size()] = static_cast<std::byte>(random());
        }
        if (const auto mask = decodeMask(damaged)) {
            ASSERT_EQ(decodeMask(encodeMask(*mask).value()).value(), *mask);
            ++accepted;
        }
        if (const auto back = decodePatch(damaged)) {
            ASSERT_EQ(decodePatch(encodePatch(*back).value()).value(), *back);
            ++accepted;
        }
    }
    EXPECT_GT(accepted, 0) << "plain blobs survive some changes";
}

} // namespace
} // namespace icmoe
