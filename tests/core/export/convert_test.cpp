#include "ExportSupport.h"

#include "core/formats/ImageFile.h"

#include <cstring>
#include <fstream>

namespace icmoe {
namespace {

using namespace test;

std::shared_ptr<Volume> volumeOf(SampleType type, const std::vector<Rescale>& rescale, const Geometry& geometry)
{
    Volume::Description description;
    description.geometry = geometry;
    description.type = type;
    description.rescale = rescale;
    auto volume = Volume::allocate(std::move(description)).value();
    for (int k = 0; k < geometry.size().depth; ++k) {
        auto bytes = volume->writableSliceBytes(k);
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            bytes[n] = static_cast<std::byte>(
                type == SampleType::s16 && n % 2 == 1 ? n % 8 : (7 * n + static_cast<std::size_t>(k)) % 251);
        }
        volume->markLoaded(k);
    }
    return volume;
}

Geometry oblique()
{
    return phantomGeometry({.size = {9, 7, 5}, .orientation = obliqueOrientation()});
}

class Convert : public ::testing::TestWithParam<std::string> {
protected:
    Result<std::shared_ptr<const Volume>> back(const std::string& name)
    {
        const auto study = describeImageFile(m_folder / name);
        return study ? loadImageFile(study->series.front(), {}) : fail(study.error());
    }
    TemporaryFolder m_folder;
};

INSTANTIATE_TEST_SUITE_P(Formats, Convert, ::testing::Values("image.nii", "image.nii.gz", "image.nrrd"),
                         [](const auto& parameter) {
                             std::string name = parameter.param;
                             std::replace(name.begin(), name.end(), '.', '_');
                             return name;
                         });

TEST_P(Convert, StoredValues_KeepTypeAndPlace)
{
    for (const SampleType type : {SampleType::u8, SampleType::s8, SampleType::u16, SampleType::s16, SampleType::u32,
                                  SampleType::s32, SampleType::rgb8}) {
        SCOPED_TRACE(std::string(name(type)));
        const auto volume = volumeOf(type, {Rescale{2, -1000}}, oblique());
        ASSERT_TRUE(convertVolume(*volume, m_folder / GetParam(), true, true));
        const auto read = back(GetParam());
        ASSERT_TRUE(read) << read.error().oneLine();
        EXPECT_EQ((*read)->type(), type);
        EXPECT_TRUE((*read)->geometry().sameGrid(volume->geometry()));
        ASSERT_EQ((*read)->byteSize(), volume->byteSize());
        EXPECT_EQ(std::memcmp((*read)->data(), volume->data(), volume->byteSize()), 0);
        EXPECT_EQ((*read)->rescale(0), Rescale{});
    }
}

TEST_P(Convert, RescaledValues_AreTheSame)
{
    const std::vector<std::vector<Rescale>> rescales = {
        {Rescale{1, -1024}},
        {Rescale{0.1, 3}},
        {Rescale{1, 0}, Rescale{2, 0}, Rescale{3, 0}, Rescale{4, 1}, Rescale{5, 0.5}}};
    for (const auto& rescale : rescales) {
        const auto volume = volumeOf(SampleType::s16, rescale, oblique());
        ASSERT_TRUE(convertVolume(*volume, m_folder / GetParam(), false, true));
        const auto read = back(GetParam());
        ASSERT_TRUE(read) << read.error().oneLine();
        for (const Index3 at : {Index3{0, 0, 0}, Index3{8, 6, 4}, Index3{3, 2, 1}}) {
            EXPECT_NEAR((*read)->value(at), volume->value(at), 1e-3);
        }
    }
}

TEST_P(Convert, UnevenOrTiltedSlices_AreRefusedUnlessResampled)
{
    for (const bool tilted : {true, false}) {
        const auto phantom = phantomVolume({.tiltDegrees = tilted ? 15.0 : 0.0, .uneven = !tilted});
        EXPECT_EQ(convertVolume(*phantom, m_folder / GetParam(), true, true).error().code,
                  ErrorCode::geometryNotRepresentable);
        ASSERT_TRUE(convertVolume(*phantom, m_folder / GetParam(), true, true, true));
        const auto read = back(GetParam());
        ASSERT_TRUE(read);
        EXPECT_TRUE((*read)->geometry().isRegular());
        // A voxel in the middle of a source slice is found at its place.
        const Vec3 place = phantom->geometry().toPatient({16, 14, 8});
        const Vec3 v = (*read)->geometry().toVoxel(place);
        const Index3 nearest{int(std::lround(v.x)), int(std::lround(v.y)), int(std::lround(v.z))};
        EXPECT_NEAR((*read)->storedValue(nearest), phantom->storedValue({16, 14, 8}), 60);
    }
}

TEST_P(Convert, DamageBeforeTheReadBack_FailsVerificationAndLeavesNothing)
{
    const auto volume = volumeOf(SampleType::u8, {Rescale{}}, oblique());
    const auto status =
        convertVolume(*volume, m_folder / GetParam(), true, false, false, [](const std::filesystem::path& file) {
            std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
            stream.seekp(-20, std::ios::end);
            stream.put('\xff');
            stream.put('\xee');
        });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::verificationFailed);
    EXPECT_TRUE(entries(m_folder.path()).empty());
}

TEST(ConvertNumpy, ArraysAreWhatNumpyReads)
{
    const std::string python = judgesPython();
    if (python.empty()) {
        GTEST_SKIP() << "ICMOE_JUDGES_PYTHON names no Python with NumPy";
    }
    TemporaryFolder folder;
    for (const SampleType type : {SampleType::u8, SampleType::s16, SampleType::u32, SampleType::rgb8}) {
        const auto volume = volumeOf(type, {Rescale{}}, phantomGeometry({.size = {9, 7, 5}, .uneven = true}));
        ASSERT_TRUE(convertVolume(*volume, folder / "a.npy", true, true));
        std::ofstream(folder / "raw", std::ios::binary)
            .write(reinterpret_cast<const char*>(volume->data()), static_cast<std::streamsize>(volume->byteSize()));
        const auto verdict =
            run("'" + python + "' -c \"import numpy as np\na = np.load('" + (folder / "a.npy").string() +
                "')\nprint(a.shape, a.dtype, a.tobytes() == open('" + (folder / "raw").string() + "', 'rb').read())\"");
        ASSERT_EQ(verdict.exitCode, 0) << verdict.errors;
        const std::string expected = type == SampleType::u8    ? "(5, 7, 9) uint8 True\n"
                                     : type == SampleType::s16 ? "(5, 7, 9) int16 True\n"
                                     : type == SampleType::u32 ? "(5, 7, 9) uint32 True\n"
                                                               : "(5, 7, 9, 3) uint8 True\n";
        EXPECT_EQ(verdict.output, expected);
    }
}

TEST(ConvertNumpy, DamageBeforeTheReadBack_FailsVerification)
{
    TemporaryFolder folder;
    const auto volume = volumeOf(SampleType::u8, {Rescale{}}, oblique());
    const auto shorten = [](const std::filesystem::path& file) { std::filesystem::resize_file(file, 150); };
    EXPECT_EQ(convertVolume(*volume, folder / "a.npy", true, false, false, shorten).error().code,
              ErrorCode::verificationFailed);
    EXPECT_TRUE(entries(folder.path()).empty());
}

TEST(ConvertRequests, UnusableOnes_AreRefused)
{
    TemporaryFolder folder;
    const auto volume = volumeOf(SampleType::u8, {Rescale{}}, oblique());
    EXPECT_EQ(convertVolume(*volume, folder / "a.bmp", true, false).error().code, ErrorCode::invalidArgument);
    ASSERT_TRUE(convertVolume(*volume, folder / "a.nrrd", true, false));
    EXPECT_EQ(convertVolume(*volume, folder / "a.nrrd", true, false).error().code, ErrorCode::alreadyExists);
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(folder / "a.nrrd").permissions(), perms::owner_read | perms::owner_write);
    Volume::Description description;
    description.geometry = oblique();
    const auto loading = Volume::allocate(std::move(description)).value();
    EXPECT_EQ(convertVolume(*loading, folder / "b.nrrd", true, false).error().code, ErrorCode::invalidArgument);
}

} // namespace
} // namespace icmoe
