// NRRD (http://teem.sourceforge.net/nrrd/format.html) with attached or detached data. A reader of our own, with limits:
// the format is a short text header before raw or gzip samples, and teem's library trusts what the header says.

#include "core/formats/GridFile.h"
#include "core/formats/NrrdHeader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

namespace icmoe {
namespace {

constexpr int kMostPictures = 10'000;
constexpr std::uint64_t kMostSkipped = std::uint64_t{1} << 30;

Error malformed(const std::filesystem::path& path, const std::string& field, const std::string& message)
{
    return {ErrorCode::malformedFile, message, path.string() + ", field \"" + field + "\"",
            "Check the file with its maker"};
}

std::optional<FileSample> sampleFromName(const std::string& name)
{
    static const std::map<std::string, FileSample> kNames = {
        {"signed char", FileSample::s8},
        {"int8", FileSample::s8},
        {"int8_t", FileSample::s8},
        {"uchar", FileSample::u8},
        {"unsigned char", FileSample::u8},
        {"uint8", FileSample::u8},
        {"uint8_t", FileSample::u8},
        {"short", FileSample::s16},
        {"short int", FileSample::s16},
        {"signed short", FileSample::s16},
        {"signed short int", FileSample::s16},
        {"int16", FileSample::s16},
        {"int16_t", FileSample::s16},
        {"ushort", FileSample::u16},
        {"unsigned short", FileSample::u16},
        {"unsigned short int", FileSample::u16},
        {"uint16", FileSample::u16},
        {"uint16_t", FileSample::u16},
        {"int", FileSample::s32},
        {"signed int", FileSample::s32},
        {"int32", FileSample::s32},
        {"int32_t", FileSample::s32},
        {"uint", FileSample::u32},
        {"unsigned int", FileSample::u32},
        {"uint32", FileSample::u32},
        {"uint32_t", FileSample::u32},
        {"longlong", FileSample::s64},
        {"long long", FileSample::s64},
        {"long long int", FileSample::s64},
        {"signed long long", FileSample::s64},
        {"signed long long int", FileSample::s64},
        {"int64", FileSample::s64},
        {"int64_t", FileSample::s64},
        {"ulonglong", FileSample::u64},
        {"unsigned long long", FileSample::u64},
        {"unsigned long long int", FileSample::u64},
        {"uint64", FileSample::u64},
        {"uint64_t", FileSample::u64},
        {"float", FileSample::f32},
        {"double", FileSample::f64},
    };
    const auto found = kNames.find(name);
    return found == kNames.end() ? std::nullopt : std::optional(found->second);
}

bool isSpatialKind(const std::string& kind)
{
    return kind == "domain" || kind == "space";
}

bool isColourKind(const std::string& kind, std::size_t size)
{
    return ((kind == "RGB-color" || kind == "3-color") && size == 3) ||
           ((kind == "RGBA-color" || kind == "4-color") && size == 4) ||
           ((kind == "vector" || kind == "3-vector") && size == 3);
}

/// How the file's axes are used: three (or two) of space, and one of colours, list or time before or behind them.
struct Axes {
    std::vector<std::size_t> sizes;
    std::vector<std::vector<double>> directions; ///< of spatial axes; empty without "space directions"
    std::vector<std::size_t> spatial;
    std::optional<std::size_t> other;
    std::string otherKind;
};

class NrrdDescriber {
public:
    NrrdDescriber(const std::filesystem::path& path, NrrdHeader header)
        : m_path(path)
        , m_header(std::move(header))
    {
        m_grid.file = path;
        m_grid.dataFile = path;
    }

    Result<GridFile> describe()
    {
        for (const auto step : {&NrrdDescriber::readType, &NrrdDescriber::readAxes, &NrrdDescriber::layOut,
                                &NrrdDescriber::findData, &NrrdDescriber::place}) {
            if (auto done = (this->*step)(); !done) {
                return fail(done.error());
            }
        }
        m_grid.keyValues = std::move(m_header.keyValues);
        return std::move(m_grid);
    }

private:
    Status readType()
    {
        const std::string type = m_header.value("type");
        const auto sample = sampleFromName(type);
        if (!sample) {
            return fail(ErrorCode::unsupportedPixels, "samples of the type \"" + type + "\" are not supported",
                        m_path.string() + ", field \"type\"", "Convert the file to integers or 32/64-bit floats");
        }
        m_grid.sample = *sample;
        const std::string encoding = m_header.value("encoding");
        if (encoding == "gzip" || encoding == "gz") {
            m_grid.encoding = StreamEncoding::gzip;
        } else if (encoding == "txt" || encoding == "text" || encoding == "ascii") {
            m_grid.ascii = true;
        } else if (encoding != "raw") {
            return fail(ErrorCode::unsupportedPixels, "the encoding \"" + encoding + "\" is not supported",
                        m_path.string() + ", field \"encoding\"", "Save the file as raw, gzip or text");
        }
        const std::string endian = m_header.value("endian");
        if (bytesOf(*sample) > 1 && !m_grid.ascii && endian != "little" && endian != "big") {
            return fail(malformed(m_path, "endian", "the byte order of the samples is missing"));
        }
        m_grid.bigEndian = endian == "big";
        return {};
    }

    Status readAxes()
    {
        const auto dimension = parseNumbers(m_header.value("dimension"));
        const auto sizes = parseNumbers(m_header.value("sizes"));
        if (!dimension || dimension->size() != 1 || !((*dimension)[0] >= 2 && (*dimension)[0] <= 4)) {
            return fail(malformed(m_path, "dimension",
                                  "2 to 4 dimensions were expected, found \"" +
                                      m_header.value("dimension").substr(0, 32) + "\""));
        }
        const auto count = static_cast<std::size_t>((*dimension)[0]);
        if (!sizes || sizes->size() != count) {
            return fail(malformed(m_path, "sizes", std::to_string(count) + " sizes were expected"));
        }
        for (const double size : *sizes) {
            if (!(size >= 1 && size <= (1 << 30)) || size != std::floor(size)) {
                return fail(malformed(m_path, "sizes", "a size is not a whole number from 1 to 2^30"));
            }
            m_axes.sizes.push_back(static_cast<std::size_t>(size));
        }
        if (const auto* text = m_header.find("space directions")) {
            const auto vectors = parseVectors(*text);
            if (!vectors || vectors->size() != count) {
                return fail(malformed(m_path, "space directions", std::to_string(count) + " vectors were expected"));
            }
            m_axes.directions = *vectors;
        }
        const auto kinds = parseWords(m_header.value("kinds"));
        if (m_header.find("kinds") != nullptr && kinds.size() != count) {
            return fail(malformed(m_path, "kinds", std::to_string(count) + " kinds were expected"));
        }
        for (std::size_t axis = 0; axis < count; ++axis) {
            const bool known = axis < kinds.size() && kinds[axis] != "???" && kinds[axis] != "none";
            const bool spatial = !m_axes.directions.empty() ? !m_axes.directions[axis].empty()
                                 : known                    ? isSpatialKind(kinds[axis])
                                                            : axis < 3;
            if (spatial) {
                m_axes.spatial.push_back(axis);
            } else if (!m_axes.other && (axis == 0 || axis + 1 == count)) {
                m_axes.other = axis;
                m_axes.otherKind = known ? kinds[axis] : "";
            } else {
                return fail(ErrorCode::unsupportedPixels, "the file has more than one axis that is not one of space",
                            m_path.string() + ", field \"kinds\"");
            }
        }
        if (m_axes.spatial.size() < 2 || m_axes.spatial.size() > 3) {
            return fail(
                malformed(m_path, "dimension",
                          "two or three axes of space were expected, found " + std::to_string(m_axes.spatial.size())));
        }
        return {};
    }

    Status layOut()
    {
        m_size.width = static_cast<int>(m_axes.sizes[m_axes.spatial[0]]);
        m_size.height = static_cast<int>(m_axes.sizes[m_axes.spatial[1]]);
        m_size.depth = m_axes.spatial.size() == 3 ? static_cast<int>(m_axes.sizes[m_axes.spatial[2]]) : 1;
        if (!m_axes.other) {
            return {};
        }
        const std::size_t count = m_axes.sizes[*m_axes.other];
        if (count > static_cast<std::size_t>(kMostPictures)) {
            return fail(ErrorCode::limitExceeded,
                        "the file has " + std::to_string(count) + " volumes, at most " + std::to_string(kMostPictures) +
                            " are read",
                        m_path.string() + ", field \"sizes\"");
        }
        if (*m_axes.other == 0) {
            m_grid.interleaved = static_cast<int>(count);
            m_grid.colour = m_grid.sample == FileSample::u8 && isColourKind(m_axes.otherKind, count);
        } else {
            m_grid.volumes = static_cast<int>(count);
        }
        return {};
    }

    Status findData()
    {
        if (const auto* name = m_header.find("data file")) {
            const std::filesystem::path relative(*name);
            if (name->starts_with("LIST") || name->find('%') != std::string::npos) {
                return fail(ErrorCode::unsupportedPixels, "data in several files are not supported",
                            m_path.string() + ", field \"data file\"", "Save the picture as one file");
            }
            const bool outside =
                std::any_of(relative.begin(), relative.end(), [](const auto& part) { return part == ".."; });
            if (relative.empty() || relative.is_absolute() || outside) {
                return fail(malformed(m_path, "data file", "the data file has to lie beside its header"));
            }
            m_grid.dataFile = m_path.parent_path() / relative;
        } else {
            m_grid.fileOffset = m_header.length;
        }
        if (auto skipped = skipLines(); !skipped) {
            return skipped;
        }
        const auto bytes = parseNumbers(m_header.find("byte skip") != nullptr ? m_header.value("byte skip") : "0");
        if (!bytes || bytes->size() != 1 || !((*bytes)[0] >= -1 && (*bytes)[0] <= static_cast<double>(kMostSkipped))) {
            return fail(malformed(m_path, "byte skip", "a number of bytes was expected"));
        }
        if ((*bytes)[0] < 0) {
            return alignToEnd();
        }
        m_grid.dataOffset = static_cast<std::uint64_t>((*bytes)[0]);
        return checkPromise(m_grid, m_size);
    }

    Status skipLines()
    {
        const auto lines = parseNumbers(m_header.find("line skip") != nullptr ? m_header.value("line skip") : "0");
        if (!lines || lines->size() != 1 || !((*lines)[0] >= 0 && (*lines)[0] <= 100'000)) {
            return fail(malformed(m_path, "line skip", "a number of lines was expected"));
        }
        auto left = static_cast<int>((*lines)[0]);
        if (left == 0) {
            return {};
        }
        auto stream = ByteStream::open(m_grid.dataFile, StreamEncoding::plain, m_grid.fileOffset);
        if (!stream) {
            return fail(stream.error());
        }
        std::vector<std::byte> buffer(1 << 16);
        while (left > 0) {
            const auto got = stream->readSome(buffer);
            if (!got || *got == 0) {
                return fail(malformed(m_path, "line skip", "the file has fewer lines than are to be skipped"));
            }
            std::size_t at = 0;
            for (; at < *got && left > 0; ++at) {
                left -= buffer[at] == std::byte{'\n'} ? 1 : 0;
            }
            m_grid.fileOffset += at;
        }
        return {};
    }

    /// "byte skip: -1": raw samples are the last bytes of the file.
    Status alignToEnd()
    {
        if (auto sound = checkPromise(m_grid, m_size);
            !sound || m_grid.ascii || m_grid.encoding != StreamEncoding::plain) {
            return sound ? Status{fail(malformed(m_path, "byte skip", "-1 is for raw samples only"))} : sound;
        }
        const auto stream = ByteStream::open(m_grid.dataFile, StreamEncoding::plain, m_grid.fileOffset);
        if (!stream) {
            return fail(stream.error());
        }
        const std::uint64_t promised =
            static_cast<std::uint64_t>(m_size.width) * static_cast<std::uint64_t>(m_size.height) *
            static_cast<std::uint64_t>(m_size.depth) * static_cast<std::uint64_t>(m_grid.interleaved) *
            static_cast<std::uint64_t>(m_grid.volumes) * bytesOf(m_grid.sample);
        m_grid.dataOffset = stream->upperBound() - promised;
        return {};
    }

    Status place()
    {
        FileAffine affine;
        bool placed = false;
        if (m_axes.directions.empty()) {
            setSpacings(affine);
        } else if (auto done = setDirections(affine, placed); !done) {
            return done;
        }
        auto grid = gridFromAffine(m_size, affine, placed, m_path.string() + ", field \"space directions\"");
        if (!grid) {
            return fail(grid.error());
        }
        m_grid.geometry = std::move(grid->geometry);
        m_grid.reversed = grid->reversed;
        return {};
    }

    void setSpacings(FileAffine& affine) const
    {
        const auto spacings = parseNumbers(m_header.value("spacings"));
        const auto spacing = [&](std::size_t axis) {
            const bool known = spacings && axis < m_axes.spatial.size() && m_axes.spatial[axis] < spacings->size();
            const double value = known ? std::abs((*spacings)[m_axes.spatial[axis]]) : 1.0;
            return std::isfinite(value) && value > 0 ? value : 1.0;
        };
        affine = {{spacing(0), 0, 0}, {0, spacing(1), 0}, {0, 0, spacing(2)}, {}};
    }

    Status setDirections(FileAffine& affine, bool& placed) const
    {
        static const std::set<std::string> kOther = {"scanner-xyz", "3D-right-handed", "3D-left-handed", ""};
        const std::string space = m_header.value("space");
        Vec3 sign{1, 1, 1};
        if (space == "left-posterior-superior" || space == "LPS") {
            placed = true;
        } else if (space == "right-anterior-superior" || space == "RAS") {
            placed = true;
            sign = {-1, -1, 1};
        } else if (space == "left-anterior-superior" || space == "LAS") {
            placed = true;
            sign = {1, -1, 1};
        } else if (!kOther.contains(space)) {
            return fail(ErrorCode::unsupportedPixels, "the space \"" + space.substr(0, 64) + "\" is not supported",
                        m_path.string() + ", field \"space\"", "Save the file in LPS or RAS");
        }
        const double unit = unitMm();
        std::array<Vec3, 3> axes{Vec3{1, 0, 0}, Vec3{0, 1, 0}, Vec3{}};
        for (std::size_t n = 0; n < m_axes.spatial.size(); ++n) {
            const auto& direction = m_axes.directions[m_axes.spatial[n]];
            if (direction.size() > 3) {
                return fail(malformed(m_path, "space directions", "vectors of up to three numbers were expected"));
            }
            axes[n] = inMillimetres(direction, sign, unit);
        }
        const auto origin = parseVectors(m_header.value("space origin"));
        if (m_header.find("space origin") != nullptr && (!origin || origin->size() != 1)) {
            return fail(malformed(m_path, "space origin", "one vector was expected"));
        }
        const std::vector<double> at = origin && !origin->empty() ? origin->front() : std::vector<double>{};
        if (m_axes.spatial.size() == 2) {
            axes[2] = normalized(cross(axes[0], axes[1]));
        }
        affine = {axes[0], axes[1], axes[2], inMillimetres(at, sign, unit)};
        return {};
    }

    static Vec3 inMillimetres(const std::vector<double>& v, Vec3 sign, double unit)
    {
        const auto part = [&](std::size_t n) { return n < v.size() ? v[n] * unit : 0.0; };
        return {part(0) * sign.x, part(1) * sign.y, part(2) * sign.z};
    }

    [[nodiscard]] double unitMm() const
    {
        const auto units = parseWords(m_header.value("space units"));
        const std::string unit = units.empty() ? "mm" : units.front();
        return unit == "m" ? 1000 : unit == "cm" ? 10 : unit == "um" || unit == "µm" ? 0.001 : 1;
    }

    std::filesystem::path m_path;
    NrrdHeader m_header;
    GridFile m_grid;
    Axes m_axes;
    Size3 m_size;
};

} // namespace

Result<GridFile> describeNrrd(const std::filesystem::path& path)
{
    auto header = readNrrdHeader(path);
    if (!header) {
        return fail(header.error());
    }
    return NrrdDescriber(path, std::move(*header)).describe();
}

} // namespace icmoe
