#include "core/dicom/StoredValues.h"

#include "core/base/Sha256.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace icmoe {
namespace {

template<typename T>
void extend(std::span<const std::byte> bytes, double& minimum, double& maximum)
{
    for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
        T value{};
        std::memcpy(&value, bytes.data() + at, sizeof(T));
        minimum = std::min(minimum, static_cast<double>(value));
        maximum = std::max(maximum, static_cast<double>(value));
    }
}

void extend(SampleType type, std::span<const std::byte> bytes, double& minimum, double& maximum)
{
    switch (type) {
    case SampleType::u8:
    case SampleType::rgb8:
        return extend<std::uint8_t>(bytes, minimum, maximum);
    case SampleType::s8:
        return extend<std::int8_t>(bytes, minimum, maximum);
    case SampleType::u16:
        return extend<std::uint16_t>(bytes, minimum, maximum);
    case SampleType::s16:
        return extend<std::int16_t>(bytes, minimum, maximum);
    case SampleType::u32:
        return extend<std::uint32_t>(bytes, minimum, maximum);
    case SampleType::s32:
        return extend<std::int32_t>(bytes, minimum, maximum);
    case SampleType::f32:
        return extend<float>(bytes, minimum, maximum);
    case SampleType::f64:
        return extend<double>(bytes, minimum, maximum);
    }
}

struct Range {
    double minimum = std::numeric_limits<double>::infinity();
    double maximum = -std::numeric_limits<double>::infinity();
};

Range rangeOf(const StoredValues& values)
{
    Range range;
    extend(values.type, values.bytes, range.minimum, range.maximum);
    return range;
}

} // namespace

double StoredValues::minimum() const
{
    return rangeOf(*this).minimum;
}

double StoredValues::maximum() const
{
    return rangeOf(*this).maximum;
}

Result<StoredValues> storedFrameValues(const Instance& instance)
{
    std::shared_ptr<const StoredFile> file = instance.stored ? instance.stored->file : nullptr;
    if (!file) {
        auto header = readHeader(instance.file);
        if (!header) {
            return fail(header.error());
        }
        file = header->stored;
    }
    const PixelFormat& format = file->format;
    StoredValues values{.rows = format.rows,
                        .columns = format.columns,
                        .samplesPerPixel = format.samplesPerPixel,
                        .type = storedSampleType(format)};
    values.bytes.resize(storedFrameBytes(format));
    if (auto decoded = decodeStoredFrame(*file, instance.frame, values.bytes); !decoded) {
        return fail(decoded.error());
    }
    return values;
}

Result<StoredSummary> summarizeStoredValues(const std::filesystem::path& path)
{
    auto header = readHeader(path);
    if (!header) {
        return fail(header.error());
    }
    const StoredFile& file = *header->stored;
    if (header->kind == ObjectKind::directory) {
        return fail(ErrorCode::notAnImage, "not a picture: a DICOMDIR", path.string(),
                    "Open the pictures that it lists");
    }
    StoredSummary summary{.rows = file.format.rows,
                          .columns = file.format.columns,
                          .frames = file.scan.frames,
                          .transferSyntaxUid = file.scan.transferSyntaxUid};
    Range range;
    Sha256 hash;
    std::vector<std::byte> frame(storedFrameBytes(file.format));
    for (int i = 0; i < file.scan.frames; ++i) {
        if (auto decoded = decodeStoredFrame(file, i, frame); !decoded) {
            return fail(decoded.error());
        }
        extend(storedSampleType(file.format), frame, range.minimum, range.maximum);
        hash.update(frame);
    }
    summary.minimum = range.minimum;
    summary.maximum = range.maximum;
    summary.sha256 = hash.hex();
    return summary;
}

} // namespace icmoe
