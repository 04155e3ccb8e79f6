#pragma once

#include "core/image/Vec3.h"
#include "core/study/Study.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nifti/nifti1.h>
#include <span>
#include <string>
#include <vector>
#include <zlib.h>

// Small files of the formats, written by hand, so that the readers are not tested against the writers of the same
// program.
namespace icmoe::test {

using Bytes = std::vector<std::byte>;

inline void append(Bytes& bytes, const void* data, std::size_t size)
{
    const auto* first = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), first, first + size);
}

inline Bytes bytesOfText(const std::string& text)
{
    Bytes bytes;
    append(bytes, text.data(), text.size());
    return bytes;
}

template<typename T>
Bytes bytesOfValues(const std::vector<T>& values)
{
    Bytes bytes;
    append(bytes, values.data(), values.size() * sizeof(T));
    return bytes;
}

inline void writeBytes(const std::filesystem::path& path, const Bytes& bytes)
{
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

inline Bytes readBytes(const std::filesystem::path& path)
{
    std::ifstream in(path, std::ios::binary);
    return bytesOfText(std::string(std::istreambuf_iterator<char>(in), {}));
}

inline Bytes gzipped(const Bytes& bytes)
{
    z_stream stream = {};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    Bytes out(deflateBound(&stream, bytes.size()) + 64);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

/// A NIfTI-1 header with an sform: rows of the matrix in RAS.
inline nifti_1_header niftiHeader(std::array<short, 4> size, short datatype, short bits,
                                  const std::array<std::array<float, 4>, 3>& sform = {
                                      {{2, 0, 0, 10}, {0, 3, 0, 20}, {0, 0, 4, 30}}})
{
    nifti_1_header header = {};
    header.sizeof_hdr = 348;
    header.dim[0] = size[3] > 1 ? 4 : 3;
    for (std::size_t n = 0; n < 4; ++n) {
        header.dim[n + 1] = size[n];
        header.pixdim[n + 1] = 1;
    }
    header.pixdim[0] = 1;
    header.datatype = datatype;
    header.bitpix = bits;
    header.vox_offset = 352;
    header.sform_code = 1;
    std::memcpy(header.srow_x, sform[0].data(), sizeof(header.srow_x));
    std::memcpy(header.srow_y, sform[1].data(), sizeof(header.srow_y));
    std::memcpy(header.srow_z, sform[2].data(), sizeof(header.srow_z));
    header.xyzt_units = NIFTI_UNITS_MM;
    std::memcpy(header.magic, "n+1", 4);
    return header;
}

inline Bytes niftiFile(const nifti_1_header& header, const Bytes& samples)
{
    Bytes bytes;
    append(bytes, &header, sizeof(header));
    bytes.resize(352);
    bytes.insert(bytes.end(), samples.begin(), samples.end());
    return bytes;
}

inline void appendBigEndian(Bytes& bytes, std::uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<std::byte>((value >> shift) & 0xff));
    }
}

inline void appendChunk(Bytes& png, const std::string& type, const Bytes& data)
{
    appendBigEndian(png, static_cast<std::uint32_t>(data.size()));
    Bytes body = bytesOfText(type);
    body.insert(body.end(), data.begin(), data.end());
    png.insert(png.end(), body.begin(), body.end());
    appendBigEndian(png, static_cast<std::uint32_t>(
                             crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()))));
}

/// `rows`: packed samples without filter bytes. Colour types of the standard: 0 grey, 2 RGB, 3 palette, 4 grey + alpha,
/// 6 RGBA.
inline Bytes pngFile(std::uint32_t width, std::uint32_t height, int bits, int colourType,
                     const std::vector<Bytes>& rows, const Bytes& palette = {})
{
    Bytes png = bytesOfText("\x89PNG\r\n\x1a\n");
    Bytes header;
    appendBigEndian(header, width);
    appendBigEndian(header, height);
    for (const int value : {bits, colourType, 0, 0, 0}) {
        header.push_back(static_cast<std::byte>(value));
    }
    appendChunk(png, "IHDR", header);
    if (!palette.empty()) {
        appendChunk(png, "PLTE", palette);
    }
    Bytes raw;
    for (const auto& row : rows) {
        raw.push_back(std::byte{0});
        raw.insert(raw.end(), row.begin(), row.end());
    }
    uLongf length = compressBound(static_cast<uLong>(raw.size()));
    Bytes packed(length);
    compress(reinterpret_cast<Bytef*>(packed.data()), &length, reinterpret_cast<const Bytef*>(raw.data()),
             static_cast<uLong>(raw.size()));
    packed.resize(length);
    appendChunk(png, "IDAT", packed);
    appendChunk(png, "IEND", {});
    return png;
}

inline bool mentions(const HealthReport& report, HealthKind kind)
{
    return std::any_of(report.checks.begin(), report.checks.end(),
                       [kind](const auto& check) { return check.kind == kind; });
}

inline Bytes bytesOfList(std::initializer_list<int> values)
{
    Bytes bytes;
    for (const int value : values) {
        bytes.push_back(static_cast<std::byte>(value));
    }
    return bytes;
}

} // namespace icmoe::test
