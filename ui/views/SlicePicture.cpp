#include "ui/views/SlicePicture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace icmoe::ui {
namespace {

constexpr std::uint32_t grey(std::uint8_t value)
{
    return 0xFF000000U | (std::uint32_t{value} * 0x010101U);
}

std::uint32_t colour(const std::byte* rgb)
{
    return 0xFF000000U | (std::to_integer<std::uint32_t>(rgb[2]) << 16U) |
           (std::to_integer<std::uint32_t>(rgb[1]) << 8U) | std::to_integer<std::uint32_t>(rgb[0]);
}

template<typename T>
T load(const std::byte* at)
{
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

double loadNumber(const std::byte* at, SampleType type)
{
    switch (type) {
    case SampleType::u8:
        return load<std::uint8_t>(at);
    case SampleType::s8:
        return load<std::int8_t>(at);
    case SampleType::u16:
        return load<std::uint16_t>(at);
    case SampleType::s16:
        return load<std::int16_t>(at);
    case SampleType::u32:
        return load<std::uint32_t>(at);
    case SampleType::s32:
        return load<std::int32_t>(at);
    case SampleType::f32:
        return static_cast<double>(load<float>(at));
    case SampleType::f64:
        return load<double>(at);
    case SampleType::rgb8:
        break;
    }
    return 0;
}

/// Byte steps through the volume for one step in x, y and n of a plane, and where pixel (0, 0) of slice 0 is.
struct Steps {
    std::ptrdiff_t x = 0;
    std::ptrdiff_t y = 0;
    std::ptrdiff_t n = 0;
    std::ptrdiff_t origin = 0;

    Steps(const Volume& volume, const SlicePlane& plane)
    {
        const auto bytes = static_cast<std::ptrdiff_t>(bytesPerVoxel(volume.type()));
        const Size3 size = volume.size();
        const std::array<std::ptrdiff_t, 3> axis{bytes, bytes * size.width, bytes * size.width * size.height};
        const auto along = [&](int which) { return axis[static_cast<std::size_t>(which)]; };
        x = along(plane.axisX());
        y = along(plane.axisY());
        n = along(plane.axisN());
        if (plane.flipX()) {
            origin += x * (plane.width() - 1);
            x = -x;
        }
        if (plane.flipY()) {
            origin += y * (plane.height() - 1);
            y = -y;
        }
    }
};

/// Stored slice index of pixel column or row `at`, for planes that cross the stored slices.
int storedIndex(int at, int length, bool flip)
{
    return flip ? length - 1 - at : at;
}

/// Maps one line of pixels.
class LineMapper {
public:
    LineMapper(const Volume& volume, const std::vector<std::uint32_t>& table, WindowLevel window)
        : m_type(volume.type())
        , m_table(table)
        , m_window(window)
        , m_inverted(volume.description().inverted)
    {
    }

    void map(const std::byte* at, std::ptrdiff_t step, int count, const Rescale& rescale, bool tableFits,
             std::uint32_t* out) const
    {
        if (m_type == SampleType::rgb8) {
            for (int i = 0; i < count; ++i, at += step) {
                out[i] = colour(at);
            }
        } else if (tableFits && bytesPerVoxel(m_type) == 2) {
            for (int i = 0; i < count; ++i, at += step) {
                out[i] = m_table[load<std::uint16_t>(at)];
            }
        } else if (tableFits && bytesPerVoxel(m_type) == 1) {
            for (int i = 0; i < count; ++i, at += step) {
                out[i] = m_table[load<std::uint8_t>(at)];
            }
        } else {
            for (int i = 0; i < count; ++i, at += step) {
                out[i] = shade(loadNumber(at, m_type) * rescale.slope + rescale.intercept);
            }
        }
    }

    [[nodiscard]] std::uint32_t shade(double value) const
    {
        const std::uint8_t level = m_window.apply(value);
        return grey(m_inverted ? static_cast<std::uint8_t>(255 - level) : level);
    }

private:
    SampleType m_type;
    const std::vector<std::uint32_t>& m_table;
    WindowLevel m_window;
    bool m_inverted;
};

/// A line of pixels of a resampled plane that lies at one height: voxel index at its first pixel and from one to the
/// next.
struct Line {
    Vec3 start;
    Vec3 step;
};

Line lineOf(const SliceGrid& grid, int n, bool kAlongY, int which)
{
    const Point2 first = kAlongY ? Point2{0, double(which)} : Point2{double(which), 0};
    const Point2 second = kAlongY ? Point2{1, double(which)} : Point2{double(which), 1};
    const Vec3 start = grid.voxel(first, n);
    return {start, grid.voxel(second, n) - start};
}

/// Trilinear value at a continuous voxel index; nullopt outside the volume or where a slice is missing.
std::optional<double> interpolated(const Volume& volume, Vec3 at)
{
    const Size3 size = volume.size();
    if (at.x < -0.5 || at.y < -0.5 || at.z < -0.5 || at.x > size.width - 0.5 || at.y > size.height - 0.5 ||
        at.z > size.depth - 0.5) {
        return std::nullopt;
    }
    const auto split = [](double value, int length) {
        const double inside = std::clamp(value, 0.0, double(length - 1));
        const int low = std::min(static_cast<int>(inside), std::max(0, length - 2));
        return std::pair{low, inside - low};
    };
    const auto [i, fi] = split(at.x, size.width);
    const auto [j, fj] = split(at.y, size.height);
    const auto [k, fk] = split(at.z, size.depth);
    double sum = 0;
    for (int corner = 0; corner < 8; ++corner) {
        const int di = corner & 1;
        const int dj = (corner >> 1) & 1;
        const int dk = corner >> 2;
        const double weight = (di != 0 ? fi : 1 - fi) * (dj != 0 ? fj : 1 - fj) * (dk != 0 ? fk : 1 - fk);
        if (weight < 1e-9) {
            continue;
        }
        if (!volume.isLoaded(k + dk)) {
            return std::nullopt;
        }
        sum += weight * volume.value({i + di, j + dj, k + dk});
    }
    return sum;
}

Index3 nearest(Vec3 at)
{
    return {static_cast<int>(std::lround(at.x)), static_cast<int>(std::lround(at.y)),
            static_cast<int>(std::lround(at.z))};
}

double renderResampled(const Volume& volume, const SliceGrid& grid, int n, const LineMapper& mapper,
                       std::vector<std::uint32_t>& rgba)
{
    const bool kAlongY = grid.shown().axisY() == 2;
    const int lines = kAlongY ? grid.height() : grid.width();
    const int length = kAlongY ? grid.width() : grid.height();
    for (int which = 0; which < lines; ++which) {
        const Line line = lineOf(grid, n, kAlongY, which);
        Vec3 at = line.start;
        for (int pixel = 0; pixel < length; ++pixel, at = at + line.step) {
            std::uint32_t value = 0;
            if (volume.isColour()) {
                const Index3 index = nearest(at);
                if (volume.contains(index) && volume.isLoaded(index.k)) {
                    const auto rgb = volume.colour(index);
                    value = 0xFF000000U | (std::uint32_t{rgb[2]} << 16U) | (std::uint32_t{rgb[1]} << 8U) | rgb[0];
                }
            } else if (const auto number = interpolated(volume, at)) {
                value = mapper.shade(*number);
            }
            const int x = kAlongY ? pixel : which;
            const int y = kAlongY ? which : pixel;
            rgba[static_cast<std::size_t>(y) * static_cast<std::size_t>(grid.width()) + static_cast<std::size_t>(x)] =
                value;
        }
    }
    return double(volume.loadedCount()) / std::max(1, volume.size().depth);
}

} // namespace

void SlicePicture::prepareTable(const Volume& volume, WindowLevel window)
{
    const std::size_t bytes = volume.isColour() ? 0 : bytesPerVoxel(volume.type());
    if (bytes == 0 || bytes > 2) {
        m_table.clear();
        return;
    }
    const Rescale& rescale = volume.rescale(0);
    const bool inverted = volume.description().inverted;
    if (!m_table.empty() && m_tableWindow == window && m_tableRescale == rescale && m_tableType == volume.type() &&
        m_tableInverted == inverted) {
        return;
    }
    m_tableWindow = window;
    m_tableRescale = rescale;
    m_tableType = volume.type();
    m_tableInverted = inverted;
    m_table.resize(bytes == 1 ? 256 : 65536);
    for (std::size_t bits = 0; bits < m_table.size(); ++bits) {
        double stored = double(bits);
        if (volume.type() == SampleType::s8) {
            stored = static_cast<std::int8_t>(bits);
        } else if (volume.type() == SampleType::s16) {
            stored = static_cast<std::int16_t>(bits);
        }
        const std::uint8_t level = window.apply(stored * rescale.slope + rescale.intercept);
        m_table[bits] = grey(inverted ? static_cast<std::uint8_t>(255 - level) : level);
    }
}

double SlicePicture::render(const Volume& volume, const SliceGrid& grid, int n, WindowLevel window,
                            std::vector<std::uint32_t>& rgba)
{
    const int width = grid.width();
    const int height = grid.height();
    rgba.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 0U);
    prepareTable(volume, window);
    const LineMapper mapper(volume, m_table, window);
    if (grid.isResampled()) {
        return renderResampled(volume, grid, n, mapper, rgba);
    }
    const SlicePlane& plane = grid.stored();
    const Steps steps(volume, plane);
    const std::byte* base = volume.data() + steps.origin + steps.n * n;
    const auto fits = [&](int k) { return !m_table.empty() && volume.rescale(k) == m_tableRescale; };
    int loaded = 0;
    if (plane.axisN() == 2 || plane.axisY() == 2) {
        for (int y = 0; y < height; ++y) {
            const int k = plane.axisN() == 2 ? n : storedIndex(y, height, plane.flipY());
            if (volume.isLoaded(k)) {
                ++loaded;
                mapper.map(base + steps.y * y, steps.x, width, volume.rescale(k), fits(k),
                           rgba.data() + static_cast<std::ptrdiff_t>(y) * width);
            }
        }
        return double(loaded) / std::max(1, height);
    }
    std::vector<std::uint32_t> column(static_cast<std::size_t>(height));
    for (int x = 0; x < width; ++x) {
        const int k = storedIndex(x, width, plane.flipX());
        if (volume.isLoaded(k)) {
            ++loaded;
            mapper.map(base + steps.x * x, steps.y, height, volume.rescale(k), fits(k), column.data());
            for (int y = 0; y < height; ++y) {
                rgba[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)] =
                    column[static_cast<std::size_t>(y)];
            }
        }
    }
    return double(loaded) / std::max(1, width);
}

namespace {

template<typename Inside>
SliceMask sampleShown(const SliceGrid& grid, int n, Inside&& inside)
{
    const bool kAlongY = grid.shown().axisY() == 2;
    const int lines = kAlongY ? grid.height() : grid.width();
    const int length = kAlongY ? grid.width() : grid.height();
    std::vector<Run> runs;
    for (int which = 0; which < lines; ++which) {
        const Line line = lineOf(grid, n, kAlongY, which);
        Vec3 at = line.start;
        for (int pixel = 0; pixel < length; ++pixel, at = at + line.step) {
            if (inside(nearest(at))) {
                const int x = kAlongY ? pixel : which;
                const int y = kAlongY ? which : pixel;
                const auto index = static_cast<std::uint32_t>(y * grid.width() + x);
                if (!runs.empty() && runs.back().end == index) {
                    ++runs.back().end;
                } else {
                    runs.push_back({index, index + 1});
                }
            }
        }
    }
    return SliceMask::fromRuns(std::move(runs), grid.width(), grid.height());
}

} // namespace

SliceMask cutShown(const Mask& mask, const SliceGrid& grid, int n)
{
    if (mask.empty()) {
        return {grid.width(), grid.height()};
    }
    if (!grid.isResampled()) {
        return mask.cut(grid.stored(), n);
    }
    const Size3 size = mask.size();
    return sampleShown(grid, n, [&](Index3 index) {
        return index.i >= 0 && index.j >= 0 && index.k >= 0 && index.i < size.width && index.j < size.height &&
               index.k < size.depth && mask.contains(index);
    });
}

SliceMask toShown(const SliceMask& stored, const SliceGrid& grid, int shownSlice)
{
    if (!grid.isResampled()) {
        return stored;
    }
    const SlicePlane& plane = grid.stored();
    return sampleShown(grid, shownSlice, [&](Index3 index) {
        const Point2 p = plane.point(Vec3{double(index.i), double(index.j), double(index.k)});
        return p.x >= 0 && p.y >= 0 && p.x < plane.width() && p.y < plane.height() &&
               stored.contains(static_cast<int>(p.x), static_cast<int>(p.y));
    });
}

} // namespace icmoe::ui
