#include "core/formats/Jpeg.h"

#include "core/base/AtomicFile.h"

#include <csetjmp>
#include <cstdio> // jpeglib.h needs FILE
#include <jerror.h>
#include <jpeglib.h>
#include <span>

namespace icmoe {
namespace {

constexpr std::size_t kLargestFile = std::size_t{1} << 30;
constexpr std::uint64_t kLargestPicture = std::uint64_t{1} << 31;
constexpr std::uint64_t kBestRatio = 8192; // beyond what a Huffman coded picture shrinks
constexpr int kMostScans = 500;            // a progressive file has about ten

/// libjpeg leaves errors by longjmp, so whatever lives across a call of it is held here, outside the frame that is
/// left.
struct Reading {
    jpeg_decompress_struct info = {};
    jpeg_error_mgr errors = {};
    jpeg_progress_mgr progress = {};
    std::jmp_buf leave = {};
    bool created = false;
    bool ended = false;   ///< data end early
    bool damaged = false; ///< a scan ends early
    char error[JMSG_LENGTH_MAX] = {};
    JpegPicture picture;
    ~Reading()
    {
        if (created) {
            jpeg_destroy_decompress(&info);
        }
    }
};

[[noreturn]] void onError(j_common_ptr info)
{
    auto& job = *static_cast<Reading*>(info->client_data);
    info->err->format_message(info, job.error);
    std::longjmp(job.leave, 1);
}

void onMessage(j_common_ptr info, int level)
{
    auto& job = *static_cast<Reading*>(info->client_data);
    if (level < 0) {
        job.ended = job.ended || info->err->msg_code == JWRN_JPEG_EOF;
        job.damaged =
            job.damaged || info->err->msg_code == JWRN_HIT_MARKER || info->err->msg_code == JWRN_HUFF_BAD_CODE;
    }
}

void onProgress(j_common_ptr info)
{
    auto& job = *static_cast<Reading*>(info->client_data);
    if (job.info.input_scan_number > kMostScans) {
        ERREXIT(&job.info, JERR_BAD_PROGRESSION);
    }
}

bool readHeader(Reading& job, std::span<const std::byte> bytes)
{
    if (setjmp(job.leave) != 0) {
        return false;
    }
    job.info.err = jpeg_std_error(&job.errors);
    job.errors.error_exit = onError;
    job.errors.emit_message = onMessage;
    job.info.client_data = &job;
    jpeg_create_decompress(&job.info);
    job.created = true;
    job.progress.progress_monitor = onProgress;
    job.info.progress = &job.progress;
    jpeg_mem_src(&job.info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&job.info, TRUE);
    job.info.out_color_space = job.info.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    return true;
}

bool readRows(Reading& job)
{
    if (setjmp(job.leave) != 0) {
        return false;
    }
    jpeg_start_decompress(&job.info);
    while (job.info.output_scanline < job.info.output_height) {
        JSAMPROW row = reinterpret_cast<JSAMPROW>(job.picture.pixels.data()) +
                       std::size_t{job.info.output_scanline} * job.info.output_width *
                           static_cast<std::size_t>(job.info.output_components);
        jpeg_read_scanlines(&job.info, &row, 1);
    }
    jpeg_finish_decompress(&job.info);
    return true;
}

} // namespace

Result<JpegPicture> readJpeg(const std::filesystem::path& path, bool headerOnly)
{
    const auto bytes = readWholeFile(path, kLargestFile);
    if (!bytes) {
        return fail(bytes.error());
    }
    if (bytes->size() < 3 || (*bytes)[0] != std::byte{0xff} || (*bytes)[1] != std::byte{0xd8} ||
        (*bytes)[2] != std::byte{0xff}) {
        return fail(ErrorCode::unknownFormat, "the JPEG signature is missing", path.string());
    }
    const auto error = [&path](const Reading& job) {
        return fail(job.ended ? ErrorCode::truncatedFile : ErrorCode::decodeFailed,
                    std::string("JPEG: ") + (job.ended ? "the file ends before its picture is complete" : job.error),
                    path.string(), "Copy the file again");
    };
    Reading job;
    if (!readHeader(job, *bytes)) {
        return error(job);
    }
    const auto space = job.info.jpeg_color_space;
    if (space != JCS_GRAYSCALE && space != JCS_YCbCr && space != JCS_RGB) {
        return fail(ErrorCode::unsupportedPixels, "CMYK and YCCK pictures are not supported", path.string(),
                    "Save the picture as RGB");
    }
    job.picture.width = static_cast<int>(job.info.image_width);
    job.picture.height = static_cast<int>(job.info.image_height);
    job.picture.type = space == JCS_GRAYSCALE ? SampleType::u8 : SampleType::rgb8;
    if (headerOnly) {
        return std::move(job.picture);
    }
    const std::uint64_t promised = static_cast<std::uint64_t>(job.picture.width) *
                                   static_cast<std::uint64_t>(job.picture.height) * bytesPerVoxel(job.picture.type);
    if (promised > kLargestPicture) {
        return fail(ErrorCode::limitExceeded, "the picture has more than 2 GiB", path.string() + ", marker SOF");
    }
    if (promised > bytes->size() * kBestRatio) {
        return fail(ErrorCode::truncatedFile,
                    "the header promises " + std::to_string(promised) + " bytes, the file has " +
                        std::to_string(bytes->size()),
                    path.string() + ", marker SOF", "Copy the file again");
    }
    job.picture.pixels.resize(static_cast<std::size_t>(promised));
    if (!readRows(job) || job.ended) {
        return error(job);
    }
    if (job.damaged) {
        return fail(ErrorCode::decodeFailed, "JPEG: a scan is damaged", path.string(), "Copy the file again");
    }
    return std::move(job.picture);
}

} // namespace icmoe
