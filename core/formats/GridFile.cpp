#include "core/formats/GridFile.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

namespace icmoe {
namespace {

static_assert(std::endian::native == std::endian::little, "samples are swapped for little endian machines");

constexpr int kLargestAxis = 1 << 30;

bool isFinite(Vec3 v)
{
    return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z);
}

void swapSamples(std::span<std::byte> bytes, std::size_t sampleSize)
{
    for (std::size_t at = 0; at + sampleSize <= bytes.size(); at += sampleSize) {
        std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                     bytes.begin() + static_cast<std::ptrdiff_t>(at + sampleSize));
    }
}

template<typename T>
void toDoubles(std::span<const std::byte> from, std::vector<std::byte>& to)
{
    const std::size_t count = from.size() / sizeof(T);
    to.resize(count * sizeof(double));
    for (std::size_t n = 0; n < count; ++n) {
        T stored = 0;
        std::memcpy(&stored, from.data() + n * sizeof(T), sizeof(T));
        const auto value = static_cast<double>(stored);
        std::memcpy(to.data() + n * sizeof(double), &value, sizeof(double));
    }
}

/// Numbers as text, separated by white space or commas.
class TextSamples {
public:
    explicit TextSamples(ByteStream& stream, const std::string& where)
        : m_stream(stream)
        , m_where(where)
    {
    }

    Status read(FileSample sample, std::span<std::byte> bytes)
    {
        const std::size_t size = bytesOf(sample);
        for (std::size_t at = 0; at < bytes.size(); at += size) {
            if (auto done = readOne(sample, bytes.subspan(at, size)); !done) {
                return done;
            }
        }
        return {};
    }

private:
    Status readOne(FileSample sample, std::span<std::byte> out)
    {
        const auto token = nextToken();
        if (!token) {
            return fail(token.error());
        }
        const auto store = [&]<typename T>(T value) -> Status {
            const char* end = token->data() + token->size();
            const auto [stop, problem] = std::from_chars(token->data(), end, value);
            if (problem != std::errc{} || stop != end) {
                return fail(ErrorCode::malformedFile, "\"" + *token + "\" is no number of the file's type", m_where);
            }
            std::memcpy(out.data(), &value, sizeof(T));
            return {};
        };
        switch (sample) {
        case FileSample::u8:
            return store(std::uint8_t{});
        case FileSample::s8:
            return store(std::int8_t{});
        case FileSample::u16:
            return store(std::uint16_t{});
        case FileSample::s16:
            return store(std::int16_t{});
        case FileSample::u32:
            return store(std::uint32_t{});
        case FileSample::s32:
            return store(std::int32_t{});
        case FileSample::u64:
            return store(std::uint64_t{});
        case FileSample::s64:
            return store(std::int64_t{});
        case FileSample::f32:
            return store(float{});
        case FileSample::f64:
            return store(double{});
        }
        return {};
    }

    Result<std::string> nextToken()
    {
        std::string token;
        while (true) {
            if (m_at == m_have) {
                const auto got = m_stream.readSome(m_buffer);
                if (!got) {
                    return fail(got.error());
                }
                m_at = 0;
                m_have = *got;
                if (m_have == 0) {
                    break;
                }
            }
            const char c = static_cast<char>(m_buffer[m_at++]);
            const bool separator = c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',';
            if (!separator) {
                token.push_back(c);
            }
            if ((separator && !token.empty()) || token.size() > 64) {
                break;
            }
        }
        if (token.empty()) {
            return fail(ErrorCode::truncatedFile, "the text ends before all samples were read", m_where);
        }
        return token;
    }

    ByteStream& m_stream;
    const std::string& m_where;
    std::array<std::byte, 65536> m_buffer = {};
    std::size_t m_at = 0;
    std::size_t m_have = 0;
};

/// Turns the samples of one file slice into the layout of the volume.
class SliceDecoder {
public:
    SliceDecoder(const GridFile& grid, int component)
        : m_grid(grid)
        , m_component(static_cast<std::size_t>(component))
    {
    }

    std::span<const std::byte> decode(std::span<std::byte> raw)
    {
        const std::size_t size = bytesOf(m_grid.sample);
        if (m_grid.bigEndian && !m_grid.ascii) {
            swapSamples(raw, size);
        }
        std::span<const std::byte> voxels = raw;
        if (m_grid.colour) {
            voxels = pick(raw, 0, 3, size);
        } else if (m_grid.interleaved > 1) {
            voxels = pick(raw, m_component, 1, size);
        }
        if (m_grid.sample == FileSample::s64) {
            toDoubles<std::int64_t>(voxels, m_doubles);
            return m_doubles;
        }
        if (m_grid.sample == FileSample::u64) {
            toDoubles<std::uint64_t>(voxels, m_doubles);
            return m_doubles;
        }
        return voxels;
    }

private:
    std::span<const std::byte> pick(std::span<const std::byte> raw, std::size_t first, std::size_t count,
                                    std::size_t size)
    {
        const std::size_t stride = static_cast<std::size_t>(m_grid.interleaved) * size;
        const std::size_t voxels = raw.size() / stride;
        m_picked.resize(voxels * count * size);
        for (std::size_t v = 0; v < voxels; ++v) {
            std::memcpy(m_picked.data() + v * count * size, raw.data() + v * stride + first * size, count * size);
        }
        return m_picked;
    }

    const GridFile& m_grid;
    std::size_t m_component;
    std::vector<std::byte> m_picked;
    std::vector<std::byte> m_doubles;
};

} // namespace

std::size_t bytesOf(FileSample sample)
{
    switch (sample) {
    case FileSample::u8:
    case FileSample::s8:
        return 1;
    case FileSample::u16:
    case FileSample::s16:
        return 2;
    case FileSample::u32:
    case FileSample::s32:
    case FileSample::f32:
        return 4;
    case FileSample::u64:
    case FileSample::s64:
    case FileSample::f64:
        return 8;
    }
    return 1;
}

SampleType GridFile::sampleType() const
{
    if (colour) {
        return SampleType::rgb8;
    }
    switch (sample) {
    case FileSample::u8:
        return SampleType::u8;
    case FileSample::s8:
        return SampleType::s8;
    case FileSample::u16:
        return SampleType::u16;
    case FileSample::s16:
        return SampleType::s16;
    case FileSample::u32:
        return SampleType::u32;
    case FileSample::s32:
        return SampleType::s32;
    case FileSample::f32:
        return SampleType::f32;
    case FileSample::u64:
    case FileSample::s64:
    case FileSample::f64:
        break;
    }
    return SampleType::f64;
}

Result<PlacedGrid> gridFromAffine(Size3 size, const FileAffine& affine, bool placedInPatient, const std::string& where)
{
    const double spacingI = length(affine.axisI);
    const double spacingJ = length(affine.axisJ);
    if (!isFinite(affine.axisI) || !isFinite(affine.axisJ) || !isFinite(affine.axisK) || !isFinite(affine.origin) ||
        !(spacingI > 1e-9) || !(spacingJ > 1e-9) || !(length(affine.axisK) > 1e-9 || size.depth == 1)) {
        return fail(ErrorCode::malformedFile, "the axes of the grid are zero or not finite", where);
    }
    Geometry::Parameters parameters;
    parameters.size = size;
    parameters.rowDirection = normalized(affine.axisI);
    parameters.columnDirection = normalized(affine.axisJ);
    if (std::abs(dot(parameters.rowDirection, parameters.columnDirection)) > 1e-3) {
        return fail(ErrorCode::geometryNotRepresentable, "rows and columns of the grid are not perpendicular", where,
                    "Resample the picture onto a rectangular grid first");
    }
    parameters.spacingI = spacingI;
    parameters.spacingJ = spacingJ;
    parameters.singleSliceThickness = length(affine.axisK) > 0 ? length(affine.axisK) : 1;
    parameters.spacingSource = SpacingSource::file;
    parameters.placedInPatient = placedInPatient;
    const double along = dot(affine.axisK, cross(parameters.rowDirection, parameters.columnDirection));
    if (size.depth > 1 && std::abs(along) < 1e-6 * length(affine.axisK)) {
        return fail(ErrorCode::malformedFile, "the third axis of the grid lies in the plane of the slices", where);
    }
    const bool reversed = size.depth > 1 && along < 0;
    parameters.positions.reserve(static_cast<std::size_t>(size.depth));
    for (int k = 0; k < size.depth; ++k) {
        parameters.positions.push_back(affine.origin + affine.axisK * (reversed ? size.depth - 1 - k : k));
    }
    auto geometry = Geometry::make(std::move(parameters));
    if (!geometry) {
        geometry.error().where = where;
        return fail(geometry.error());
    }
    return PlacedGrid{std::move(*geometry), reversed};
}

Status checkPromise(const GridFile& grid, const Size3& size)
{
    const std::string where = grid.file.string();
    constexpr auto kMost = std::numeric_limits<std::uint64_t>::max() / 16;
    std::uint64_t samples = 1;
    for (const int axis : {size.width, size.height, size.depth, grid.interleaved, grid.volumes}) {
        if (axis < 1 || axis > kLargestAxis || samples > kMost / static_cast<std::uint64_t>(axis)) {
            return fail(ErrorCode::limitExceeded, "an axis of the grid has " + std::to_string(axis) + " samples", where,
                        "Check that this is the right file");
        }
        samples *= static_cast<std::uint64_t>(axis);
    }
    // A text sample has at least one digit and one separator.
    const std::uint64_t promised = (grid.ascii ? 2 * samples - 1 : samples * bytesOf(grid.sample)) + grid.dataOffset;
    const auto stream = ByteStream::open(grid.dataFile, grid.encoding, grid.fileOffset);
    if (!stream) {
        return fail(stream.error());
    }
    if (promised > stream->upperBound()) {
        return fail(ErrorCode::truncatedFile,
                    "the header promises " + std::to_string(promised) + " bytes, the file holds at most " +
                        std::to_string(stream->upperBound()),
                    grid.dataFile.string(), "Copy the file again");
    }
    return {};
}

Status readPicture(const GridFile& grid, int picture, const std::stop_token& stop,
                   const std::function<void(int k, std::span<const std::byte> bytes)>& consumer)
{
    auto stream = ByteStream::open(grid.dataFile, grid.encoding, grid.fileOffset);
    if (!stream) {
        return fail(stream.error());
    }
    const Size3 size = grid.geometry.size();
    const int component = grid.colour ? 0 : picture % grid.interleaved;
    const int volume = grid.colour ? picture : picture / grid.interleaved;
    if (picture < 0 || volume >= grid.volumes) {
        return fail(ErrorCode::outOfRange, "the file has no picture number " + std::to_string(picture),
                    grid.file.string());
    }
    const std::uint64_t sliceSamples = static_cast<std::uint64_t>(size.width) *
                                       static_cast<std::uint64_t>(size.height) *
                                       static_cast<std::uint64_t>(grid.interleaved);
    const std::uint64_t before =
        sliceSamples * static_cast<std::uint64_t>(size.depth) * static_cast<std::uint64_t>(volume);
    std::vector<std::byte> raw(static_cast<std::size_t>(sliceSamples * bytesOf(grid.sample)));
    const std::string where = grid.dataFile.string();
    TextSamples text(*stream, where);
    if (auto skipped = stream->skip(grid.dataOffset + (grid.ascii ? 0 : before * bytesOf(grid.sample))); !skipped) {
        return skipped;
    }
    if (grid.ascii) {
        for (int n = 0; n < volume * size.depth; ++n) {
            if (auto skipped = text.read(grid.sample, raw); !skipped) {
                return skipped;
            }
        }
    }
    SliceDecoder decoder(grid, component);
    for (int n = 0; n < size.depth; ++n) {
        if (stop.stop_requested()) {
            return fail(ErrorCode::cancelled, "loading was cancelled");
        }
        if (auto read = grid.ascii ? text.read(grid.sample, raw) : stream->read(raw); !read) {
            return read;
        }
        consumer(grid.reversed ? size.depth - 1 - n : n, decoder.decode(raw));
    }
    return volume + 1 == grid.volumes ? stream->finish() : Status{};
}

} // namespace icmoe
