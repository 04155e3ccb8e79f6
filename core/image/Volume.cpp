#include "core/image/Volume.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace icmoe {
namespace {

template<typename T>
double read(const std::byte* at)
{
    T value;
    std::memcpy(&value, at, sizeof value);
    return static_cast<double>(value);
}

double readSample(SampleType type, const std::byte* at)
{
    switch (type) {
    case SampleType::u8:
        return read<std::uint8_t>(at);
    case SampleType::s8:
        return read<std::int8_t>(at);
    case SampleType::u16:
        return read<std::uint16_t>(at);
    case SampleType::s16:
        return read<std::int16_t>(at);
    case SampleType::u32:
        return read<std::uint32_t>(at);
    case SampleType::s32:
        return read<std::int32_t>(at);
    case SampleType::f32:
        return read<float>(at);
    case SampleType::f64:
        return read<double>(at);
    case SampleType::rgb8:
        return 0.299 * read<std::uint8_t>(at) + 0.587 * read<std::uint8_t>(at + 1) + 0.114 * read<std::uint8_t>(at + 2);
    }
    return 0;
}

/// About `wanted` rescaled values from the loaded slices, spread evenly.
std::vector<double> sampleValues(const Volume& volume, std::size_t wanted)
{
    const Size3 size = volume.size();
    const double total = static_cast<double>(size.width) * size.height * size.depth;
    const int step = std::max(1, static_cast<int>(std::cbrt(total / static_cast<double>(wanted))));
    std::vector<double> values;
    for (int k = 0; k < size.depth; ++k) {
        if (!volume.isLoaded(k) || (size.depth > 4 * step && k % step != 0)) {
            continue;
        }
        for (int j = step / 2; j < size.height; j += step) {
            for (int i = step / 2; i < size.width; i += step) {
                const double stored = volume.storedValue({i, j, k});
                const auto& padding = volume.description().paddingValue;
                const double value = stored * volume.rescale(k).slope + volume.rescale(k).intercept;
                if (std::isfinite(value) && (!padding || stored != *padding)) {
                    values.push_back(value);
                }
            }
        }
    }
    return values;
}

} // namespace

std::size_t bytesPerVoxel(SampleType type)
{
    switch (type) {
    case SampleType::u8:
    case SampleType::s8:
        return 1;
    case SampleType::u16:
    case SampleType::s16:
        return 2;
    case SampleType::rgb8:
        return 3;
    case SampleType::u32:
    case SampleType::s32:
    case SampleType::f32:
        return 4;
    case SampleType::f64:
        return 8;
    }
    return 1;
}

std::string_view name(SampleType type)
{
    constexpr std::array<std::string_view, 9> names{"u8", "s8", "u16", "s16", "u32", "s32", "f32", "f64", "rgb8"};
    return names[static_cast<std::size_t>(type)];
}

std::uint8_t WindowLevel::apply(double value) const
{
    if (width <= 1) {
        return value <= level - 0.5 ? 0 : 255;
    }
    const double unit = (value - (level - 0.5)) / (width - 1) + 0.5;
    return static_cast<std::uint8_t>(std::clamp(unit * 255.0 + 0.5, 0.0, 255.0));
}

Result<std::shared_ptr<Volume>> Volume::allocate(Description description, std::size_t limitBytes)
{
    const Size3 size = description.geometry.size();
    if (description.rescale.size() != 1 && description.rescale.size() != static_cast<std::size_t>(size.depth)) {
        return fail(ErrorCode::invalidArgument, "rescale is needed once, or once a slice");
    }
    const std::size_t voxel = bytesPerVoxel(description.type);
    const auto sliceBytes = static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) * voxel;
    if (sliceBytes > limitBytes / static_cast<std::size_t>(size.depth)) {
        return fail(ErrorCode::limitExceeded,
                    std::to_string(size.width) + " × " + std::to_string(size.height) + " × " +
                        std::to_string(size.depth) + " voxels do not fit into memory",
                    {}, "Open fewer slices");
    }
    auto volume = std::shared_ptr<Volume>(new Volume(std::move(description)));
    volume->m_sliceBytes = sliceBytes;
    volume->m_byteSize = sliceBytes * static_cast<std::size_t>(size.depth);
    // calloc: pages are zero and appear only when they are touched
    volume->m_data.reset(static_cast<std::byte*>(std::calloc(volume->m_byteSize, 1)));
    if (!volume->m_data) {
        return fail(ErrorCode::limitExceeded, "not enough memory for the volume", {},
                    "Close other programs or open fewer slices");
    }
    volume->m_loaded = std::make_unique<std::atomic<bool>[]>(static_cast<std::size_t>(size.depth));
    return volume;
}

Volume::Volume(Description description)
    : m_description(std::move(description))
    , m_data(nullptr, [](std::byte* data) { std::free(data); })
{
}

const Rescale& Volume::rescale(int k) const
{
    const auto& all = m_description.rescale;
    return all.size() == 1 ? all.front() : all[static_cast<std::size_t>(k)];
}

std::span<const std::byte> Volume::sliceBytes(int k) const
{
    return {m_data.get() + m_sliceBytes * static_cast<std::size_t>(k), m_sliceBytes};
}

std::span<std::byte> Volume::writableSliceBytes(int k)
{
    return {m_data.get() + m_sliceBytes * static_cast<std::size_t>(k), m_sliceBytes};
}

void Volume::markLoaded(int k)
{
    if (!m_loaded[static_cast<std::size_t>(k)].exchange(true, std::memory_order_release)) {
        m_loadedCount.fetch_add(1, std::memory_order_release);
    }
}

bool Volume::isLoaded(int k) const
{
    return m_loaded[static_cast<std::size_t>(k)].load(std::memory_order_acquire);
}

bool Volume::contains(Index3 index) const
{
    const Size3 s = size();
    return index.i >= 0 && index.j >= 0 && index.k >= 0 && index.i < s.width && index.j < s.height && index.k < s.depth;
}

double Volume::storedValue(Index3 index) const
{
    const auto offset =
        static_cast<std::size_t>(index.j) * static_cast<std::size_t>(size().width) + static_cast<std::size_t>(index.i);
    return readSample(type(), sliceBytes(index.k).data() + offset * bytesPerVoxel(type()));
}

double Volume::value(Index3 index) const
{
    const Rescale& r = rescale(index.k);
    return storedValue(index) * r.slope + r.intercept;
}

std::array<std::uint8_t, 3> Volume::colour(Index3 index) const
{
    if (!isColour()) {
        const auto grey = defaultWindow().apply(value(index));
        return {grey, grey, grey};
    }
    const auto offset =
        static_cast<std::size_t>(index.j) * static_cast<std::size_t>(size().width) + static_cast<std::size_t>(index.i);
    const std::byte* at = sliceBytes(index.k).data() + offset * 3;
    return {std::to_integer<std::uint8_t>(at[0]), std::to_integer<std::uint8_t>(at[1]),
            std::to_integer<std::uint8_t>(at[2])};
}

WindowLevel Volume::defaultWindow() const
{
    if (!m_description.windows.empty()) {
        return m_description.windows.front();
    }
    if (isColour()) {
        return {256, 128};
    }
    auto values = sampleValues(*this, 200'000);
    if (values.empty()) {
        return {256, 128};
    }
    const auto at = [&](double q) {
        const auto n = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1));
        std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n), values.end());
        return values[n];
    };
    const double low = at(0.005);
    const double high = at(0.995);
    return {std::max(high - low, 1e-6), (low + high) / 2};
}

} // namespace icmoe
