#include "core/dicom/InstanceHeader.h"
#include "core/dicom/PreScan.h"
#include "core/dicom/StoredValues.h"
#include "core/study/Scan.h"
#include "tests/support/DicomBytes.h"
#include "tests/support/DicomPhantom.h"
#include "tests/support/MemoryFile.h"
#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace icmoe;
using namespace icmoe::test;

namespace {

constexpr auto kRle = "1.2.840.10008.1.2.5";
constexpr auto kJpegLs = "1.2.840.10008.1.2.4.80";
constexpr auto kJpeg2000 = "1.2.840.10008.1.2.4.90";
constexpr auto kDeflated = "1.2.840.10008.1.2.1.99";
constexpr auto kImplicit = "1.2.840.10008.1.2";
constexpr std::uint32_t kUndefined = 0xffffffffU;

DicomBytes encapsulated(DicomBytes file, std::size_t fragment)
{
    file.header(0x7fe0, 0x0010, "OB", kUndefined)
        .item(0)
        .item(static_cast<std::uint32_t>(fragment))
        .bytes(fragment, std::byte{0xff});
    file.item(0, 0xe0dd);
    return file;
}

/// 10,000 sequences in each other.
DicomBytes nested(std::string_view syntax, bool definedLengths)
{
    DicomBytes file(syntax);
    file.text(0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.7");
    constexpr std::uint32_t kDepth = 10'000;
    const std::uint32_t headerLength = syntax == kImplicit ? 8 : 12;
    for (std::uint32_t i = 0; i < kDepth; ++i) {
        const std::uint32_t inside = (kDepth - i) * (headerLength + 8);
        file.header(0x0040, 0xa730, "SQ", definedLengths ? inside - headerLength : kUndefined);
        file.item(definedLengths ? inside - headerLength - 8 : kUndefined);
    }
    return file;
}

std::vector<std::byte> deflated(const std::vector<std::byte>& bytes)
{
    ::z_stream stream{};
    EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
    std::vector<std::byte> out(::deflateBound(&stream, bytes.size()));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    return out;
}

/// What a file of these elements looks like after preamble and meta header.
std::vector<std::byte> dataSetOf(const DicomBytes& file)
{
    const std::size_t start = DicomBytes("1.2.840.10008.1.2.1").all().size();
    return {file.all().begin() + static_cast<std::ptrdiff_t>(start), file.all().end()};
}

struct Lie {
    std::string name;
    DicomBytes file;
    ErrorCode code;
    std::string tag;
};

std::vector<Lie> lies()
{
    std::vector<Lie> all;
    DicomBytes tooFew;
    tooFew.picture(512, 512).header(0x7fe0, 0x0010, "OW", 100).bytes(100);
    all.push_back({"rows and columns against bytes", tooFew, ErrorCode::truncatedFile, "(7fe0,0010)"});
    DicomBytes frames;
    frames.picture(16, 16, 16, "60000").header(0x7fe0, 0x0010, "OW", 512).bytes(512);
    all.push_back({"frames against bytes", frames, ErrorCode::truncatedFile, "(7fe0,0010)"});
    DicomBytes manyFrames;
    manyFrames.picture(1, 1, 8, "999999999").header(0x7fe0, 0x0010, "OW", 512).bytes(512);
    all.push_back({"a billion frames", manyFrames, ErrorCode::limitExceeded, "(0028,0008)"});
    DicomBytes notFrames;
    notFrames.picture(1, 1, 8, "many").header(0x7fe0, 0x0010, "OW", 512).bytes(512);
    all.push_back({"frames in words", notFrames, ErrorCode::malformedFile, "(0028,0008)"});
    DicomBytes cut;
    cut.picture(16, 16).header(0x7fe0, 0x0010, "OW", 512).bytes(200);
    all.push_back({"cut in the pixels", cut, ErrorCode::truncatedFile, "(7fe0,0010)"});
    DicomBytes huge;
    huge.header(0x0008, 0x0005, "UT", 0xfffffff0U).bytes(10);
    all.push_back({"a text of 4 GB", huge, ErrorCode::truncatedFile, "(0008,0005)"});
    all.push_back({"65535 × 65535 in 1 kB of RLE", encapsulated(DicomBytes(kRle).picture(65535, 65535), 1000),
                   ErrorCode::limitExceeded, "(7fe0,0010)"});
    all.push_back({"65535 × 65535 in 1 kB of JPEG-LS", encapsulated(DicomBytes(kJpegLs).picture(65535, 65535), 1000),
                   ErrorCode::limitExceeded, "(7fe0,0010)"});
    all.push_back({"65535 × 65535 in 1 kB of JPEG 2000",
                   encapsulated(DicomBytes(kJpeg2000).picture(65535, 65535), 1000), ErrorCode::limitExceeded,
                   "(7fe0,0010)"});
    all.push_back({"1,000 frames in one fragment", encapsulated(DicomBytes(kRle).picture(8, 8, 8, "1000"), 1000),
                   ErrorCode::truncatedFile, "(7fe0,0010)"});
    all.push_back(
        {"10,000 nested sequences", nested("1.2.840.10008.1.2.1", false), ErrorCode::limitExceeded, "(0040,a730)"});
    all.push_back({"10,000 nested sequences with lengths", nested("1.2.840.10008.1.2.1", true),
                   ErrorCode::limitExceeded, "(0040,a730)"});
    all.push_back(
        {"10,000 nested implicit sequences", nested(kImplicit, false), ErrorCode::limitExceeded, "(0040,a730)"});
    all.push_back({"10,000 nested implicit sequences with lengths", nested(kImplicit, true), ErrorCode::limitExceeded,
                   "(0040,a730)"});
    DicomBytes noRows;
    noRows.text(0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.7").header(0x7fe0, 0x0010, "OW", 4).bytes(4);
    all.push_back({"pixels without rows", noRows, ErrorCode::missingAttribute, "(0028,0010)"});
    DicomBytes openText;
    openText.header(0x0008, 0x1030, "UT", kUndefined).bytes(16);
    all.push_back({"an open length of a text", openText, ErrorCode::malformedFile, "(0008,1030)"});
    DicomBytes noItem;
    noItem.header(0x0008, 0x1140, "SQ", kUndefined).number(0x0028, 0x0010, 3).bytes(8);
    all.push_back({"a sequence without items", noItem, ErrorCode::malformedFile, "(0028,0010)"});
    DicomBytes itemTooLong;
    itemTooLong.header(0x0008, 0x1140, "SQ", 8).item(5000).bytes(6000);
    all.push_back({"an item longer than its sequence", itemTooLong, ErrorCode::truncatedFile, "(fffe,e000)"});
    DicomBytes elements(kImplicit);
    for (int i = 0; i < 1'000'001; ++i) {
        elements.header(0x0009, 0x1000, "UN", 0);
    }
    all.push_back({"more than a million elements", elements, ErrorCode::limitExceeded, "(0000,0000)"});
    DicomBytes bomb(kDeflated);
    DicomBytes inside;
    inside.header(0x0009, 0x1001, "UN", 200U << 20U).bytes(std::size_t{200} << 20U);
    bomb.raw(deflated(dataSetOf(inside)));
    all.push_back({"a deflated bomb", bomb, ErrorCode::limitExceeded, "(0009,1001)"});
    DicomBytes bits;
    bits.picture(8, 8, 128).header(0x7fe0, 0x0010, "OW", 1024).bytes(1024);
    all.push_back({"128 bits a sample", bits, ErrorCode::malformedFile, "(0028,0100)"});
    DicomBytes twelve;
    twelve.picture(8, 8, 12).header(0x7fe0, 0x0010, "OW", 1024).bytes(1024);
    all.push_back({"12 packed bits", twelve, ErrorCode::unsupportedPixels, "(0028,0100)"});
    DicomBytes syntax("1.2.840.10008.1.2.4.100");
    all.push_back(
        {"a film", encapsulated(syntax.picture(8, 8, 8), 100), ErrorCode::unsupportedTransferSyntax, "(0002,0010)"});
    DicomBytes report;
    report.text(0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.88.11");
    all.push_back({"a report", report, ErrorCode::notAnImage, "(7fe0,0010)"});
    return all;
}

/// Runs `work` in a child process; gives the growth of its memory in MB, or -1 where it did not end well.
template<typename Work>
[[maybe_unused]] double memoryOf(const Work& work)
{
    int ends[2] = {};
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto peak = [] {
            std::ifstream status("/proc/self/status");
            for (std::string line; std::getline(status, line);) {
                if (line.starts_with("VmHWM:")) {
                    return std::stod(line.substr(6)) / 1024;
                }
            }
            return 0.0;
        };
        std::ofstream("/proc/self/clear_refs") << "5"; // the peak starts anew
        const double before = peak();
        const bool good = work();
        const double grown = good ? peak() - before : -1;
        const bool written = ::write(ends[1], &grown, sizeof grown) == static_cast<ssize_t>(sizeof grown);
        ::_exit(written ? 0 : 1);
    }
    double grown = -1;
    ::close(ends[1]);
    const bool told = ::read(ends[0], &grown, sizeof grown) == static_cast<ssize_t>(sizeof grown);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return told && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? grown : -1;
}

} // namespace

TEST(LyingFile, IsRefusedWithItsErrorFileAndTag)
{
    TemporaryFolder folder;
    for (const auto& lie : lies()) {
        SCOPED_TRACE(lie.name);
        const auto path = lie.file.write(folder / "lie.dcm");
        const auto header = readHeader(path);
        ASSERT_FALSE(header);
        EXPECT_EQ(header.error().code, lie.code) << header.error().oneLine();
        EXPECT_TRUE(header.error().where.starts_with(path.string())) << header.error().where;
        EXPECT_NE(header.error().where.find(lie.tag), std::string::npos) << header.error().where;
    }
}

#ifndef ICMOE_SANITIZED // sanitizers keep shadow memory of their own
TEST(LyingFile, IsRefusedAtOnceWithin64MB)
{
    const double control = memoryOf([] { return !std::vector<char>(std::size_t{100} << 20U, 'x').empty(); });
    ASSERT_GT(control, 90) << "the measure itself does not work here";
    TemporaryFolder folder;
    for (const auto& lie : lies()) {
        SCOPED_TRACE(lie.name);
        const auto path = lie.file.write(folder / "lie.dcm");
        const auto start = std::chrono::steady_clock::now();
        const double grown = memoryOf([&] { return !readHeader(path); });
        EXPECT_GE(grown, 0) << "the child did not refuse the file";
        EXPECT_LT(grown, 64);
        EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
    }
}
#endif

TEST(LyingFile, CompressedPictureOfAnotherSize_IsRefusedBeforeItIsDecoded)
{
    // The data set says 8 × 8, the JPEG-LS header 65535 × 65535.
    constexpr unsigned char codestream[] = {0xff, 0xd8, 0xff, 0xf7, 0, 11, 8, 0xff, 0xff, 0xff, 0xff, 1, 1,
                                            0x11, 0,    0xff, 0xda, 0, 8,  1, 1,    0,    0,    0,    0, 0};
    DicomBytes file(kJpegLs);
    file.picture(8, 8, 8)
        .header(0x7fe0, 0x0010, "OB", kUndefined)
        .item(0)
        .item(sizeof codestream)
        .raw(std::as_bytes(std::span(codestream)));
    file.item(0, 0xe0dd);
    TemporaryFolder folder;
    const auto path = file.write(folder / "lie.dcm");
    const auto found = scan({path});
    ASSERT_TRUE(found);
    ASSERT_EQ(found->studies.size(), 1U);
    const auto volume = loadVolume(found->studies[0].series[0]);
    ASSERT_FALSE(volume);
    EXPECT_EQ(volume.error().code, ErrorCode::decodeFailed);
    EXPECT_NE(volume.error().where.find("(7fe0,0010)"), std::string::npos);
    EXPECT_NE(volume.error().message.find("65535 × 65535"), std::string::npos) << volume.error().message;
}

TEST(LyingFile, EveryTruncationOfAGoodFile_IsRefusedOrReadWithoutHarm)
{
    TemporaryFolder folder;
    const auto phantom = writeDicomPhantom(folder.path(), {.size = {8, 8, 1}});
    ASSERT_TRUE(phantom);
    std::ifstream in(phantom->files.front(), std::ios::binary);
    const std::vector<char> good((std::istreambuf_iterator<char>(in)), {});
    std::size_t refused = 0;
    for (std::size_t length = 0; length < good.size(); ++length) {
        refused += readHeader(test::MemoryFile(std::as_bytes(std::span(good).first(length))).path()) ? 0 : 1;
    }
    EXPECT_EQ(refused, good.size()); // pixels are the last element: each cut loses some
    EXPECT_TRUE(readHeader(test::MemoryFile(std::as_bytes(std::span(good))).path()));
}

TEST(LyingFile, EveryFlippedByteOfAGoodHeader_IsSurvived)
{
    TemporaryFolder folder;
    const auto phantom = writeDicomPhantom(folder.path(), {.size = {8, 8, 1}});
    ASSERT_TRUE(phantom);
    std::ifstream in(phantom->files.front(), std::ios::binary);
    std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
    std::size_t survived = 0;
    for (std::size_t i = 128; i < bytes.size() - 128; ++i) {
        const char kept = bytes[i];
        bytes[i] = static_cast<char>(~kept);
        const auto header = readHeader(test::MemoryFile(std::as_bytes(std::span(bytes))).path());
        survived += header || !header.error().message.empty() ? 1 : 0;
        bytes[i] = kept;
    }
    EXPECT_EQ(survived, bytes.size() - 256);
}

TEST(PreScan, GoodFile_TellsWhereThePixelsAre)
{
    DicomBytes file;
    file.picture(4, 6)
        .header(0x0008, 0x1140, "SQ", kUndefined)
        .item(kUndefined)
        .number(0x0028, 0x0010, 99)
        .item(0, 0xe00d)
        .item(0, 0xe0dd);
    file.header(0x7fe0, 0x0010, "OW", 48).bytes(48, std::byte{7});
    const auto scan = preScan(std::span(file.all()), "good.dcm");
    ASSERT_TRUE(scan) << scan.error().oneLine();
    EXPECT_EQ(scan->rows, 4); // not the one within the sequence
    EXPECT_EQ(scan->columns, 6);
    EXPECT_EQ(scan->depth, 1);
    ASSERT_TRUE(scan->pixels);
    EXPECT_EQ(scan->pixels->bytes.length, 48U);
    EXPECT_EQ(scan->pixels->bytes.offset + 48, file.all().size());
}

TEST(LyingFile, RleThatEndsEarly_IsDecodeFailed)
{
    DicomBytes file = encapsulated(DicomBytes(kRle).picture(8, 8, 8), 20);
    TemporaryFolder folder;
    const auto summary = summarizeStoredValues(file.write(folder / "rle.dcm"));
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code, ErrorCode::decodeFailed);
    EXPECT_NE(summary.error().where.find("(7fe0,0010)"), std::string::npos);
}

TEST(PreScan, FolderInPlaceOfAFile_IsReadFailed)
{
    TemporaryFolder folder;
    EXPECT_EQ(preScan(folder.path()).error().code, ErrorCode::readFailed);
    EXPECT_EQ(preScan(folder / "nothing").error().code, ErrorCode::notFound);
}

TEST(PreScan, TextFile_IsUnknownFormat)
{
    const std::string text(300, 'x');
    const auto scan = preScan(std::as_bytes(std::span(text)), "notes.txt");
    ASSERT_FALSE(scan);
    EXPECT_EQ(scan.error().code, ErrorCode::unknownFormat);
}

TEST(PreScan, ImplicitBinaryThatBeginsLikeASequence_IsSkipped)
{
    DicomBytes file(kImplicit);
    file.header(0x0009, 0x1001, "OB", 16).item(4).bytes(8, std::byte{0xee}); // an item of 4 bytes, then rubbish
    file.text(0x0028, 0x0004, "CS", "MONOCHROME2");
    const auto scan = preScan(std::span(file.all()), "private.dcm");
    ASSERT_TRUE(scan) << scan.error().oneLine();
    EXPECT_EQ(scan->photometric, "MONOCHROME2");
}

TEST(StoredValues, FrameBeyondTheFile_IsOutOfRange)
{
    TemporaryFolder folder;
    const auto phantom = writeDicomPhantom(folder.path(), {.size = {8, 8, 1}});
    ASSERT_TRUE(phantom);
    Instance instance;
    instance.file = phantom->files.front();
    EXPECT_TRUE(storedFrameValues(instance));
    instance.frame = 1;
    const auto values = storedFrameValues(instance);
    ASSERT_FALSE(values);
    EXPECT_EQ(values.error().code, ErrorCode::outOfRange);
}

TEST(StoredValues, DeflatedFile_EqualsThePlainOne)
{
    DicomBytes plain;
    plain.picture(16, 16);
    plain.header(0x7fe0, 0x0010, "OW", 512);
    for (int i = 0; i < 256; ++i) {
        const std::byte value[] = {static_cast<std::byte>(i), static_cast<std::byte>(i % 7)};
        plain.raw(value);
    }
    DicomBytes packed(kDeflated);
    packed.raw(deflated(dataSetOf(plain)));
    TemporaryFolder folder;
    const auto first = summarizeStoredValues(plain.write(folder / "plain.dcm"));
    const auto second = summarizeStoredValues(packed.write(folder / "packed.dcm"));
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->sha256, second->sha256);
    EXPECT_GT(second->maximum, 1000);
}
