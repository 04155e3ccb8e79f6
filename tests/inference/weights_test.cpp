#include "CheckpointBuilder.h"
#include "core/base/AtomicFile.h"
#include "core/base/Sha256.h"
#include "inference/weights/Checkpoint.h"
#include "inference/weights/Safetensors.h"
#include "inference/weights/StateDictPickle.h"
#include "inference/weights/WeightsFile.h"
#include "inference/weights/ZipArchive.h"
#include "tests/support/TestSupport.h"

#include <cstring>
#include <fstream>
#include <gtest/gtest.h>

using namespace icmoe;
using namespace icmoe::test;
using namespace icmoe::weights;

namespace {

ErrorCode checkpointError(const std::string& file)
{
    const auto bytes = asBytes(file);
    const auto tensors = readCheckpoint(bytes);
    return tensors ? ErrorCode::internal : tensors.error().code;
}

ErrorCode pickleError(const std::string& pickle)
{
    const auto bytes = asBytes(pickle);
    const auto tensors = readStateDict(bytes);
    return tensors ? ErrorCode::internal : tensors.error().code;
}

std::string headered(const std::string& header, std::size_t dataBytes)
{
    return little(header.size(), 8) + header + std::string(dataBytes, '\x02');
}

ErrorCode safetensorsError(const std::string& file)
{
    const auto bytes = asBytes(file);
    const auto tensors = readSafetensors(bytes);
    return tensors ? ErrorCode::internal : tensors.error().code;
}

const std::filesystem::path kWeightsFolder = std::filesystem::path(ICMOE_SOURCE_DIR) / "third_party/weights";

} // namespace

TEST(Checkpoint, SmallFile_IsReadWithNamesShapesAndBytes)
{
    for (const bool zip64 : {false, true}) {
        const auto file = asBytes(makeCheckpoint({}, {.zip64 = zip64}));
        const auto tensors = readCheckpoint(file);
        ASSERT_TRUE(tensors) << tensors.error().oneLine();
        ASSERT_EQ(tensors->size(), 1U);
        EXPECT_EQ(tensors->front().name, "layer.weight");
        EXPECT_EQ(tensors->front().shape, (std::vector<std::int64_t>{2, 3}));
        EXPECT_EQ(tensors->front().bytes.size(), 24U);
        EXPECT_EQ(tensors->front().type, ElementType::f32);
    }
}

TEST(Checkpoint, EveryTruncation_IsRefused)
{
    const auto file = makeCheckpoint();
    for (std::size_t length = 0; length < file.size(); ++length) {
        EXPECT_NE(checkpointError(file.substr(0, length)), ErrorCode::internal) << length;
    }
}

TEST(Checkpoint, LyingArchives_AreRefused)
{
    EXPECT_EQ(checkpointError("this is a text file, and long enough for an end record"), ErrorCode::unknownFormat);
    EXPECT_EQ(checkpointError(makeCheckpoint({}, {.method = 8})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({}, {.flags = 1})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({}, {.crcXor = 1})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({}, {.sizeAdd = 100000})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({}, {.sizeAdd = 40})), ErrorCode::malformedFile) << "entries overlap";
    EXPECT_EQ(checkpointError(makeCheckpoint({}, {.zip64 = true, .sizeAdd = 1LL << 50})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({}, {.offsetAdd = 1})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({}, {.localName = "other"})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeZip({{"net/version", "3\n"}})), ErrorCode::unknownFormat);
    EXPECT_EQ(checkpointError(makeZip({{"a/data.pkl", "x"}, {"b/data.pkl", "x"}})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeZip({{"a/data.pkl", "x"}, {"a/data.pkl", "x"}})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeZip({{"a/data.pkl", "x"}, {"a/byteorder", "big"}})), ErrorCode::malformedFile);
    std::vector<std::pair<std::string, std::string>> many;
    for (int n = 0; n < 5000; ++n) {
        many.emplace_back("n/" + std::to_string(n), "");
    }
    EXPECT_EQ(checkpointError(makeZip(many)), ErrorCode::limitExceeded);
    auto contradicting = makeCheckpoint({}, {.zip64 = true});
    contradicting[contradicting.size() - 12] = 1; // the plain record's count is no longer "look in the other one"
    contradicting[contradicting.size() - 11] = 0;
    contradicting[contradicting.size() - 14] = 1;
    contradicting[contradicting.size() - 13] = 0;
    EXPECT_EQ(checkpointError(contradicting), ErrorCode::malformedFile);
}

TEST(Checkpoint, TensorsThatDoNotFillTheirStorage_AreRefused)
{
    EXPECT_EQ(checkpointError(makeCheckpoint({}, {}, 20)), ErrorCode::malformedFile) << "entry too short";
    EXPECT_EQ(checkpointError(makeCheckpoint({.elements = 5})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({.elements = -6})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({.stride = {1, 2}})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({.stride = {1}})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({.offset = 1})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({.shape = {-2, -3}})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({.elements = 0, .shape = {2147483647, 2147483647, 2147483647, 0}})),
              ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({.place = "cuda:0"})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({.storageClass = "HalfStorage"})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({.storage = "../../0"})), ErrorCode::malformedFile);
    EXPECT_EQ(checkpointError(makeCheckpoint({.storage = "7"})), ErrorCode::notFound);
}

TEST(StateDict, ForeignInstructionsAndNames_AreRefusedAndNeverExecuted)
{
    EXPECT_EQ(pickleError("\x80\x02"
                          "cos\nsystem\n" +
                          pickleText("touch /tmp/x") + "\x85R."),
              ErrorCode::malformedFile);
    EXPECT_EQ(pickleError("\x80\x02"
                          "cbuiltins\neval\n)R."),
              ErrorCode::malformedFile);
    EXPECT_EQ(pickleError(std::string("\x80\x04", 2) + kPickleDict + "."), ErrorCode::malformedFile);
    EXPECT_EQ(pickleError("\x80\x02"
                          "N."),
              ErrorCode::malformedFile);
    EXPECT_EQ(pickleError("\x80\x02"
                          "ctorch\nFloatStorage\n)R."),
              ErrorCode::malformedFile)
        << "a class is not called";
    EXPECT_EQ(pickleError("\x80\x02" + kPickleDict), ErrorCode::truncatedFile);
    EXPECT_EQ(pickleError("\x80\x02"
                          "X" +
                          little(4000000000U, 4) + "abc"),
              ErrorCode::truncatedFile);
    EXPECT_EQ(pickleError("\x80\x02"
                          "ccollections\nOrdered"),
              ErrorCode::truncatedFile);
}

TEST(StateDict, StackMisuse_IsRefused)
{
    for (const std::string body :
         {"t.", "u.", "s.", "b.", "R.", "Q.", "q\x01.", "h\x01.", "\x85.", "\x86.", "(.", ".", "(R.", "}}}s."}) {
        EXPECT_EQ(pickleError("\x80\x02" + body), ErrorCode::malformedFile) << body;
    }
    EXPECT_EQ(pickleError("\x80\x02}."
                          "x"),
              ErrorCode::malformedFile)
        << "something follows";
    EXPECT_EQ(pickleError("\x80\x02}K\x01K\x01s."), ErrorCode::malformedFile) << "a key is no text";
    EXPECT_EQ(pickleError(pickleStateDict({{"a", pickleTensor()}, {"a", pickleTensor({.storage = "1"})}})),
              ErrorCode::malformedFile);
    EXPECT_EQ(pickleError(pickleStateDict({{"a", pickleTensor()}, {"b", pickleTensor()}})), ErrorCode::malformedFile)
        << "shared storage";
    EXPECT_EQ(pickleError(pickleStateDict({{"a", "K\x01"}})), ErrorCode::malformedFile);
}

TEST(StateDict, DeepOrCyclicValues_NeitherOverflowNorLeak)
{
    EXPECT_EQ(pickleError("\x80\x02" + std::string(20000, '(') + "."), ErrorCode::limitExceeded);
    EXPECT_EQ(pickleError("\x80\x02)" + std::string(900000, '\x85') + "."), ErrorCode::malformedFile);
    EXPECT_EQ(pickleError("\x80\x02}q\x01" + pickleText("self") + "h\x01s."), ErrorCode::malformedFile);
    EXPECT_EQ(pickleError(std::string((1 << 20) + 1, '(')), ErrorCode::limitExceeded);
}

TEST(Safetensors, WrittenTensors_ReadBackEqual)
{
    const auto floats = asBytes(std::string(24, '\x07'));
    const auto count = asBytes(little(4416366, 8));
    const TensorTable tensors{{"layer.weight", ElementType::f32, {2, 3}, floats},
                              {"layer.count", ElementType::i64, {}, count}};
    const auto file = writeSafetensors(tensors);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->size() % 8, 0U);
    const auto read = readSafetensors(*file);
    ASSERT_TRUE(read) << read.error().oneLine();
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ((*read)[0].name, "layer.count"); // wider elements first, so that all are aligned
    EXPECT_TRUE((*read)[0].shape.empty());
    EXPECT_TRUE(std::ranges::equal((*read)[0].bytes, count));
    EXPECT_EQ((*read)[1].shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_TRUE(std::ranges::equal((*read)[1].bytes, floats));
}

TEST(Safetensors, HalvesAndMetadata_RoundTrip)
{
    const std::vector<std::byte> values(6, std::byte{7});
    const TensorTable tensors{{"half", ElementType::f16, {3}, values}};
    const Metadata metadata{{"format", "1"}, {"labels", "left ventricle|aorta"}};
    const auto file = writeSafetensors(tensors, metadata);
    ASSERT_TRUE(file);
    const auto read = readSafetensors(*file);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->front().type, ElementType::f16);
    EXPECT_EQ(readSafetensorsMetadata(*file).value(), metadata);
    EXPECT_EQ(writeSafetensors(tensors, {{"a", "not \"plain\""}}).error().code, ErrorCode::invalidArgument);
    EXPECT_EQ(readSafetensorsMetadata(std::span(*file).first(4)).error().code, ErrorCode::truncatedFile);
}

TEST(Safetensors, WriterRefusesWhatItCannotHold)
{
    const auto four = asBytes("abcd");
    const auto error = [&](const TensorTable& tensors) {
        const auto file = writeSafetensors(tensors);
        return file ? ErrorCode::internal : file.error().code;
    };
    EXPECT_EQ(error({{"quote\"", ElementType::f32, {1}, four}}), ErrorCode::invalidArgument);
    EXPECT_EQ(error({{"a", ElementType::f32, {2}, four}}), ErrorCode::invalidArgument);
    EXPECT_EQ(error({{"a", ElementType::f32, {1}, four}, {"a", ElementType::f32, {1}, four}}),
              ErrorCode::invalidArgument);
}

TEST(Safetensors, LyingFiles_AreRefused)
{
    const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
    const auto goodBytes = asBytes(headered(good, 8));
    ASSERT_TRUE(readSafetensors(goodBytes));
    EXPECT_EQ(safetensorsError("abc"), ErrorCode::truncatedFile);
    EXPECT_EQ(safetensorsError(headered(good, 7)), ErrorCode::truncatedFile);
    EXPECT_EQ(safetensorsError(headered(good, 9)), ErrorCode::malformedFile);
    EXPECT_EQ(safetensorsError(little(1000, 8) + good), ErrorCode::truncatedFile);
    EXPECT_EQ(safetensorsError(little(1ULL << 60, 8) + good), ErrorCode::limitExceeded);
    for (
        const std::string header :
        {R"([])", R"({"a":1})", R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})",
         R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})",
         R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",
         R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", R"({"a":{"dtype":"F32","shape":[2]}})",
         R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
         R"({"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}})",
         R"({"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}})",
         R"({"a\u0041":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
         R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x)",
         R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
         R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
         R"({)"}) {
        EXPECT_EQ(safetensorsError(headered(header, 8)), ErrorCode::malformedFile) << header;
    }
}

TEST(WeightsFile, UnknownFamiliesAndForeignCheckpoints_AreRefused)
{
    const TemporaryFolder folder;
    const auto path = folder / "foreign.pth";
    std::ofstream(path, std::ios::binary) << makeCheckpoint();
    const auto error = [&](std::string_view family) { return importWeights(path, family, folder / "weights").error(); };
    EXPECT_EQ(error("litemedsam").code, ErrorCode::weightsUnknown);
    EXPECT_EQ(error("medsam").code, ErrorCode::weightsUnknown);
    EXPECT_NE(error("sam").message.find("no checkpoint of Segment Anything"), std::string::npos);
    EXPECT_NE(error("mobilesam").message.find("not known"), std::string::npos);
    EXPECT_EQ(importWeights(folder / "none.pth", "litemedsam", folder / "weights").error().code, ErrorCode::notFound);
    EXPECT_FALSE(std::filesystem::exists(folder / "weights")) << "nothing is written for a refused file";
}

TEST(WeightsFile, MissingWeights_SayWhereTheyWereLookedFor)
{
    const TemporaryFolder folder;
    const auto missing = loadLiteMedSam({folder / "a", folder / "b"});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::weightsMissing);
    EXPECT_NE(missing.error().where.find((folder / "b").string()), std::string::npos);
}

TEST(WeightsFile, PublishedCheckpoint_ConvertsToThePinnedFileAndIsFoundInOrder)
{
    const auto checkpoint = kWeightsFolder / "lite_medsam.pth";
    if (!std::filesystem::exists(checkpoint)) {
        GTEST_SKIP() << "the published checkpoint is not in third_party/weights";
    }
    const TemporaryFolder folder;
    const auto path = importWeights(checkpoint, "litemedsam", folder / "second");
    ASSERT_TRUE(path) << path.error().oneLine();
    const auto loaded = loadLiteMedSam({folder / "first", folder / "second"});
    ASSERT_TRUE(loaded) << loaded.error().oneLine();
    EXPECT_EQ(loaded->path, *path);
    EXPECT_EQ(loaded->sha256, kLiteMedSamSha256);
    EXPECT_EQ(loaded->tensors.size(), 435U);
    std::uint64_t values = 0;
    for (const auto& tensor : loaded->tensors) {
        values += elementCount(tensor.shape).value();
    }
    EXPECT_EQ(values, 9801439U);
    // importing again, or from the converted file, changes nothing
    const auto time = std::filesystem::last_write_time(*path);
    EXPECT_TRUE(importWeights(*path, "litemedsam", folder / "second"));
    EXPECT_EQ(std::filesystem::last_write_time(*path), time);
}

TEST(WeightsFile, OneChangedBit_IsRefused)
{
    const auto original = kWeightsFolder / kLiteMedSamFile;
    if (!std::filesystem::exists(original)) {
        GTEST_SKIP() << "the weights are not in third_party/weights";
    }
    const TemporaryFolder folder;
    auto bytes = readWholeFile(original, std::size_t{1} << 28).value();
    bytes[bytes.size() / 2] ^= std::byte{1};
    ASSERT_TRUE(writeFileAtomically(folder / std::string(kLiteMedSamFile), bytes));
    const auto loaded = loadLiteMedSam({folder.path()});
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::weightsCorrupt);
}
