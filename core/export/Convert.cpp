#include "core/base/AtomicFile.h"
#include "core/export/Export.h"
#include "core/export/GridMapping.h"
#include "core/export/GridWriter.h"
#include "core/formats/GridFile.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

namespace icmoe {
namespace {

enum class ImageFormat { nifti, niftiGzip, nrrd, numpy };

std::optional<ImageFormat> formatFromEnding(const std::filesystem::path& path)
{
    std::string name = path.filename().string();
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return name.ends_with(".nii")      ? std::optional(ImageFormat::nifti)
           : name.ends_with(".nii.gz") ? std::optional(ImageFormat::niftiGzip)
           : name.ends_with(".nrrd")   ? std::optional(ImageFormat::nrrd)
           : name.ends_with(".npy")    ? std::optional(ImageFormat::numpy)
                                       : std::nullopt;
}

struct ValueBounds {
    double low = std::numeric_limits<double>::max();
    double high = std::numeric_limits<double>::lowest();
    bool whole = true;
};

template<typename Function>
void forEachVoxel(const Volume& volume, int k, Function&& function)
{
    const Size3 size = volume.size();
    for (int j = 0; j < size.height; ++j) {
        for (int i = 0; i < size.width; ++i) {
            function(Index3{i, j, k});
        }
    }
}

ValueBounds boundsOfValues(const Volume& volume)
{
    ValueBounds bounds;
    for (int k = 0; k < volume.size().depth; ++k) {
        forEachVoxel(volume, k, [&](Index3 index) {
            const double value = volume.value(index);
            bounds.low = std::min(bounds.low, value);
            bounds.high = std::max(bounds.high, value);
            bounds.whole = bounds.whole && value == std::floor(value);
        });
    }
    return bounds;
}

/// The smallest type that holds the rescaled values.
SampleType typeForValues(const Volume& volume)
{
    const ValueBounds bounds = boundsOfValues(volume);
    if (bounds.whole && bounds.low >= -32768 && bounds.high <= 32767) {
        return SampleType::s16;
    }
    if (bounds.whole && bounds.low >= std::numeric_limits<std::int32_t>::min() &&
        bounds.high <= std::numeric_limits<std::int32_t>::max()) {
        return SampleType::s32;
    }
    const bool small = bytesPerVoxel(volume.type()) <= 2 || volume.type() == SampleType::f32;
    return small ? SampleType::f32 : SampleType::f64;
}

bool isIdentity(const Volume& volume)
{
    const auto& rescale = volume.description().rescale;
    return volume.isColour() ||
           std::all_of(rescale.begin(), rescale.end(), [](const Rescale& r) { return r == Rescale{}; });
}

/// NIfTI's header has one slope and intercept in single precision.
bool fitsNiftiSlope(const Volume& volume)
{
    const auto& rescale = volume.description().rescale;
    const Rescale first = rescale.front();
    const auto exact = [](double value) { return static_cast<double>(static_cast<float>(value)) == value; };
    return first.slope != 0 && exact(first.slope) && exact(first.intercept) &&
           std::all_of(rescale.begin(), rescale.end(), [&](const Rescale& r) { return r == first; });
}

void store(std::byte* out, SampleType type, double value)
{
    const auto put = [&]<typename T>(T sample) { std::memcpy(out, &sample, sizeof(T)); };
    switch (type) {
    case SampleType::s16:
        return put(static_cast<std::int16_t>(value));
    case SampleType::s32:
        return put(static_cast<std::int32_t>(value));
    case SampleType::f32:
        return put(static_cast<float>(value));
    default:
        return put(value);
    }
}

/// Where the volume's voxels come from for each slice of the written grid.
class SliceSource {
public:
    SliceSource(const Volume& volume, SampleType type, bool values, const Geometry& grid, bool resampled)
        : m_volume(volume)
        , m_type(type)
        , m_values(values)
        , m_grid(grid)
        , m_resampled(resampled)
        , m_size(bytesPerVoxel(type))
    {
        if (!isDirect()) {
            m_buffer.resize(static_cast<std::size_t>(grid.size().width) * static_cast<std::size_t>(grid.size().height) *
                            m_size);
        }
        if (resampled) {
            findFill();
        }
    }

    std::span<const std::byte> slice(int k)
    {
        if (isDirect()) {
            return m_volume.sliceBytes(k);
        }
        std::size_t at = 0;
        for (int j = 0; j < m_grid.size().height; ++j) {
            for (int i = 0; i < m_grid.size().width; ++i, at += m_size) {
                write(m_buffer.data() + at, sourceOf({i, j, k}));
            }
        }
        return m_buffer;
    }

private:
    [[nodiscard]] bool isDirect() const { return !m_resampled && !m_values; }

    void findFill()
    {
        if (m_volume.isColour()) {
            return;
        }
        double lowest = std::numeric_limits<double>::max();
        for (int k = 0; k < m_volume.size().depth; ++k) {
            forEachVoxel(m_volume, k, [&](Index3 index) {
                const bool lower = m_volume.storedValue(index) < lowest;
                lowest = lower ? m_volume.storedValue(index) : lowest;
            });
        }
        m_fill = m_volume.description().paddingValue.value_or(lowest);
    }

    [[nodiscard]] std::optional<Index3> sourceOf(Index3 index) const
    {
        if (!m_resampled) {
            return index;
        }
        const Vec3 patient = m_grid.toPatient(
            {static_cast<double>(index.i), static_cast<double>(index.j), static_cast<double>(index.k)});
        const Vec3 voxel = m_volume.geometry().toVoxel(patient);
        const Index3 nearest{static_cast<int>(std::lround(voxel.x)), static_cast<int>(std::lround(voxel.y)),
                             static_cast<int>(std::lround(voxel.z))};
        return m_volume.contains(nearest) ? std::optional(nearest) : std::nullopt;
    }

    void write(std::byte* out, std::optional<Index3> from) const
    {
        if (m_volume.isColour()) {
            const auto colour = from ? m_volume.colour(*from) : std::array<std::uint8_t, 3>{};
            std::memcpy(out, colour.data(), 3);
            return;
        }
        if (!m_values) {
            copyStored(out, from);
            return;
        }
        const Rescale rescale = m_volume.rescale(from ? from->k : 0);
        store(out, m_type, from ? m_volume.value(*from) : m_fill * rescale.slope + rescale.intercept);
    }

    void copyStored(std::byte* out, std::optional<Index3> from) const
    {
        if (from) {
            const std::size_t at = static_cast<std::size_t>(from->j) * static_cast<std::size_t>(m_volume.size().width) +
                                   static_cast<std::size_t>(from->i);
            std::memcpy(out, m_volume.sliceBytes(from->k).data() + at * m_size, m_size);
            return;
        }
        const auto put = [&]<typename T>(T sample) { std::memcpy(out, &sample, sizeof(T)); };
        switch (m_type) {
        case SampleType::u8:
            return put(static_cast<std::uint8_t>(m_fill));
        case SampleType::s8:
            return put(static_cast<std::int8_t>(m_fill));
        case SampleType::u16:
            return put(static_cast<std::uint16_t>(m_fill));
        case SampleType::u32:
            return put(static_cast<std::uint32_t>(m_fill));
        default:
            return store(out, m_type, m_fill);
        }
    }

    const Volume& m_volume;
    SampleType m_type;
    bool m_values; ///< rescaled values, else stored ones
    const Geometry& m_grid;
    bool m_resampled;
    std::size_t m_size;
    double m_fill = 0;
    std::vector<std::byte> m_buffer;
};

tl::unexpected<Error> differs(const std::filesystem::path& path, const std::string& how)
{
    return fail(ErrorCode::verificationFailed, "the file does not read back as it was written: " + how, path.string(),
                "Check the disk and convert again; nothing was replaced");
}

Status verifyGrid(const GridWriteJob& job, const std::filesystem::path& written, ImageFormat format,
                  const std::filesystem::path& path)
{
    const auto grid = format == ImageFormat::nrrd ? describeNrrd(written) : describeNifti(written);
    if (!grid) {
        return differs(path, grid.error().message);
    }
    const bool samePlace = !job.geometry.placedInPatient() ? grid->geometry.size() == job.geometry.size()
                                                           : grid->geometry.sameGrid(job.geometry);
    if (!samePlace || grid->sampleType() != job.type || grid->rescale != job.rescale) {
        return differs(path, "another grid or type");
    }
    Status result;
    const Status read = readPicture(*grid, 0, {}, [&](int k, std::span<const std::byte> bytes) {
        const auto expected = job.slice(0, k);
        if (result && (!expected || !std::equal(bytes.begin(), bytes.end(), expected->begin(), expected->end()))) {
            result = differs(path, "other voxels in slice " + std::to_string(k));
        }
    });
    return read ? result : Status{differs(path, read.error().message)};
}

Status verifyNumpy(const GridWriteJob& job, const std::filesystem::path& written, const std::filesystem::path& path)
{
    auto stream = ByteStream::open(written, StreamEncoding::plain);
    if (!stream) {
        return differs(path, stream.error().message);
    }
    const std::string header = numpyHeader(job.geometry.size(), job.type);
    std::vector<std::byte> bytes(header.size());
    if (!stream->read(bytes) || std::memcmp(bytes.data(), header.data(), header.size()) != 0) {
        return differs(path, "another header");
    }
    for (int k = 0; k < job.geometry.size().depth; ++k) {
        const auto expected = job.slice(0, k);
        bytes.resize(expected ? expected->size() : 0);
        if (!expected || !stream->read(bytes) || !std::equal(bytes.begin(), bytes.end(), expected->begin())) {
            return differs(path, "other voxels in slice " + std::to_string(k));
        }
    }
    return {};
}

Status writeAndVerify(const GridWriteJob& job, const std::filesystem::path& path, ImageFormat format, bool replace,
                      const std::function<void(const std::filesystem::path&)>& beforeVerification)
{
    auto file = AtomicFile::create(path, {.replace = replace});
    if (!file) {
        return fail(file.error());
    }
    const Status written = format == ImageFormat::nrrd    ? writeNrrd(job, *file)
                           : format == ImageFormat::numpy ? writeNumpy(job, *file)
                                                          : writeNifti(job, *file, format == ImageFormat::niftiGzip);
    if (!written) {
        return written;
    }
    if (beforeVerification) {
        beforeVerification(file->temporaryPath());
    }
    const Status same = format == ImageFormat::numpy ? verifyNumpy(job, file->temporaryPath(), path)
                                                     : verifyGrid(job, file->temporaryPath(), format, path);
    return same ? file->commit() : same;
}

} // namespace

Status convertVolume(const Volume& volume, const std::filesystem::path& path, bool stored, bool replace, bool resample,
                     const std::function<void(const std::filesystem::path&)>& beforeVerification)
try {
    const auto format = formatFromEnding(path);
    if (!format) {
        return fail(ErrorCode::invalidArgument, "the ending names no picture format", path.string(),
                    "Use .nii, .nii.gz, .nrrd or .npy");
    }
    if (!volume.isComplete()) {
        return fail(ErrorCode::invalidArgument,
                    std::to_string(volume.size().depth - volume.loadedCount()) +
                        " slices of the picture are not loaded",
                    path.string(), "Wait until the series is loaded, or check its files");
    }
    const bool regular = *format == ImageFormat::numpy || volume.geometry().isRegular();
    if (!regular && !resample) {
        return fail(ErrorCode::geometryNotRepresentable,
                    "the slices are uneven or sheared, and this format holds only regular grids", path.string(),
                    "Use .npy for the voxels alone, or allow resampling (--resample)");
    }
    GridWriteJob job;
    job.geometry = volume.geometry();
    if (!regular) {
        auto grid = regularGridOver(volume.geometry());
        if (!grid) {
            return fail(grid.error());
        }
        job.geometry = std::move(*grid);
    }
    job.type = volume.type();
    bool values = false;
    if (!stored && !isIdentity(volume)) {
        const bool nifti = *format == ImageFormat::nifti || *format == ImageFormat::niftiGzip;
        if (nifti && fitsNiftiSlope(volume)) {
            job.rescale = volume.description().rescale.front();
        } else {
            job.type = typeForValues(volume);
            values = true;
        }
    }
    SliceSource source(volume, job.type, values, job.geometry, !regular);
    job.slice = [&source](int, int k) -> Result<std::span<const std::byte>> { return source.slice(k); };
    return writeAndVerify(job, path, *format, replace, beforeVerification);
} catch (const std::bad_alloc&) {
    return fail(ErrorCode::limitExceeded, "not enough memory for the conversion", path.string(),
                "Close other programs");
}

} // namespace icmoe
