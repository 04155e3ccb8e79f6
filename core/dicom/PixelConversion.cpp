#include "core/dicom/PixelConversion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace icmoe {
namespace {

/// Stored sample number i as an integer.
long sampleAt(SampleType type, std::span<const std::byte> bytes, std::size_t i)
{
    const auto as = [&]<typename T>(T value) {
        std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
        return static_cast<long>(value);
    };
    switch (type) {
    case SampleType::s8:
        return as(std::int8_t{});
    case SampleType::u16:
        return as(std::uint16_t{});
    case SampleType::s16:
        return as(std::int16_t{});
    case SampleType::u32:
        return as(std::uint32_t{});
    case SampleType::s32:
        return as(std::int32_t{});
    default:
        return as(std::uint8_t{});
    }
}

std::byte clipped(double value)
{
    return static_cast<std::byte>(std::lround(std::clamp(value, 0.0, 255.0)));
}

/// Full-range YCbCr (PS3.3 C.7.6.3.1.2).
void toRgb(std::array<double, 3> ybr, std::span<std::byte> out)
{
    const double blue = ybr[1] - 128;
    const double red = ybr[2] - 128;
    out[0] = clipped(ybr[0] + 1.402 * red);
    out[1] = clipped(ybr[0] - 0.344136286201022 * blue - 0.714136286201022 * red);
    out[2] = clipped(ybr[0] + 1.772 * blue);
}

void convertColour(const PixelFormat& format, ColourModel model, std::span<const std::byte> stored,
                   std::span<std::byte> out)
{
    const SampleType type = storedSampleType(format);
    const int shift = std::max(0, format.bitsStored - 8);
    for (std::size_t at = 0; at + 3 <= out.size(); at += 3) {
        std::array<double, 3> samples{};
        for (std::size_t c = 0; c < 3; ++c) {
            samples[c] = static_cast<double>(sampleAt(type, stored, at + c) >> shift);
        }
        if (model == ColourModel::ybr) {
            toRgb(samples, out.subspan(at, 3));
        } else {
            std::transform(samples.begin(), samples.end(), out.begin() + static_cast<std::ptrdiff_t>(at), clipped);
        }
    }
}

/// The bits that a palette's entries really use: some writers say 16 and fill 8.
int paletteShift(const std::array<LookupTable, 3>& palette)
{
    int shift = 0;
    for (const auto& table : palette) {
        const auto most = *std::max_element(table.entries.begin(), table.entries.end());
        shift = std::max(shift, most > 255 ? table.bits - 8 : 0);
    }
    return shift;
}

void convertPalette(const StoredFile& file, std::span<const std::byte> stored, std::span<std::byte> out)
{
    const SampleType type = storedSampleType(file.format);
    const int shift = paletteShift(file.palette);
    for (std::size_t i = 0; i * 3 + 3 <= out.size(); ++i) {
        const long value = sampleAt(type, stored, i);
        for (std::size_t c = 0; c < 3; ++c) {
            out[i * 3 + c] = static_cast<std::byte>(file.palette[c].at(value) >> shift);
        }
    }
}

void applyModalityLut(const StoredFile& file, std::span<const std::byte> stored, std::span<std::byte> out)
{
    const SampleType type = storedSampleType(file.format);
    for (std::size_t i = 0; i * 2 + 2 <= out.size(); ++i) {
        const std::uint16_t value = file.modalityLut.at(sampleAt(type, stored, i));
        std::memcpy(out.data() + i * 2, &value, 2);
    }
}

} // namespace

SampleType volumeSampleType(const StoredFile& file)
{
    if (isColour(file.format)) {
        return SampleType::rgb8;
    }
    return file.modalityLut.entries.empty() ? storedSampleType(file.format) : SampleType::u16;
}

bool canDecodeInPlace(const StoredFile& file)
{
    return !isColour(file.format) && file.modalityLut.entries.empty();
}

void convertFrame(const StoredFile& file, ColourModel model, std::span<const std::byte> stored,
                  std::span<std::byte> out)
{
    if (canDecodeInPlace(file)) {
        if (stored.data() != out.data()) {
            std::copy(stored.begin(), stored.end(), out.begin());
        }
    } else if (model == ColourModel::palette) {
        convertPalette(file, stored, out);
    } else if (file.format.samplesPerPixel == 3) {
        convertColour(file.format, model, stored, out);
    } else {
        applyModalityLut(file, stored, out);
    }
}

} // namespace icmoe
