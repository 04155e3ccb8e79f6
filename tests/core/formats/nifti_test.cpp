#include "core/formats/ImageFile.h"

#include "FormatFiles.h"
#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>
#include <limits>
#include <nifti/nifti2.h>
#include <numeric>
#include <sys/stat.h>

namespace icmoe {
namespace {

using namespace test;

class Nifti : public ::testing::Test {
protected:
    Result<Study> describe(const Bytes& bytes, const std::string& name = "picture.nii")
    {
        writeBytes(m_folder / name, bytes);
        return describeImageFile(m_folder / name);
    }
    Result<std::shared_ptr<const Volume>> load(const Bytes& bytes, std::size_t series = 0)
    {
        const auto study = describe(bytes);
        return study ? loadImageFile(study->series.at(series), {}) : fail(study.error());
    }
    ErrorCode errorOf(const Bytes& bytes)
    {
        const auto volume = load(bytes);
        EXPECT_FALSE(volume.has_value());
        if (volume) {
            return ErrorCode::internal;
        }
        EXPECT_NE(volume.error().where.find("picture.nii"), std::string::npos) << volume.error().oneLine();
        return volume.error().code;
    }
    TemporaryFolder m_folder;
};

std::vector<std::int16_t> counting(std::size_t count)
{
    std::vector<std::int16_t> values(count);
    std::iota(values.begin(), values.end(), std::int16_t{-5});
    return values;
}

Bytes countingFile(short depth = 4)
{
    return niftiFile(niftiHeader({2, 3, depth, 1}, DT_INT16, 16),
                     bytesOfValues(counting(static_cast<std::size_t>(6 * depth))));
}

TEST_F(Nifti, SformInRas_BecomesLps)
{
    const auto volume = load(countingFile());
    ASSERT_TRUE(volume) << volume.error().oneLine();
    const Geometry& geometry = (*volume)->geometry();
    EXPECT_EQ(geometry.size(), (Size3{2, 3, 4}));
    EXPECT_EQ(geometry.rowDirection(), (Vec3{-1, 0, 0}));
    EXPECT_EQ(geometry.columnDirection(), (Vec3{0, -1, 0}));
    EXPECT_EQ(geometry.positions().front(), (Vec3{-10, -20, 30}));
    EXPECT_EQ(geometry.positions().back(), (Vec3{-10, -20, 42}));
    EXPECT_DOUBLE_EQ(geometry.spacingI(), 2);
    EXPECT_DOUBLE_EQ(geometry.spacingJ(), 3);
    EXPECT_DOUBLE_EQ(geometry.spacingK(), 4);
    EXPECT_TRUE(geometry.placedInPatient());
    EXPECT_EQ(geometry.spacingSource(), SpacingSource::file);
    EXPECT_EQ((*volume)->storedValue({1, 2, 3}), -5 + 23);
    EXPECT_TRUE((*volume)->isComplete());
}

TEST_F(Nifti, LeftHandedAxes_ReverseTheSlices)
{
    const auto header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16, {{{-2, 0, 0, 0}, {0, 3, 0, 0}, {0, 0, 4, 0}}});
    const auto volume = load(niftiFile(header, bytesOfValues(counting(24))));
    ASSERT_TRUE(volume) << volume.error().oneLine();
    const Geometry& geometry = (*volume)->geometry();
    EXPECT_EQ(geometry.normal(), (Vec3{0, 0, -1}));
    EXPECT_EQ(geometry.positions().front(), (Vec3{0, 0, 12}));
    EXPECT_EQ((*volume)->storedValue({0, 0, 0}), -5 + 18) << "the file's last slice";
    EXPECT_EQ((*volume)->storedValue({0, 0, 3}), -5);
}

TEST_F(Nifti, SkewedThirdAxis_IsKeptInThePositions)
{
    const auto header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16, {{{2, 0, 0, 0}, {0, 3, 1, 0}, {0, 0, 4, 0}}});
    const auto volume = load(niftiFile(header, bytesOfValues(counting(24))));
    ASSERT_TRUE(volume) << volume.error().oneLine();
    EXPECT_EQ((*volume)->geometry().positions()[2], (Vec3{0, -2, 8}));
    EXPECT_FALSE((*volume)->geometry().isRegular());
}

TEST_F(Nifti, RowsNotPerpendicularToColumns_AreRefused)
{
    const auto header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16, {{{2, 1, 0, 0}, {0, 3, 0, 0}, {0, 0, 4, 0}}});
    EXPECT_EQ(errorOf(niftiFile(header, bytesOfValues(counting(24)))), ErrorCode::geometryNotRepresentable);
}

TEST_F(Nifti, Qform_IsUsedWithoutSform)
{
    auto header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16);
    header.sform_code = 0;
    header.qform_code = 1;
    header.quatern_d = 1; // half a turn about z: RAS x and y change their sign
    header.pixdim[1] = 2;
    header.pixdim[2] = 3;
    header.pixdim[3] = 4;
    header.qoffset_x = 7;
    const auto volume = load(niftiFile(header, bytesOfValues(counting(24))));
    ASSERT_TRUE(volume) << volume.error().oneLine();
    EXPECT_NEAR((*volume)->geometry().rowDirection().x, 1, 1e-6);
    EXPECT_NEAR((*volume)->geometry().columnDirection().y, 1, 1e-6);
    EXPECT_NEAR((*volume)->geometry().positions()[0].x, -7, 1e-6);
    EXPECT_DOUBLE_EQ((*volume)->geometry().spacingK(), 4);
}

TEST_F(Nifti, NoForm_IsNotPlacedInThePatient)
{
    auto header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16);
    header.sform_code = 0;
    header.pixdim[3] = 2.5F;
    const auto study = describe(niftiFile(header, bytesOfValues(counting(24))));
    ASSERT_TRUE(study);
    EXPECT_FALSE(study->series[0].geometry->placedInPatient());
    EXPECT_DOUBLE_EQ(study->series[0].geometry->spacingK(), 2.5);
    EXPECT_TRUE(mentions(study->series[0].health, HealthKind::noPosition));
}

TEST_F(Nifti, Metres_BecomeMillimetres)
{
    auto header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16, {{{0.002F, 0, 0, 0}, {0, 0.003F, 0, 0}, {0, 0, 0.004F, 0}}});
    header.xyzt_units = NIFTI_UNITS_METER;
    const auto volume = load(niftiFile(header, bytesOfValues(counting(24))));
    ASSERT_TRUE(volume);
    EXPECT_NEAR((*volume)->geometry().spacingI(), 2, 1e-6);
}

template<typename T>
void expectTypeIsRead(const std::function<Result<std::shared_ptr<const Volume>>(const Bytes&)>& load, short datatype,
                      SampleType expected)
{
    const std::vector<T> values = {T{1}, T{2}, std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest()};
    const auto volume =
        load(niftiFile(niftiHeader({2, 2, 1, 1}, datatype, static_cast<short>(8 * sizeof(T))), bytesOfValues(values)));
    ASSERT_TRUE(volume) << volume.error().oneLine();
    EXPECT_EQ((*volume)->type(), expected);
    EXPECT_EQ((*volume)->storedValue({0, 1, 0}), static_cast<double>(values[2]));
    EXPECT_EQ((*volume)->storedValue({1, 1, 0}), static_cast<double>(values[3]));
}

TEST_F(Nifti, EveryScalarType_IsRead)
{
    const auto read = [&](const Bytes& bytes) { return load(bytes); };
    expectTypeIsRead<std::uint8_t>(read, DT_UINT8, SampleType::u8);
    expectTypeIsRead<std::int8_t>(read, DT_INT8, SampleType::s8);
    expectTypeIsRead<std::uint16_t>(read, DT_UINT16, SampleType::u16);
    expectTypeIsRead<std::int16_t>(read, DT_INT16, SampleType::s16);
    expectTypeIsRead<std::uint32_t>(read, DT_UINT32, SampleType::u32);
    expectTypeIsRead<std::int32_t>(read, DT_INT32, SampleType::s32);
    expectTypeIsRead<std::uint64_t>(read, DT_UINT64, SampleType::f64);
    expectTypeIsRead<std::int64_t>(read, DT_INT64, SampleType::f64);
    expectTypeIsRead<float>(read, DT_FLOAT32, SampleType::f32);
    expectTypeIsRead<double>(read, DT_FLOAT64, SampleType::f64);
}

TEST_F(Nifti, ComplexSamples_AreRefused)
{
    const auto header = niftiHeader({2, 2, 1, 1}, DT_COMPLEX64, 64);
    EXPECT_EQ(errorOf(niftiFile(header, Bytes(32))), ErrorCode::unsupportedPixels);
}

TEST_F(Nifti, Slope_BecomesTheRescale)
{
    auto header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16);
    header.scl_slope = 2;
    header.scl_inter = -1024;
    const auto volume = load(niftiFile(header, bytesOfValues(counting(24))));
    ASSERT_TRUE(volume);
    EXPECT_EQ((*volume)->value({0, 0, 0}), -5 * 2 - 1024);
}

TEST_F(Nifti, Rgb_BecomesColour)
{
    const auto header = niftiHeader({2, 1, 1, 1}, DT_RGB24, 24);
    const auto volume = load(niftiFile(header, bytesOfList({1, 2, 3, 4, 5, 6})));
    ASSERT_TRUE(volume) << volume.error().oneLine();
    EXPECT_EQ((*volume)->colour({1, 0, 0}), (std::array<std::uint8_t, 3>{4, 5, 6}));
}

TEST_F(Nifti, Gzip_IsUnpacked)
{
    const auto volume = load(gzipped(countingFile()));
    ASSERT_TRUE(volume) << volume.error().oneLine();
    EXPECT_EQ((*volume)->storedValue({1, 2, 3}), 18);
}

TEST_F(Nifti, BigEndian_IsSwapped)
{
    auto header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16);
    Bytes samples = bytesOfValues(counting(24));
    for (std::size_t n = 0; n + 1 < samples.size(); n += 2) {
        std::swap(samples[n], samples[n + 1]);
    }
    const auto swap = [](auto& value) {
        auto* bytes = reinterpret_cast<std::byte*>(&value);
        std::reverse(bytes, bytes + sizeof(value));
    };
    swap(header.sizeof_hdr);
    std::for_each(std::begin(header.dim), std::end(header.dim), swap);
    std::for_each(std::begin(header.pixdim), std::end(header.pixdim), swap);
    std::for_each(std::begin(header.srow_x), std::end(header.srow_x), swap);
    std::for_each(std::begin(header.srow_y), std::end(header.srow_y), swap);
    std::for_each(std::begin(header.srow_z), std::end(header.srow_z), swap);
    swap(header.datatype);
    swap(header.bitpix);
    swap(header.vox_offset);
    swap(header.sform_code);
    const auto volume = load(niftiFile(header, samples));
    ASSERT_TRUE(volume) << volume.error().oneLine();
    EXPECT_EQ((*volume)->storedValue({1, 2, 3}), 18);
    EXPECT_DOUBLE_EQ((*volume)->geometry().spacingK(), 4);
}

TEST_F(Nifti, SecondVersion_IsRead)
{
    nifti_2_header header = {};
    header.sizeof_hdr = 540;
    std::memcpy(header.magic, "n+2\0\r\n\032\n", 8);
    header.datatype = DT_INT16;
    header.bitpix = 16;
    const std::array<std::int64_t, 8> dim = {3, 2, 3, 4, 1, 1, 1, 1};
    std::memcpy(header.dim, dim.data(), sizeof(header.dim));
    header.vox_offset = 544;
    header.sform_code = 1;
    header.srow_x[0] = -1;
    header.srow_y[1] = -1;
    header.srow_z[2] = 1;
    Bytes bytes;
    append(bytes, &header, sizeof(header));
    bytes.resize(544);
    const auto samples = bytesOfValues(counting(24));
    bytes.insert(bytes.end(), samples.begin(), samples.end());
    const auto volume = load(bytes);
    ASSERT_TRUE(volume) << volume.error().oneLine();
    EXPECT_EQ((*volume)->storedValue({1, 2, 3}), 18);
    EXPECT_EQ((*volume)->geometry().rowDirection(), (Vec3{1, 0, 0}));
}

TEST_F(Nifti, TimePoints_BecomeSeries)
{
    const auto bytes = niftiFile(niftiHeader({2, 3, 2, 3}, DT_INT16, 16), bytesOfValues(counting(36)));
    const auto study = describe(bytes);
    ASSERT_TRUE(study);
    ASSERT_EQ(study->series.size(), 3U);
    EXPECT_EQ(study->series[2].splitKey, "volume 3");
    const auto volume = load(bytes, 2);
    ASSERT_TRUE(volume);
    EXPECT_EQ((*volume)->storedValue({0, 0, 0}), -5 + 24);
}

TEST_F(Nifti, MissingSignature_IsAnUnknownFormat)
{
    EXPECT_EQ(errorOf(bytesOfText("a letter, not a picture")), ErrorCode::unknownFormat);
    auto header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16);
    header.magic[0] = 'x';
    EXPECT_EQ(errorOf(niftiFile(header, bytesOfValues(counting(24)))), ErrorCode::unknownFormat);
}

TEST_F(Nifti, PairOfFiles_IsRefusedWithTheWayOut)
{
    auto header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16);
    std::memcpy(header.magic, "ni1", 4);
    EXPECT_EQ(errorOf(niftiFile(header, bytesOfValues(counting(24)))), ErrorCode::unsupportedPixels);
}

TEST_F(Nifti, TruncatedFile_IsRefusedBeforeAnythingIsAllocated)
{
    auto bytes = countingFile();
    bytes.pop_back();
    const auto study = describe(bytes);
    ASSERT_FALSE(study);
    EXPECT_EQ(study.error().code, ErrorCode::truncatedFile);
    EXPECT_EQ(errorOf(Bytes(bytes.begin(), bytes.begin() + 200)), ErrorCode::truncatedFile);
}

TEST_F(Nifti, LyingSizes_AreRefused)
{
    auto header = niftiHeader({32767, 32767, 32767, 1}, DT_FLOAT64, 64);
    EXPECT_EQ(errorOf(niftiFile(header, Bytes(1000))), ErrorCode::truncatedFile);
    EXPECT_EQ(errorOf(gzipped(niftiFile(header, Bytes(1000)))), ErrorCode::truncatedFile);
    header.dim[2] = -4;
    EXPECT_EQ(errorOf(niftiFile(header, Bytes(1000))), ErrorCode::malformedFile);
    header.dim[2] = 4;
    header.dim[0] = 9; // neither byte order makes sense of it
    EXPECT_EQ(errorOf(niftiFile(header, Bytes(1000))), ErrorCode::malformedFile);
    auto many = niftiHeader({1, 1, 1, 32767}, DT_UINT8, 8);
    EXPECT_EQ(errorOf(niftiFile(many, Bytes(32767))), ErrorCode::limitExceeded);
    auto huge = niftiHeader({32767, 32767, 32767, 32767}, DT_UINT8, 8);
    EXPECT_EQ(errorOf(niftiFile(huge, Bytes(10))), ErrorCode::limitExceeded);
}

TEST_F(Nifti, UnsoundOffsetAndAxes_AreMalformed)
{
    auto header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16);
    header.vox_offset = 1e12F;
    EXPECT_EQ(errorOf(niftiFile(header, bytesOfValues(counting(24)))), ErrorCode::malformedFile);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16, {{{nan, 0, 0, 0}, {0, 3, 0, 0}, {0, 0, 4, 0}}});
    EXPECT_EQ(errorOf(niftiFile(header, bytesOfValues(counting(24)))), ErrorCode::malformedFile);
    header = niftiHeader({2, 3, 4, 1}, DT_INT16, 16, {{{2, 0, 2, 0}, {0, 3, 0, 0}, {0, 0, 0, 0}}});
    EXPECT_EQ(errorOf(niftiFile(header, bytesOfValues(counting(24)))), ErrorCode::malformedFile);
}

TEST_F(Nifti, DamagedGzip_FailsToDecode)
{
    Bytes samples(4096 * 8);
    for (std::size_t n = 0; n < samples.size(); ++n) {
        samples[n] = static_cast<std::byte>((n * 2654435761U) >> 13);
    }
    auto bytes = gzipped(niftiFile(niftiHeader({64, 64, 8, 1}, DT_UINT8, 8), samples));
    bytes[bytes.size() - 6] ^= std::byte{0x55}; // in the checksum
    EXPECT_EQ(errorOf(bytes), ErrorCode::decodeFailed);
    bytes.resize(bytes.size() / 2);
    EXPECT_NE(errorOf(bytes), ErrorCode::internal);
}

TEST_F(Nifti, MissingFile_IsNotFound)
{
    EXPECT_EQ(describeImageFile(m_folder / "nowhere.nii").error().code, ErrorCode::notFound);
}

TEST_F(Nifti, FileWithoutPermission_SaysSo)
{
    ASSERT_TRUE(describe(countingFile()));
    const OrdinaryUser user(m_folder.path());
    ASSERT_EQ(::chmod((m_folder / "picture.nii").c_str(), 0), 0);
    EXPECT_EQ(describeImageFile(m_folder / "picture.nii").error().code, ErrorCode::permissionDenied);
}

TEST_F(Nifti, StopRequest_CancelsLoading)
{
    const auto study = describe(countingFile());
    ASSERT_TRUE(study);
    std::stop_source stop;
    LoadOptions options;
    options.stop = stop.get_token();
    options.progress = [&](Progress) { stop.request_stop(); };
    EXPECT_EQ(loadImageFile(study->series[0], options).error().code, ErrorCode::cancelled);
}

TEST_F(Nifti, SlicesAreAnnouncedAsTheyCome)
{
    const auto study = describe(countingFile());
    ASSERT_TRUE(study);
    LoadOptions options;
    std::vector<std::string> events;
    options.allocated = [&](const auto& volume) {
        events.push_back("allocated " + std::to_string(volume->loadedCount()));
    };
    options.progress = [&](Progress p) { events.push_back(std::to_string(p.done) + "/" + std::to_string(p.total)); };
    ASSERT_TRUE(loadImageFile(study->series[0], options));
    EXPECT_EQ(events, (std::vector<std::string>{"allocated 0", "1/4", "2/4", "3/4", "4/4"}));
}

TEST_F(Nifti, SeriesOfSeveralFiles_IsAnInvalidArgument)
{
    EXPECT_EQ(loadImageFile(Series{}, {}).error().code, ErrorCode::invalidArgument);
}

TEST_F(Nifti, RealFiles_KeepTheirGeometry)
{
    const auto path = shared("data/volumes/mr_torso_3mm.nii.gz");
    if (path.empty()) {
        GTEST_SKIP() << "the real data are not beside the checkout";
    }
    const auto study = describeImageFile(path);
    ASSERT_TRUE(study) << study.error().oneLine();
    const auto volume = loadImageFile(study->series[0], {});
    ASSERT_TRUE(volume) << volume.error().oneLine();
    EXPECT_EQ((*volume)->size(), (Size3{117, 91, 20}));
    EXPECT_NEAR((*volume)->geometry().positions()[0].x, -168.5996, 1e-3);
    EXPECT_NEAR((*volume)->geometry().positions()[19].z, 28.98964 + 57, 1e-3);
    EXPECT_EQ(letterOf((*volume)->geometry().rowDirection()), "L");
}

} // namespace
} // namespace icmoe
