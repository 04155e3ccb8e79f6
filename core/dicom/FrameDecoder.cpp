#include "core/dicom/FrameDecoder.h"
#include "core/dicom/ByteSource.h"
#include "core/dicom/Codings.h"
#include "core/dicom/Dcmtk.h"
#include "core/dicom/Jpeg2000.h"
#include "core/dicom/JpegHeader.h"
#include "core/dicom/StoredValues.h"

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace icmoe {
namespace {

static_assert(std::endian::native == std::endian::little, "byte order is swapped for big endian files only");

std::size_t sampleBytes(const PixelFormat& format)
{
    return bytesPerVoxel(storedSampleType(format));
}

std::size_t pixelCount(const PixelFormat& format)
{
    return static_cast<std::size_t>(format.rows) * static_cast<std::size_t>(format.columns);
}

std::string wherePixels(const StoredFile& file)
{
    return whereTag(file.file.string(), 0x7fe0, file.scan.pixels ? file.scan.pixels->element : 0x0010);
}

tl::unexpected<Error> damaged(const StoredFile& file, const std::string& message)
{
    return fail(ErrorCode::decodeFailed, message, wherePixels(file), "The file is damaged; get it again");
}

Status readAt(const StoredFile& file, ByteRange range, std::span<std::byte> out)
{
    auto source = openFileSource(file.file);
    if (!source) {
        return fail(source.error());
    }
    (*source)->seek(file.scan.deflated ? file.scan.dataSetOffset : range.offset);
    std::unique_ptr<ByteSource> inflating;
    ByteSource* from = source->get();
    if (file.scan.deflated) {
        inflating = inflatingSource(**source);
        inflating->skip(range.offset);
        from = inflating.get();
    }
    const std::size_t got = from->read(out);
    if (got < out.size()) {
        return fail(ErrorCode::truncatedFile,
                    "expected " + std::to_string(out.size()) + " bytes, found " + std::to_string(got),
                    wherePixels(file), "The file changed or is damaged; get it again");
    }
    return {};
}

// --- native pixels

void swapBytes(std::span<std::byte> bytes, std::size_t unit)
{
    for (std::size_t at = 0; at + unit <= bytes.size(); at += unit) {
        std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                     bytes.begin() + static_cast<std::ptrdiff_t>(at + unit));
    }
}

/// Unit in which a big endian file swapped its bytes.
std::size_t swapUnit(const StoredFile& file)
{
    if (!file.scan.bigEndian) {
        return 1;
    }
    return file.format.bitsAllocated > 8 ? sampleBytes(file.format) : file.scan.pixels->words ? 2 : 1;
}

Status readBits(const StoredFile& file, int frame, std::span<std::byte> out)
{
    const std::uint64_t firstBit = static_cast<std::uint64_t>(frame) * out.size();
    const ByteRange& all = file.scan.pixels->bytes;
    std::vector<std::byte> packed(static_cast<std::size_t>((firstBit + out.size() + 7) / 8 - firstBit / 8));
    if (auto read = readAt(file, {all.offset + firstBit / 8, packed.size()}, packed); !read) {
        return read;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t bit = firstBit % 8 + i;
        out[i] = (packed[bit / 8] >> (bit % 8)) & std::byte{1};
    }
    return {};
}

/// Y1 Y2 Cb Cr for two pixels becomes Y Cb Cr each.
void widen422(std::span<const std::byte> packed, std::span<std::byte> out)
{
    for (std::size_t pair = 0; pair * 4 + 4 <= packed.size() && pair * 6 + 6 <= out.size(); ++pair) {
        const auto in = packed.subspan(pair * 4, 4);
        const std::array<std::byte, 6> two{in[0], in[2], in[3], in[1], in[2], in[3]};
        std::copy(two.begin(), two.end(), out.begin() + static_cast<std::ptrdiff_t>(pair * 6));
    }
}

/// Planes of samples become samples side by side.
void interleavePlanes(std::span<std::byte> out, std::size_t samples, std::size_t unit)
{
    const std::vector<std::byte> planes(out.begin(), out.end());
    const std::size_t pixels = out.size() / samples / unit;
    for (std::size_t sample = 0; sample < samples; ++sample) {
        for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
            std::memcpy(out.data() + (pixel * samples + sample) * unit,
                        planes.data() + (sample * pixels + pixel) * unit, unit);
        }
    }
}

Status decodeNative(const StoredFile& file, int frame, std::span<std::byte> out)
{
    const PixelFormat& format = file.format;
    if (format.bitsAllocated == 1) {
        return readBits(file, frame, out);
    }
    const ByteRange& all = file.scan.pixels->bytes;
    const bool halved = format.photometric == "YBR_FULL_422" || format.photometric == "YBR_PARTIAL_422";
    const std::size_t length = halved ? out.size() / 3 * 2 : out.size();
    std::vector<std::byte> packed(halved ? length : 0);
    const std::span<std::byte> target = halved ? std::span<std::byte>(packed) : out;
    const std::size_t unit = swapUnit(file);
    const std::uint64_t start = static_cast<std::uint64_t>(frame) * length;
    if (unit == 2 && format.bitsAllocated == 8 && (start % 2 != 0 || length % 2 != 0)) {
        // An odd frame of bytes in swapped words: its ends share words with its neighbours.
        const std::uint64_t from = start / 2 * 2;
        std::vector<std::byte> words(
            static_cast<std::size_t>(std::min((start + length + 1) / 2 * 2, all.length) - from));
        if (auto read = readAt(file, {all.offset + from, words.size()}, words); !read) {
            return read;
        }
        swapBytes(words, 2);
        std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(start - from),
                    std::min(length, words.size() - static_cast<std::size_t>(start - from)), target.begin());
    } else {
        if (auto read = readAt(file, {all.offset + start, length}, target); !read) {
            return read;
        }
        if (unit > 1) {
            swapBytes(target, unit);
        }
    }
    if (halved) {
        widen422(packed, out);
    } else if (format.samplesPerPixel > 1 && format.planarConfiguration == 1) {
        interleavePlanes(out, static_cast<std::size_t>(format.samplesPerPixel), sampleBytes(format));
    }
    return {};
}

// --- compressed pixels

/// Fragments of one frame: one each, else by the offset table, else (a JPEG kind) by where a codestream starts.
Result<std::pair<std::size_t, std::size_t>> fragmentsOf(const StoredFile& file, int frame)
{
    const auto& place = *file.scan.pixels;
    const auto frames = static_cast<std::size_t>(file.scan.frames);
    const auto index = static_cast<std::size_t>(frame);
    if (frames == 1) {
        return std::pair{std::size_t{0}, place.fragments.size()};
    }
    if (place.fragments.size() == frames) {
        return std::pair{index, index + 1};
    }
    const auto at = [&](std::uint64_t offset) -> std::optional<std::size_t> {
        const std::uint64_t start =
            place.fragments.front().offset + offset; // both count from the first item tag, 8 bytes before its bytes
        const auto found = std::find_if(place.fragments.begin(), place.fragments.end(),
                                        [&](const ByteRange& range) { return range.offset == start; });
        return found == place.fragments.end()
                   ? std::nullopt
                   : std::optional(static_cast<std::size_t>(found - place.fragments.begin()));
    };
    if (place.frameOffsets.size() == frames) {
        const auto first = at(place.frameOffsets[index]);
        const auto last =
            index + 1 < frames ? at(place.frameOffsets[index + 1]) : std::optional(place.fragments.size());
        if (first && last && *first < *last) {
            return std::pair{*first, *last};
        }
        return damaged(file, "the offset table points between fragments");
    }
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i < place.fragments.size(); ++i) {
        std::array<std::byte, 2> marker{};
        if (place.fragments[i].length < 2 || !readAt(file, {place.fragments[i].offset, 2}, marker)) {
            continue;
        }
        const bool starts2000 = marker[0] == std::byte{0xff} && marker[1] == std::byte{0x4f};
        if (starts2000 || (marker[0] == std::byte{0xff} && marker[1] == std::byte{0xd8})) {
            starts.push_back(i);
        }
    }
    if (starts.size() != frames) {
        return damaged(file, "which of " + std::to_string(place.fragments.size()) + " fragments belong to which of " +
                                 std::to_string(frames) + " frames is not told");
    }
    return std::pair{starts[index], index + 1 < frames ? starts[index + 1] : place.fragments.size()};
}

Result<std::vector<std::byte>> bitstreamOf(const StoredFile& file, int frame)
{
    const auto range = fragmentsOf(file, frame);
    if (!range) {
        return fail(range.error());
    }
    const auto& fragments = file.scan.pixels->fragments;
    std::uint64_t total = 0;
    for (std::size_t i = range->first; i < range->second; ++i) {
        total += fragments[i].length;
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(total)); // the pre-scan has seen these bytes in the file
    std::size_t at = 0;
    for (std::size_t i = range->first; i < range->second; ++i) {
        const auto length = static_cast<std::size_t>(fragments[i].length);
        if (auto read = readAt(file, fragments[i], std::span(bytes).subspan(at, length)); !read) {
            return fail(read.error());
        }
        at += length;
    }
    return bytes;
}

/// One frame as a data set of its own, so that DCMTK's codecs can be used from any thread.
Status decodeByDcmtk(const StoredFile& file, std::vector<std::byte>& bitstream, std::span<std::byte> out)
{
    initializeDcmtk();
    const PixelFormat& format = file.format;
    DcmDataset dataset;
    const auto set = [&](const DcmTagKey& tag, int value) {
        dataset.putAndInsertUint16(tag, static_cast<Uint16>(value));
    };
    set(DCM_Rows, format.rows);
    set(DCM_Columns, format.columns);
    set(DCM_SamplesPerPixel, format.samplesPerPixel);
    set(DCM_BitsAllocated, format.bitsAllocated);
    set(DCM_BitsStored, format.bitsStored);
    set(DCM_HighBit, format.highBit);
    set(DCM_PixelRepresentation, format.isSigned ? 1 : 0);
    set(DCM_PlanarConfiguration, 0);
    dataset.putAndInsertString(DCM_PhotometricInterpretation, format.photometric.c_str());
    dataset.putAndInsertString(DCM_NumberOfFrames, "1");

    bitstream.resize(bitstream.size() + bitstream.size() % 2);
    auto sequence = std::make_unique<DcmPixelSequence>(DcmTag(DCM_PixelData, EVR_OB));
    auto table = std::make_unique<DcmPixelItem>(DcmTag(DCM_Item, EVR_OB));
    auto fragment = std::make_unique<DcmPixelItem>(DcmTag(DCM_Item, EVR_OB));
    fragment->putUint8Array(reinterpret_cast<const Uint8*>(bitstream.data()),
                            static_cast<unsigned long>(bitstream.size()));
    sequence->insert(table.release());
    sequence->insert(fragment.release());
    auto pixels = std::make_unique<DcmPixelData>(DCM_PixelData);
    const E_TransferSyntax syntax = DcmXfer(file.scan.transferSyntaxUid.c_str()).getXfer();
    pixels->putOriginalRepresentation(syntax, nullptr, sequence.release());
    DcmPixelData* const decoder = pixels.get();
    if (dataset.insert(pixels.release(), true).bad()) {
        return damaged(file, "the fragment cannot be read");
    }

    std::vector<std::byte> frame(out.size() + out.size() % 2);
    Uint32 first = 0;
    OFString colourModel;
    const OFCondition decoded =
        decoder->getUncompressedFrame(&dataset, 0, first, frame.data(), static_cast<Uint32>(frame.size()), colourModel);
    if (decoded.bad()) {
        return damaged(file, std::string("the pixels cannot be decoded: ") + decoded.text());
    }
    std::copy_n(frame.begin(), out.size(), out.begin());
    return {};
}

/// A JPEG kind names its size itself: it is held against the data set's before a decoder allocates by it.
Status checkJpegSize(const StoredFile& file, const std::optional<JpegHeader>& header)
{
    if (!header) {
        return damaged(file, "the compressed picture has no frame header");
    }
    const PixelFormat& format = file.format;
    const int bytesNeeded = header->precision > 8 ? 2 : 1;
    if (header->columns != format.columns || header->rows != format.rows ||
        header->components != format.samplesPerPixel || bytesNeeded * 8 > format.bitsAllocated) {
        return damaged(file, "expected " + std::to_string(format.columns) + " × " + std::to_string(format.rows) +
                                 " pixels of " + std::to_string(format.samplesPerPixel) + " × " +
                                 std::to_string(format.bitsAllocated) + " bits, found " +
                                 std::to_string(header->columns) + " × " + std::to_string(header->rows) + " of " +
                                 std::to_string(header->components) + " × " + std::to_string(header->precision) +
                                 " in the compressed picture");
    }
    return {};
}

/// What the data set says about the samples.
ColourModel statedModel(const PixelFormat& format)
{
    if (format.samplesPerPixel == 3) {
        return format.photometric == "RGB" ? ColourModel::rgb : ColourModel::ybr;
    }
    return format.photometric == "PALETTE COLOR" ? ColourModel::palette : ColourModel::grey;
}

/// Lossy JPEG pictures carry marks of their own, which tell more than the data set.
ColourModel jpegModel(const JpegHeader& header, ColourModel stated)
{
    if (header.components != 3) {
        return stated;
    }
    if (header.adobeTransform) {
        return *header.adobeTransform == 0 ? ColourModel::rgb : ColourModel::ybr;
    }
    return header.hasJfif ? ColourModel::ybr : stated;
}

Result<ColourModel> decodeCompressed(const StoredFile& file, int frame, std::span<std::byte> out)
{
    auto bitstream = bitstreamOf(file, frame);
    if (!bitstream) {
        return fail(bitstream.error());
    }
    const Coding coding = codingOf(file.scan.transferSyntaxUid);
    ColourModel model = statedModel(file.format);
    if (coding == Coding::jpeg2000) {
        if (auto decoded = decodeJpeg2000(*bitstream, file.format, out); !decoded) {
            return damaged(file, decoded.error().message);
        }
        const auto& photometric = file.format.photometric; // the decoder has undone these two
        return photometric == "YBR_ICT" || photometric == "YBR_RCT" ? ColourModel::rgb : model;
    }
    if (coding == Coding::jpeg || coding == Coding::jpegLs) {
        const auto header = readJpegHeader(*bitstream);
        if (auto checked = checkJpegSize(file, header); !checked) {
            return fail(checked.error());
        }
        if (coding == Coding::jpeg && isLossy(file.scan.transferSyntaxUid)) {
            model = jpegModel(*header, model);
        }
    }
    if (auto decoded = decodeByDcmtk(file, *bitstream, out); !decoded) {
        return fail(decoded.error());
    }
    return model;
}

// --- unused bits

template<typename T>
void cleanBits(std::span<std::byte> bytes, int shift, int bits)
{
    const int up = static_cast<int>(sizeof(T)) * 8 - bits;
    for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
        std::make_unsigned_t<T> raw{};
        std::memcpy(&raw, bytes.data() + at, sizeof(T));
        const auto moved =
            static_cast<std::make_unsigned_t<T>>(static_cast<std::make_unsigned_t<T>>(raw >> shift) << up);
        const auto value = static_cast<T>(static_cast<T>(moved) >> up); // arithmetic for signed types
        std::memcpy(bytes.data() + at, &value, sizeof(T));
    }
}

void cleanUnusedBits(const PixelFormat& format, std::span<std::byte> out)
{
    const int shift = format.highBit + 1 - format.bitsStored;
    if (format.isFloat || format.bitsAllocated == 1 || (format.bitsStored == format.bitsAllocated && shift == 0)) {
        return;
    }
    switch (storedSampleType(format)) {
    case SampleType::u8:
        return cleanBits<std::uint8_t>(out, shift, format.bitsStored);
    case SampleType::s8:
        return cleanBits<std::int8_t>(out, shift, format.bitsStored);
    case SampleType::u16:
        return cleanBits<std::uint16_t>(out, shift, format.bitsStored);
    case SampleType::s16:
        return cleanBits<std::int16_t>(out, shift, format.bitsStored);
    case SampleType::u32:
        return cleanBits<std::uint32_t>(out, shift, format.bitsStored);
    case SampleType::s32:
        return cleanBits<std::int32_t>(out, shift, format.bitsStored);
    default:
        return;
    }
}

} // namespace

std::size_t storedFrameBytes(const PixelFormat& format)
{
    return pixelCount(format) * static_cast<std::size_t>(format.samplesPerPixel) * sampleBytes(format);
}

Result<ColourModel> decodeFrame(const StoredFile& file, int frame, std::span<std::byte> out)
{
    if (!file.scan.pixels || frame < 0 || frame >= file.scan.frames) {
        return fail(ErrorCode::outOfRange,
                    "expected a frame below " + std::to_string(file.scan.frames) + ", found " + std::to_string(frame),
                    wherePixels(file));
    }
    if (out.size() != storedFrameBytes(file.format)) {
        return fail(ErrorCode::invalidArgument, "the space for a frame has the wrong size", wherePixels(file));
    }
    const bool isNative = !file.scan.pixels->encapsulated;
    if (isNative != (codingOf(file.scan.transferSyntaxUid) == Coding::native)) {
        return fail(ErrorCode::malformedFile, "the pixels are not coded as the transfer syntax says", wherePixels(file),
                    "Get the file again");
    }
    auto model = isNative ? decodeNative(file, frame, out).map([&] { return statedModel(file.format); })
                          : decodeCompressed(file, frame, out);
    if (model) {
        cleanUnusedBits(file.format, out);
    }
    return model;
}

Status decodeStoredFrame(const StoredFile& file, int frame, std::span<std::byte> out)
{
    return decodeFrame(file, frame, out).map([](ColourModel) {});
}

} // namespace icmoe
