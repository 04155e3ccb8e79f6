#include "core/formats/ImageFile.h"

#include "FormatFiles.h"
#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>
#include <numeric>

namespace icmoe {
namespace {

using namespace test;

std::vector<std::int16_t> counting(std::size_t count)
{
    std::vector<std::int16_t> values(count);
    std::iota(values.begin(), values.end(), std::int16_t{-5});
    return values;
}

const std::string kPlaced = "NRRD0004\n# a comment\ntype: short\ndimension: 3\nspace: left-posterior-superior\n"
                            "sizes: 2 3 4\nspace directions: (2,0,0) (0,3,0) (0,0,4)\nkinds: domain domain domain\n"
                            "space origin: (10,20,30)\nendian: little\n";

class Nrrd : public ::testing::Test {
protected:
    Result<Study> describe(const std::string& header, const Bytes& samples)
    {
        Bytes bytes = bytesOfText(header + "\n");
        bytes.insert(bytes.end(), samples.begin(), samples.end());
        writeBytes(m_folder / "picture.nrrd", bytes);
        return describeImageFile(m_folder / "picture.nrrd");
    }
    Result<std::shared_ptr<const Volume>> load(const std::string& header, const Bytes& samples, std::size_t series = 0)
    {
        const auto study = describe(header, samples);
        return study ? loadImageFile(study->series.at(series), {}) : fail(study.error());
    }
    void expectCounting(const Result<std::shared_ptr<const Volume>>& volume)
    {
        ASSERT_TRUE(volume) << volume.error().oneLine();
        EXPECT_EQ((*volume)->size(), (Size3{2, 3, 4}));
        for (int n = 0; n < 24; ++n) {
            EXPECT_EQ((*volume)->storedValue({n % 2, n / 2 % 3, n / 6}), n - 5);
        }
    }
    ErrorCode errorOf(const std::string& header, const Bytes& samples = bytesOfValues(counting(24)))
    {
        const auto volume = load(header, samples);
        EXPECT_FALSE(volume.has_value());
        if (volume) {
            return ErrorCode::internal;
        }
        EXPECT_NE(volume.error().where.find("picture.nrrd"), std::string::npos) << volume.error().oneLine();
        return volume.error().code;
    }
    /// kPlaced with one line replaced ("" leaves it out).
    static std::string with(const std::string& field, const std::string& line)
    {
        std::string out;
        std::size_t at = 0;
        const std::string all = kPlaced + "encoding: raw\n";
        while (at < all.size()) {
            const auto end = all.find('\n', at);
            const std::string old = all.substr(at, end - at);
            out += old.starts_with(field + ":") ? (line.empty() ? "" : line + "\n") : old + "\n";
            at = end + 1;
        }
        return out;
    }
    TemporaryFolder m_folder;
};

TEST_F(Nrrd, RawSamples_AreReadInLps)
{
    const auto volume = load(kPlaced + "encoding: raw\n", bytesOfValues(counting(24)));
    expectCounting(volume);
    EXPECT_EQ((*volume)->geometry().positions()[3], (Vec3{10, 20, 42}));
    EXPECT_EQ((*volume)->geometry().rowDirection(), (Vec3{1, 0, 0}));
    EXPECT_DOUBLE_EQ((*volume)->geometry().spacingJ(), 3);
    EXPECT_TRUE((*volume)->geometry().placedInPatient());
}

TEST_F(Nrrd, GzipSamples_AreUnpacked)
{
    expectCounting(load(kPlaced + "encoding: gzip\n", gzipped(bytesOfValues(counting(24)))));
}

TEST_F(Nrrd, TextSamples_AreRead)
{
    std::string text;
    for (const auto value : counting(24)) {
        text += std::to_string(value) + (value % 3 == 0 ? "\n" : " ");
    }
    expectCounting(load(kPlaced + "encoding: ascii\n", bytesOfText(text)));
    EXPECT_EQ(errorOf(kPlaced + "encoding: ascii\n", bytesOfText("1 2 3 four " + std::string(60, ' '))),
              ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(kPlaced + "encoding: ascii\n", bytesOfText("1 2 3" + std::string(60, ' '))),
              ErrorCode::truncatedFile);
}

TEST_F(Nrrd, BigEndianSamples_AreSwapped)
{
    Bytes samples = bytesOfValues(counting(24));
    for (std::size_t n = 0; n + 1 < samples.size(); n += 2) {
        std::swap(samples[n], samples[n + 1]);
    }
    expectCounting(load(with("endian", "endian: big"), samples));
}

TEST_F(Nrrd, OtherSpaces_BecomeLps)
{
    const auto ras = load(with("space", "space: right-anterior-superior"), bytesOfValues(counting(24)));
    ASSERT_TRUE(ras);
    EXPECT_EQ((*ras)->geometry().rowDirection(), (Vec3{-1, 0, 0}));
    EXPECT_EQ((*ras)->geometry().positions()[0], (Vec3{-10, -20, 30}));
    const auto las = load(with("space", "space: LAS"), bytesOfValues(counting(24)));
    ASSERT_TRUE(las);
    EXPECT_EQ((*las)->geometry().columnDirection(), (Vec3{0, -1, 0}));
    EXPECT_EQ((*las)->storedValue({0, 0, 3}), -5) << "left-handed: slices are reversed";
    const auto scanner = describe(with("space", "space: scanner-xyz"), bytesOfValues(counting(24)));
    ASSERT_TRUE(scanner);
    EXPECT_FALSE(scanner->series[0].geometry->placedInPatient());
    EXPECT_EQ(errorOf(with("space", "space: right-anterior-superior-time")), ErrorCode::unsupportedPixels);
}

TEST_F(Nrrd, SpacingsWithoutDirections_AreNotPlacedInThePatient)
{
    const auto study = describe("NRRD0001\ntype: uchar\ndimension: 2\nsizes: 3 2\nspacings: 0.5 0.25\nencoding: raw\n",
                                bytesOfList({1, 2, 3, 4, 5, 6}));
    ASSERT_TRUE(study) << study.error().oneLine();
    const Geometry& geometry = *study->series[0].geometry;
    EXPECT_EQ(geometry.size(), (Size3{3, 2, 1}));
    EXPECT_FALSE(geometry.placedInPatient());
    EXPECT_DOUBLE_EQ(geometry.spacingJ(), 0.25);
}

TEST_F(Nrrd, ColourAxis_BecomesRgb)
{
    const auto volume =
        load("NRRD0004\ntype: uint8\ndimension: 3\nsizes: 3 2 1\nkinds: RGB-color domain domain\nencoding: raw\n",
             bytesOfList({1, 2, 3, 4, 5, 6}));
    ASSERT_TRUE(volume) << volume.error().oneLine();
    EXPECT_EQ((*volume)->colour({1, 0, 0}), (std::array<std::uint8_t, 3>{4, 5, 6}));
}

TEST_F(Nrrd, ListAxis_GivesOnePictureEach)
{
    const std::string front = "NRRD0004\ntype: uint8\ndimension: 4\nsizes: 2 3 1 2\nkinds: list domain domain domain\n"
                              "space: LPS\nspace directions: none (1,0,0) (0,1,0) (0,0,1)\nencoding: raw\n";
    const Bytes samples = bytesOfList({0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15});
    const auto second = load(front, samples, 1);
    ASSERT_TRUE(second) << second.error().oneLine();
    EXPECT_EQ((*second)->storedValue({2, 0, 1}), 15);
    const std::string back = "NRRD0004\ntype: uint8\ndimension: 4\nsizes: 3 1 2 2\nencoding: raw\n";
    const auto last = load(back, samples, 1);
    ASSERT_TRUE(last) << last.error().oneLine();
    EXPECT_EQ((*last)->storedValue({2, 0, 1}), 15);
    EXPECT_EQ((*last)->storedValue({0, 0, 0}), 3);
}

TEST_F(Nrrd, DetachedData_LieBesideTheHeader)
{
    writeBytes(m_folder / "samples.raw", bytesOfValues(counting(24)));
    writeBytes(m_folder / "picture.nhdr", bytesOfText(kPlaced + "encoding: raw\ndata file: samples.raw\n"));
    const auto study = describeImageFile(m_folder / "picture.nhdr");
    ASSERT_TRUE(study) << study.error().oneLine();
    expectCounting(loadImageFile(study->series[0], {}));
    EXPECT_EQ(errorOf(kPlaced + "encoding: raw\ndata file: ../samples.raw\n"), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(kPlaced + "encoding: raw\ndata file: /etc/hostname\n"), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(kPlaced + "encoding: raw\ndata file: LIST\n"), ErrorCode::unsupportedPixels);
}

TEST_F(Nrrd, MissingDataFile_IsNotFound)
{
    writeBytes(m_folder / "picture.nhdr", bytesOfText(kPlaced + "encoding: raw\ndata file: samples.raw\n"));
    EXPECT_EQ(describeImageFile(m_folder / "picture.nhdr").error().code, ErrorCode::notFound);
}

TEST_F(Nrrd, SkippedLinesAndBytes_AreLeftOut)
{
    Bytes lines = bytesOfText("one\ntwo\nXY");
    const auto samples = bytesOfValues(counting(24));
    lines.insert(lines.end(), samples.begin(), samples.end());
    expectCounting(load(kPlaced + "encoding: raw\nline skip: 2\nbyte skip: 2\n", lines));
    expectCounting(load(kPlaced + "encoding: raw\nbyte skip: -1\n", lines));
    EXPECT_EQ(errorOf(kPlaced + "encoding: raw\nbyte skip: x\n"), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(kPlaced + "encoding: raw\nline skip: 5000\n"), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(kPlaced + "encoding: gzip\nbyte skip: -1\n", gzipped(samples)), ErrorCode::malformedFile);
}

TEST_F(Nrrd, MalformedFields_AreNamed)
{
    EXPECT_EQ(errorOf(with("sizes", "sizes: 2 3")), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(with("sizes", "sizes: 2 3 -4")), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(with("sizes", "sizes: 2 3 nan")), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(with("dimension", "dimension: 16")), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(with("dimension", "")), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(with("endian", "")), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(with("kinds", "kinds: domain")), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(with("space directions", "space directions: (2,0,0) (0,3,0)")), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(with("space directions", "space directions: (2,0,0 (0,3,0) (0,0,4)")), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(with("space origin", "space origin: 1 2 3")), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(with("space directions", "space directions: (2,0,0) none none")), ErrorCode::unsupportedPixels);
    EXPECT_EQ(errorOf(with("type", "type: block")), ErrorCode::unsupportedPixels);
    EXPECT_EQ(errorOf(with("encoding", "encoding: bzip2")), ErrorCode::unsupportedPixels);
    EXPECT_EQ(errorOf(kPlaced + "nonsense\n"), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(kPlaced + "type: short\n"), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(with("space directions", "space directions: (2,0,0) (1,3,0) (0,0,4)")),
              ErrorCode::geometryNotRepresentable);
}

TEST_F(Nrrd, LyingSizes_AreRefusedBeforeAnythingIsAllocated)
{
    EXPECT_EQ(errorOf(with("sizes", "sizes: 65535 65535 65535")), ErrorCode::truncatedFile);
    EXPECT_EQ(errorOf(with("sizes", "sizes: 1073741824 1073741824 1073741824")), ErrorCode::limitExceeded);
    EXPECT_EQ(errorOf(kPlaced + "encoding: raw\n", bytesOfValues(counting(23))), ErrorCode::truncatedFile);
    EXPECT_EQ(errorOf(kPlaced + "encoding: gzip\n", bytesOfValues(counting(24))), ErrorCode::malformedFile);
    EXPECT_EQ(errorOf(kPlaced + std::string(2 << 20, 'x')), ErrorCode::limitExceeded);
    EXPECT_EQ(errorOf("NRRD0004\ntype: uint8\ndimension: 4\nsizes: 1 1 1 20000\nencoding: raw\n", Bytes(20000)),
              ErrorCode::limitExceeded);
}

} // namespace
} // namespace icmoe
