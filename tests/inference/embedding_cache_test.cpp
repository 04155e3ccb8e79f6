#include "inference/runtime/EmbeddingCache.h"

#include "FakeSegmenter.h"
#include "core/base/Sha256.h"
#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sys/stat.h>

namespace icmoe::test {
namespace {

namespace fs = std::filesystem;

std::string keyOf(char digit)
{
    return std::string(64, digit);
}

std::vector<std::byte> block(std::size_t size, int value = 1)
{
    return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

std::unique_ptr<DiskCache> openCache(const fs::path& folder, std::size_t limit = 1 << 20)
{
    auto cache = DiskCache::open(folder, limit);
    EXPECT_TRUE(cache) << cache.error().oneLine();
    return cache ? std::move(*cache) : nullptr;
}

unsigned modeOf(const fs::path& path)
{
    struct stat status {};
    ::stat(path.c_str(), &status);
    return status.st_mode & 0777U;
}

TEST(DiskCache, PutBlock_ComesBackAfterReopening)
{
    TemporaryFolder folder;
    ASSERT_TRUE(openCache(folder / "c")->put(keyOf('a'), block(1000, 7)));
    auto again = openCache(folder / "c");
    EXPECT_TRUE(again->contains(keyOf('a')));
    EXPECT_EQ(again->get(keyOf('a')), block(1000, 7));
    EXPECT_EQ(again->get(keyOf('b')), std::nullopt);
}

TEST(DiskCache, FolderAndFiles_AreForTheOwnerAlone)
{
    TemporaryFolder folder;
    auto cache = openCache(folder / "c");
    ASSERT_TRUE(cache->put(keyOf('a'), block(10)));
    EXPECT_EQ(modeOf(folder / "c"), 0700U);
    EXPECT_EQ(modeOf(folder.path() / "c" / (keyOf('a') + ".embedding")), 0600U);
}

TEST(DiskCache, BrokenFile_IsDroppedAndCountsAsMissing)
{
    TemporaryFolder folder;
    auto cache = openCache(folder / "c");
    const fs::path file = folder.path() / "c" / (keyOf('a') + ".embedding");
    for (const std::size_t at : {std::size_t{0}, std::size_t{20}, std::size_t{100}, std::size_t{160}}) {
        ASSERT_TRUE(cache->put(keyOf('a'), block(100)));
        {
            std::fstream change(file, std::ios::in | std::ios::out | std::ios::binary);
            change.seekp(static_cast<std::streamoff>(at));
            change.put('!');
        }
        EXPECT_EQ(cache->get(keyOf('a')), std::nullopt) << at;
        EXPECT_FALSE(fs::exists(file));
        EXPECT_FALSE(cache->contains(keyOf('a')));
    }
    ASSERT_TRUE(cache->put(keyOf('a'), block(100)));
    fs::resize_file(file, 50);
    EXPECT_EQ(cache->get(keyOf('a')), std::nullopt);
    EXPECT_EQ(cache->byteSize(), 0U);
}

TEST(DiskCache, FileOfAnotherKey_IsNotTakenForThisOne)
{
    TemporaryFolder folder;
    ASSERT_TRUE(openCache(folder / "c")->put(keyOf('a'), block(10)));
    fs::rename(folder.path() / "c" / (keyOf('a') + ".embedding"), folder.path() / "c" / (keyOf('b') + ".embedding"));
    EXPECT_EQ(openCache(folder / "c")->get(keyOf('b')), std::nullopt);
}

TEST(DiskCache, BeyondTheLimit_TheLeastRecentlyUsedLeaves)
{
    TemporaryFolder folder;
    auto cache = openCache(folder / "c", 2500);
    ASSERT_TRUE(cache->put(keyOf('a'), block(1000)));
    ASSERT_TRUE(cache->put(keyOf('b'), block(1000)));
    ASSERT_TRUE(cache->get(keyOf('a')));
    ASSERT_TRUE(cache->put(keyOf('c'), block(1000)));
    EXPECT_TRUE(cache->contains(keyOf('a')));
    EXPECT_FALSE(cache->contains(keyOf('b')));
    EXPECT_LE(cache->byteSize(), 2500U);
    ASSERT_TRUE(cache->put(keyOf('d'), block(3000))); // never fits: left out, nothing else leaves
    EXPECT_FALSE(cache->contains(keyOf('d')));
    EXPECT_TRUE(cache->contains(keyOf('c')));
}

TEST(DiskCache, SmallerLimitOnOpening_RemovesFiles)
{
    TemporaryFolder folder;
    {
        auto cache = openCache(folder / "c");
        ASSERT_TRUE(cache->put(keyOf('a'), block(1000)));
        ASSERT_TRUE(cache->put(keyOf('b'), block(1000)));
    }
    EXPECT_LE(openCache(folder / "c", 1500)->byteSize(), 1500U);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder / "c"), fs::directory_iterator()), 1);
}

TEST(DiskCache, KeyThatIsNoHash_IsRefused)
{
    TemporaryFolder folder;
    auto cache = openCache(folder / "c");
    EXPECT_EQ(cache->put("../evil", block(1)).error().code, ErrorCode::invalidArgument);
}

TEST(DiskCache, FolderThatCannotBeMade_IsWriteFailed)
{
    EXPECT_EQ(DiskCache::open("/dev/null/x", 100).error().code, ErrorCode::writeFailed);
}

TEST(EmbeddingCache, BeyondTheLimit_TheLeastRecentlyUsedLeavesMemory)
{
    const FakeSegmenter segmenter(std::make_shared<FakeControl>());
    EmbeddingCache cache(250, nullptr);
    cache.insert("a", std::make_shared<FakeEmbedding>("a", 100));
    cache.insert("b", std::make_shared<FakeEmbedding>("b", 100));
    EXPECT_NE(cache.find("a", segmenter), nullptr);
    cache.insert("c", std::make_shared<FakeEmbedding>("c", 100));
    EXPECT_TRUE(cache.contains("a"));
    EXPECT_FALSE(cache.contains("b"));
    EXPECT_EQ(cache.memorySize(), 200U);
    cache.insert("d", std::make_shared<FakeEmbedding>("d", 900)); // the newest always stays
    EXPECT_TRUE(cache.contains("d"));
    EXPECT_EQ(cache.memorySize(), 900U);
}

TEST(EmbeddingCache, WhatLeftMemory_ComesBackFromTheDisk)
{
    TemporaryFolder folder;
    const FakeSegmenter segmenter(std::make_shared<FakeControl>());
    EmbeddingCache cache(100, openCache(folder / "c"));
    cache.setEngine(segmenter.info());
    const auto a = std::make_shared<FakeEmbedding>("a", 100);
    cache.insert("a", a);
    ASSERT_TRUE(cache.save("a", *a, segmenter));
    cache.insert("b", std::make_shared<FakeEmbedding>("b", 100));
    EXPECT_TRUE(cache.contains("a"));
    const auto found = cache.find("a", segmenter);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(dynamic_cast<const FakeEmbedding&>(*found).key, "a");
}

TEST(EmbeddingCache, BytesThatTheEngineRefuses_AreDropped)
{
    TemporaryFolder folder;
    const FakeSegmenter segmenter(std::make_shared<FakeControl>());
    auto disk = openCache(folder / "c");
    Sha256 hash;
    hash.update("\n\n\n\n0\n1\n\n"); // an engine of empty names
    hash.update("a");
    ASSERT_TRUE(disk->put(hash.hex(), {}));
    EmbeddingCache cache(100, std::move(disk));
    cache.setEngine(EngineInfo{});
    ASSERT_TRUE(cache.contains("a"));
    EXPECT_EQ(cache.find("a", segmenter), nullptr);
    EXPECT_FALSE(cache.contains("a"));
}

TEST(EmbeddingCache, OtherFeatures_HaveEntriesOfTheirOwn)
{
    EmbeddingCache cache(1000, nullptr);
    cache.setEngine(EngineInfo{}, "projections of one pack");
    cache.insert("a", std::make_shared<FakeEmbedding>("a", 100));
    EXPECT_TRUE(cache.contains("a"));
    cache.setEngine(EngineInfo{}, "projections of another pack");
    EXPECT_FALSE(cache.contains("a"));
}

TEST(EmbeddingCache, AnotherPrecision_HasEntriesOfItsOwn)
{
    EmbeddingCache cache(1000, nullptr);
    EngineInfo info;
    info.precision = "fp32";
    cache.setEngine(info);
    cache.insert("a", std::make_shared<FakeEmbedding>("a", 10));
    EXPECT_TRUE(cache.contains("a"));
    info.precision = "bf16";
    cache.setEngine(info);
    EXPECT_FALSE(cache.contains("a"));
}

} // namespace
} // namespace icmoe::test
