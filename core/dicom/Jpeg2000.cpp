#include "core/dicom/Jpeg2000.h"

#include <openjpeg.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

namespace icmoe {
namespace {

struct MemoryStream {
    std::span<const std::byte> bytes;
    std::size_t position = 0;
};

OPJ_SIZE_T readSome(void* buffer, OPJ_SIZE_T count, void* user)
{
    auto& stream = *static_cast<MemoryStream*>(user);
    const std::size_t take = std::min<std::size_t>(count, stream.bytes.size() - stream.position);
    if (take == 0) {
        return static_cast<OPJ_SIZE_T>(-1);
    }
    std::memcpy(buffer, stream.bytes.data() + stream.position, take);
    stream.position += take;
    return take;
}

OPJ_OFF_T skipSome(OPJ_OFF_T count, void* user)
{
    auto& stream = *static_cast<MemoryStream*>(user);
    if (count < 0) {
        return -1;
    }
    const auto take = std::min(static_cast<std::size_t>(count), stream.bytes.size() - stream.position);
    stream.position += take;
    return static_cast<OPJ_OFF_T>(take);
}

OPJ_BOOL seekTo(OPJ_OFF_T position, void* user)
{
    auto& stream = *static_cast<MemoryStream*>(user);
    if (position < 0 || static_cast<std::size_t>(position) > stream.bytes.size()) {
        return OPJ_FALSE;
    }
    stream.position = static_cast<std::size_t>(position);
    return OPJ_TRUE;
}

struct CodecDeleter {
    void operator()(opj_codec_t* codec) const { opj_destroy_codec(codec); }
};
struct StreamDeleter {
    void operator()(opj_stream_t* stream) const { opj_stream_destroy(stream); }
};
struct ImageDeleter {
    void operator()(opj_image_t* image) const { opj_image_destroy(image); }
};

tl::unexpected<Error> refuse(std::string message)
{
    return fail(ErrorCode::decodeFailed, "JPEG 2000: " + std::move(message), {}, "The file is damaged; get it again");
}

Status checkSize(const opj_image_t& image, const PixelFormat& format)
{
    if (image.numcomps != static_cast<OPJ_UINT32>(format.samplesPerPixel)) {
        return refuse("expected " + std::to_string(format.samplesPerPixel) + " components, found " +
                      std::to_string(image.numcomps));
    }
    for (OPJ_UINT32 c = 0; c < image.numcomps; ++c) {
        const auto& component = image.comps[c];
        if (component.dx == 0 || component.dy == 0 || component.prec > static_cast<OPJ_UINT32>(format.bitsAllocated)) {
            return refuse("a component does not fit into " + std::to_string(format.bitsAllocated) + " bits");
        }
    }
    const auto width = image.x1 - image.x0;
    const auto height = image.y1 - image.y0;
    if (image.x1 < image.x0 || image.y1 < image.y0 || width != static_cast<OPJ_UINT32>(format.columns) ||
        height != static_cast<OPJ_UINT32>(format.rows)) {
        return refuse("expected " + std::to_string(format.columns) + " × " + std::to_string(format.rows) +
                      " pixels, found " + std::to_string(width) + " × " + std::to_string(height));
    }
    return {};
}

/// Components may be smaller than the picture (chroma at half size): nearest sample.
template<typename T>
void interleave(const opj_image_t& image, const PixelFormat& format, std::span<std::byte> out)
{
    const auto samples = static_cast<std::size_t>(format.samplesPerPixel);
    const auto columns = static_cast<std::size_t>(format.columns);
    for (std::size_t c = 0; c < samples; ++c) {
        const auto& component = image.comps[c];
        for (std::size_t y = 0; y < static_cast<std::size_t>(format.rows); ++y) {
            const std::size_t sourceRow = std::min<std::size_t>(y / component.dy, component.h - 1) * component.w;
            for (std::size_t x = 0; x < columns; ++x) {
                const std::size_t source = sourceRow + std::min<std::size_t>(x / component.dx, component.w - 1);
                const auto value = static_cast<T>(component.data[source]);
                std::memcpy(out.data() + ((y * columns + x) * samples + c) * sizeof(T), &value, sizeof(T));
            }
        }
    }
}

} // namespace

Status decodeJpeg2000(std::span<const std::byte> codestream, const PixelFormat& format, std::span<std::byte> out)
{
    static constexpr std::array<unsigned char, 8> jp2{0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20};
    const bool isJp2 = codestream.size() > jp2.size() && std::memcmp(codestream.data(), jp2.data(), jp2.size()) == 0;
    const std::unique_ptr<opj_codec_t, CodecDeleter> codec(
        opj_create_decompress(isJp2 ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K));
    const std::unique_ptr<opj_stream_t, StreamDeleter> stream(
        opj_stream_create(std::max<std::size_t>(codestream.size(), 64), OPJ_TRUE));
    if (!codec || !stream) {
        return refuse("no decoder");
    }
    MemoryStream memory{codestream};
    opj_stream_set_user_data(stream.get(), &memory, nullptr);
    opj_stream_set_user_data_length(stream.get(), codestream.size());
    opj_stream_set_read_function(stream.get(), readSome);
    opj_stream_set_skip_function(stream.get(), skipSome);
    opj_stream_set_seek_function(stream.get(), seekTo);
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    if (opj_setup_decoder(codec.get(), &parameters) == OPJ_FALSE) {
        return refuse("no decoder");
    }
    opj_image_t* raw = nullptr;
    const bool headed = opj_read_header(stream.get(), codec.get(), &raw) == OPJ_TRUE;
    const std::unique_ptr<opj_image_t, ImageDeleter> image(raw);
    if (!headed || !image) {
        return refuse("the header cannot be read");
    }
    if (auto fits = checkSize(*image, format); !fits) {
        return fits;
    }
    if (opj_decode(codec.get(), stream.get(), image.get()) == OPJ_FALSE) {
        return refuse("the codestream is damaged");
    }
    for (OPJ_UINT32 c = 0; c < image->numcomps; ++c) {
        if (image->comps[c].data == nullptr || image->comps[c].w == 0 || image->comps[c].h == 0) {
            return refuse("a component has no samples");
        }
    }
    const int bits = format.bitsAllocated;
    bits <= 8    ? interleave<std::uint8_t>(*image, format, out)
    : bits <= 16 ? interleave<std::uint16_t>(*image, format, out)
                 : interleave<std::uint32_t>(*image, format, out);
    return {};
}

} // namespace icmoe
