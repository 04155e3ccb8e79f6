#include "core/formats/Png.h"

#include "core/base/AtomicFile.h"

#include <csetjmp>
#include <cstring>
#include <limits>
#include <png.h>
#include <span>

namespace icmoe {
namespace {

constexpr std::size_t kLargestFile = std::size_t{1} << 30;
constexpr std::uint64_t kLargestPicture = std::uint64_t{1} << 32;
constexpr std::uint64_t kDeflateLimit = 1032;

/// libpng leaves errors by longjmp, so whatever lives across a call of it is held here, outside the frame that is left.
struct Reading {
    png_structp png = nullptr;
    png_infop info = nullptr;
    std::span<const std::byte> bytes;
    std::size_t at = 0;
    bool ended = false;
    std::string error;
    PngPicture picture;
    std::vector<png_bytep> rows;
    ~Reading() { png_destroy_read_struct(&png, &info, nullptr); }
};

struct Writing {
    png_structp png = nullptr;
    png_infop info = nullptr;
    std::string error;
    std::vector<std::byte> bytes;
    std::vector<png_color> palette;
    std::vector<png_text> texts;
    ~Writing() { png_destroy_write_struct(&png, &info); }
};

template<typename Job>
[[noreturn]] void onError(png_structp png, png_const_charp message)
{
    static_cast<Job*>(png_get_error_ptr(png))->error = message;
    png_longjmp(png, 1);
}

void onWarning(png_structp /*png*/, png_const_charp /*message*/) {}

void onRead(png_structp png, png_bytep out, std::size_t count)
{
    auto& job = *static_cast<Reading*>(png_get_io_ptr(png));
    if (count > job.bytes.size() - job.at) {
        job.ended = true;
        png_error(png, "the file ends before its last chunk");
    }
    std::memcpy(out, job.bytes.data() + job.at, count);
    job.at += count;
}

void onWrite(png_structp png, png_bytep data, std::size_t count)
{
    auto& job = *static_cast<Writing*>(png_get_io_ptr(png));
    const auto* first = reinterpret_cast<const std::byte*>(data);
    job.bytes.insert(job.bytes.end(), first, first + count);
}

void onFlush(png_structp /*png*/) {}

bool readHeader(Reading& job)
{
    if (setjmp(png_jmpbuf(job.png)) != 0) {
        return false;
    }
    png_set_user_limits(job.png, 1'000'000, 1'000'000);
    png_set_chunk_malloc_max(job.png, 8U << 20);
    png_set_chunk_cache_max(job.png, 64);
    png_set_read_fn(job.png, &job, onRead);
    png_read_info(job.png, job.info);
    return true;
}

bool setTransforms(Reading& job, PngReading reading)
{
    if (setjmp(png_jmpbuf(job.png)) != 0) {
        return false;
    }
    const int colours = png_get_color_type(job.png, job.info);
    const int depth = png_get_bit_depth(job.png, job.info);
    if (reading == PngReading::indices) {
        png_set_packing(job.png);
    } else if (colours == PNG_COLOR_TYPE_PALETTE) {
        png_set_palette_to_rgb(job.png);
    } else if (colours == PNG_COLOR_TYPE_GRAY && depth < 8) {
        png_set_expand_gray_1_2_4_to_8(job.png);
    }
    if ((colours & PNG_COLOR_MASK_COLOR) != 0 && depth == 16) {
        png_set_scale_16(job.png);
    } else if (depth == 16) {
        png_set_swap(job.png);
    }
    png_set_strip_alpha(job.png);
    png_set_interlace_handling(job.png);
    png_read_update_info(job.png, job.info);
    return true;
}

bool readRows(Reading& job)
{
    if (setjmp(png_jmpbuf(job.png)) != 0) {
        return false;
    }
    png_read_image(job.png, job.rows.data());
    png_read_end(job.png, job.info);
    return true;
}

void describe(Reading& job, PngReading reading)
{
    const int colours = png_get_color_type(job.png, job.info);
    PngPicture& picture = job.picture;
    picture.width = static_cast<int>(png_get_image_width(job.png, job.info));
    picture.height = static_cast<int>(png_get_image_height(job.png, job.info));
    picture.indexed = colours == PNG_COLOR_TYPE_PALETTE && reading == PngReading::indices;
    const bool colour = (colours & PNG_COLOR_MASK_COLOR) != 0 && !picture.indexed;
    picture.type = colour                                       ? SampleType::rgb8
                   : png_get_bit_depth(job.png, job.info) == 16 ? SampleType::u16
                                                                : SampleType::u8;
    png_colorp palette = nullptr;
    int count = 0;
    if (picture.indexed && png_get_PLTE(job.png, job.info, &palette, &count) != 0) {
        for (int n = 0; n < count; ++n) {
            picture.palette.push_back({palette[n].red, palette[n].green, palette[n].blue});
        }
    }
}

void collectTexts(Reading& job)
{
    png_textp texts = nullptr;
    int count = 0;
    png_get_text(job.png, job.info, &texts, &count);
    for (int n = 0; n < count; ++n) {
        const std::size_t length = texts[n].compression > 0 ? texts[n].itxt_length : texts[n].text_length;
        job.picture.texts[texts[n].key] = texts[n].text != nullptr ? std::string(texts[n].text, length) : std::string{};
    }
}

tl::unexpected<Error> readError(const Reading& job, const std::filesystem::path& path)
{
    return fail(job.ended ? ErrorCode::truncatedFile : ErrorCode::decodeFailed, "PNG: " + job.error, path.string(),
                "Copy the file again");
}

} // namespace

Result<PngPicture> readPng(const std::filesystem::path& path, PngReading reading)
{
    const auto bytes = readWholeFile(path, kLargestFile);
    if (!bytes) {
        return fail(bytes.error());
    }
    if (bytes->size() < 8 || png_sig_cmp(reinterpret_cast<png_const_bytep>(bytes->data()), 0, 8) != 0) {
        return fail(ErrorCode::unknownFormat, "the PNG signature is missing", path.string());
    }
    Reading job;
    job.bytes = *bytes;
    job.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job, onError<Reading>, onWarning);
    job.info = job.png != nullptr ? png_create_info_struct(job.png) : nullptr;
    if (job.info == nullptr) {
        return fail(ErrorCode::internal, "libpng could not start", path.string());
    }
    if (!readHeader(job)) {
        return readError(job, path);
    }
    describe(job, reading);
    if (reading == PngReading::headerOnly) {
        return std::move(job.picture);
    }
    const std::uint64_t promised = static_cast<std::uint64_t>(job.picture.width) *
                                   static_cast<std::uint64_t>(job.picture.height) * bytesPerVoxel(job.picture.type);
    if (promised > kLargestPicture) {
        return fail(ErrorCode::limitExceeded, "the picture has more than 4 GiB", path.string() + ", chunk IHDR");
    }
    // An indexed or 1-bit picture unpacks to 24 times its samples.
    if (promised / 24 > bytes->size() * kDeflateLimit) {
        return fail(ErrorCode::truncatedFile,
                    "the header promises " + std::to_string(promised) + " bytes, the file has " +
                        std::to_string(bytes->size()),
                    path.string() + ", chunk IHDR", "Copy the file again");
    }
    if (!setTransforms(job, reading)) {
        return readError(job, path);
    }
    const std::size_t rowBytes = static_cast<std::size_t>(job.picture.width) * bytesPerVoxel(job.picture.type);
    if (png_get_rowbytes(job.png, job.info) != rowBytes) {
        return fail(ErrorCode::unsupportedPixels, "PNG: the layout of the samples is not supported", path.string());
    }
    job.picture.pixels.resize(static_cast<std::size_t>(promised));
    job.rows.resize(static_cast<std::size_t>(job.picture.height));
    for (std::size_t row = 0; row < job.rows.size(); ++row) {
        job.rows[row] = reinterpret_cast<png_bytep>(job.picture.pixels.data() + row * rowBytes);
    }
    if (!readRows(job)) {
        return readError(job, path);
    }
    collectTexts(job);
    return std::move(job.picture);
}

namespace {

bool write(Writing& job, const PngPicture& picture)
{
    if (setjmp(png_jmpbuf(job.png)) != 0) {
        return false;
    }
    png_set_write_fn(job.png, &job, onWrite, onFlush);
    png_set_IHDR(job.png, job.info, static_cast<png_uint_32>(picture.width), static_cast<png_uint_32>(picture.height),
                 8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(job.png, job.info, job.palette.data(), static_cast<int>(job.palette.size()));
    png_set_text(job.png, job.info, job.texts.data(), static_cast<int>(job.texts.size()));
    png_write_info(job.png, job.info);
    for (int row = 0; row < picture.height; ++row) {
        png_write_row(job.png, reinterpret_cast<png_const_bytep>(picture.pixels.data()) +
                                   static_cast<std::size_t>(row) * static_cast<std::size_t>(picture.width));
    }
    png_write_end(job.png, nullptr);
    return true;
}

} // namespace

Result<std::vector<std::byte>> encodeIndexedPng(const PngPicture& picture)
{
    const std::size_t pixels = static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height);
    if (picture.width < 1 || picture.height < 1 || picture.pixels.size() != pixels || picture.palette.empty() ||
        picture.palette.size() > 256) {
        return fail(ErrorCode::invalidArgument, "an indexed picture needs pixels and 1 to 256 colours");
    }
    Writing job;
    job.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &job, onError<Writing>, onWarning);
    job.info = job.png != nullptr ? png_create_info_struct(job.png) : nullptr;
    if (job.info == nullptr) {
        return fail(ErrorCode::internal, "libpng could not start");
    }
    for (const Colour& colour : picture.palette) {
        job.palette.push_back({colour.red, colour.green, colour.blue});
    }
    std::vector<std::pair<std::string, std::string>> texts(picture.texts.begin(), picture.texts.end());
    for (auto& [key, text] : texts) {
        png_text entry = {};
        entry.compression = PNG_ITXT_COMPRESSION_NONE;
        entry.key = key.data();
        entry.text = text.data();
        entry.itxt_length = text.size();
        job.texts.push_back(entry);
    }
    if (!write(job, picture)) {
        return fail(ErrorCode::writeFailed, "PNG: " + job.error);
    }
    return std::move(job.bytes);
}

} // namespace icmoe
