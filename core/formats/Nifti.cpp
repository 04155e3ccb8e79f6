// NIfTI-1 and NIfTI-2 single files. libnifti2 interprets the header (versions, byte order, qform and sform); the bytes
// are read here, with limits, because the library trusts what a header says.

#include "core/formats/GridFile.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <nifti/nifti2_io.h>

namespace icmoe {
namespace {

constexpr std::int64_t kLargestHeader = 16 << 20; // header with extensions
constexpr int kMostPictures = 10'000;
constexpr int kCommentExtension = 6; // NIFTI_ECODE_COMMENT

struct FreeImage {
    void operator()(nifti_image* image) const { nifti_image_free(image); }
};
using Header = std::unique_ptr<nifti_image, FreeImage>;

struct RawHeader {
    Header image;
    std::size_t size = 0; ///< 348 or 540
    bool swapped = false;
};

template<typename T>
T at(std::span<const std::byte> bytes, std::size_t offset)
{
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

Error malformed(const std::filesystem::path& path, const std::string& field, const std::string& message)
{
    return {ErrorCode::malformedFile, message, path.string() + ", field " + field, "Check the file with its maker"};
}

/// Dimensions as the file says them, before the library multiplies them.
template<typename RawType>
Status checkDimensions(const RawType* dim, const std::filesystem::path& path)
{
    if (dim[0] < 1 || dim[0] > 7) {
        return fail(
            malformed(path, "dim[0]", "the number of dimensions is " + std::to_string(dim[0]) + ", not 1 to 7"));
    }
    for (int n = 1; n <= dim[0]; ++n) {
        if (dim[n] < 1 || static_cast<std::int64_t>(dim[n]) > (1 << 30)) {
            return fail(malformed(path, "dim[" + std::to_string(n) + "]",
                                  "a dimension is " + std::to_string(dim[n]) + ", not 1 to 2^30"));
        }
    }
    double product = 1;
    for (int n = 1; n <= dim[0]; ++n) {
        product *= static_cast<double>(dim[n]);
    }
    if (product > 1e15) {
        return fail(ErrorCode::limitExceeded, "the dimensions multiply to more voxels than a file can hold",
                    path.string() + ", field dim");
    }
    return {};
}

Result<RawHeader> parseHeader(std::span<const std::byte> bytes, const std::filesystem::path& path)
{
    static const bool kQuiet = (nifti_set_debug_level(0), true);
    (void)kQuiet;
    RawHeader header;
    const auto size = at<std::int32_t>(bytes, 0);
    std::int32_t swappedSize = size;
    nifti_swap_4bytes(1, &swappedSize);
    header.swapped = size != 348 && size != 540;
    header.size = static_cast<std::size_t>(header.swapped ? swappedSize : size);
    const std::string magic(reinterpret_cast<const char*>(bytes.data()) + (header.size == 348 ? 344 : 4), 3);
    if (magic == "ni1" || magic == "ni2") {
        return fail(ErrorCode::unsupportedPixels, "the header and the samples are two files (.hdr and .img)",
                    path.string(), "Convert the pair to a single .nii file");
    }
    if (magic != (header.size == 348 ? "n+1" : "n+2")) { // the library trusts the signature with the header's size
        return fail(ErrorCode::unknownFormat, "the NIfTI signature is missing", path.string() + ", field magic");
    }
    if (header.size == 348) {
        auto raw = at<nifti_1_header>(bytes, 0);
        auto ordered = raw;
        if (header.swapped) {
            nifti_swap_as_nifti1(&ordered);
        }
        if (auto sound = checkDimensions(ordered.dim, path); !sound) {
            return fail(sound.error());
        }
        if (!(ordered.vox_offset >= 0 && ordered.vox_offset <= static_cast<float>(kLargestHeader))) {
            return fail(malformed(path, "vox_offset", "the samples begin beyond what a header can be long"));
        }
        header.image.reset(nifti_convert_n1hdr2nim(raw, nullptr));
    } else {
        auto raw = at<nifti_2_header>(bytes, 0);
        auto ordered = raw;
        if (header.swapped) {
            nifti_swap_as_nifti2(&ordered);
        }
        std::int64_t dim[8];
        std::memcpy(dim, ordered.dim, sizeof(dim));
        if (auto sound = checkDimensions(dim, path); !sound) {
            return fail(sound.error());
        }
        header.image.reset(nifti_convert_n2hdr2nim(raw, nullptr));
    }
    if (!header.image) {
        return fail(malformed(path, "datatype", "the NIfTI header is not sound (dimensions, data type or bits)"));
    }
    return header;
}

Status setSampleType(GridFile& grid, int datatype)
{
    grid.interleaved = 1;
    switch (datatype) {
    case DT_UINT8:
        grid.sample = FileSample::u8;
        return {};
    case DT_INT8:
        grid.sample = FileSample::s8;
        return {};
    case DT_UINT16:
        grid.sample = FileSample::u16;
        return {};
    case DT_INT16:
        grid.sample = FileSample::s16;
        return {};
    case DT_UINT32:
        grid.sample = FileSample::u32;
        return {};
    case DT_INT32:
        grid.sample = FileSample::s32;
        return {};
    case DT_UINT64:
        grid.sample = FileSample::u64;
        return {};
    case DT_INT64:
        grid.sample = FileSample::s64;
        return {};
    case DT_FLOAT32:
        grid.sample = FileSample::f32;
        return {};
    case DT_FLOAT64:
        grid.sample = FileSample::f64;
        return {};
    case DT_RGB24:
    case DT_RGBA32:
        grid.sample = FileSample::u8;
        grid.interleaved = datatype == DT_RGB24 ? 3 : 4;
        grid.colour = true;
        return {};
    default:
        return fail(ErrorCode::unsupportedPixels,
                    std::string("samples of the type ") + nifti_datatype_string(datatype) + " are not supported",
                    grid.file.string() + ", field datatype", "Convert the file to integers or 32/64-bit floats");
    }
}

FileAffine affineOf(const nifti_image& image, bool placed)
{
    const double unit = image.xyz_units == NIFTI_UNITS_METER ? 1000 : image.xyz_units == NIFTI_UNITS_MICRON ? 0.001 : 1;
    if (!placed) {
        const auto spacing = [&](double value) { return value != 0 ? std::abs(value) * unit : 1; };
        return {{spacing(image.dx), 0, 0}, {0, spacing(image.dy), 0}, {0, 0, spacing(image.dz)}, {}};
    }
    // RAS to LPS: x and y change their sign.
    const nifti_dmat44& m = image.sform_code > 0 ? image.sto_xyz : image.qto_xyz;
    const auto column = [&](int c) { return Vec3{-m.m[0][c] * unit, -m.m[1][c] * unit, m.m[2][c] * unit}; };
    return {column(0), column(1), column(2), column(3)};
}

/// The text of icmoe's comment extension (a JSON object that begins with {"icmoe"), or nothing.
std::string labelsExtension(std::span<const std::byte> extensions, bool swapped)
{
    if (extensions.size() < 4 || extensions[0] == std::byte{0}) {
        return {};
    }
    std::size_t offset = 4;
    while (offset + 8 <= extensions.size()) {
        auto size = at<std::int32_t>(extensions, offset);
        auto code = at<std::int32_t>(extensions, offset + 4);
        if (swapped) {
            nifti_swap_4bytes(1, &size);
            nifti_swap_4bytes(1, &code);
        }
        if (size < 16 || static_cast<std::size_t>(size) > extensions.size() - offset) {
            return {};
        }
        if (code == kCommentExtension) {
            std::string text(reinterpret_cast<const char*>(extensions.data()) + offset + 8,
                             static_cast<std::size_t>(size) - 8);
            text.erase(std::find(text.begin(), text.end(), '\0'), text.end());
            if (text.starts_with("{\"icmoe")) {
                return text;
            }
        }
        offset += static_cast<std::size_t>(size);
    }
    return {};
}

} // namespace

Result<GridFile> describeNifti(const std::filesystem::path& path)
{
    auto stream = ByteStream::open(path, StreamEncoding::detect);
    if (!stream) {
        return fail(stream.error());
    }
    std::vector<std::byte> bytes(540);
    const auto got = stream->readSome(bytes);
    if (!got) {
        return fail(got.error());
    }
    const auto size = *got >= 4 ? at<std::int32_t>(bytes, 0) : 0;
    const bool known = size == 348 || size == 540 || size == 0x5c010000 || size == 0x1c020000;
    if (!known) {
        return fail(ErrorCode::unknownFormat, "the NIfTI signature is missing", path.string());
    }
    const std::size_t needed = size == 348 || size == 0x5c010000 ? 348 : 540;
    if (*got < needed) {
        return fail(ErrorCode::truncatedFile,
                    "the header has " + std::to_string(*got) + " bytes of " + std::to_string(needed), path.string());
    }
    const auto header = parseHeader(bytes, path);
    if (!header) {
        return fail(header.error());
    }
    const nifti_image& image = *header->image;
    if (image.iname_offset < static_cast<std::int64_t>(header->size) || image.iname_offset > kLargestHeader) {
        return fail(malformed(path, "vox_offset",
                              "the samples begin at byte " + std::to_string(image.iname_offset) +
                                  ", inside the header or beyond what it can be long"));
    }

    GridFile grid;
    grid.file = path;
    grid.dataFile = path;
    grid.encoding = stream->compressed() ? StreamEncoding::gzip : StreamEncoding::plain;
    grid.dataOffset = static_cast<std::uint64_t>(image.iname_offset);
    grid.bigEndian = header->swapped;
    if (auto known2 = setSampleType(grid, image.datatype); !known2) {
        return fail(known2.error());
    }
    const auto further = std::max<std::int64_t>(image.nt, 1) * std::max<std::int64_t>(image.nu, 1) *
                         std::max<std::int64_t>(image.nv, 1) * std::max<std::int64_t>(image.nw, 1);
    if (further > kMostPictures) {
        return fail(ErrorCode::limitExceeded,
                    "the file has " + std::to_string(further) + " volumes, at most " + std::to_string(kMostPictures) +
                        " are read",
                    path.string() + ", field dim[4]");
    }
    grid.volumes = static_cast<int>(further);
    const Size3 voxels{static_cast<int>(std::max<std::int64_t>(image.nx, 1)),
                       static_cast<int>(std::max<std::int64_t>(image.ny, 1)),
                       static_cast<int>(std::max<std::int64_t>(image.nz, 1))};
    if (auto sound = checkPromise(grid, voxels); !sound) {
        return fail(sound.error());
    }
    const bool placed = image.sform_code > 0 || image.qform_code > 0;
    auto placedGrid = gridFromAffine(voxels, affineOf(image, placed), placed,
                                     path.string() + (image.sform_code > 0 ? ", field srow_x" : ", field quatern_b"));
    if (!placedGrid) {
        return fail(placedGrid.error());
    }
    grid.geometry = std::move(placedGrid->geometry);
    grid.reversed = placedGrid->reversed;
    if (std::isfinite(image.scl_slope) && std::isfinite(image.scl_inter) && image.scl_slope != 0) {
        grid.rescale = {image.scl_slope, image.scl_inter};
    }

    const auto extensionBytes = static_cast<std::size_t>(image.iname_offset) - header->size;
    std::vector<std::byte> extensions(bytes.begin() + static_cast<std::ptrdiff_t>(header->size),
                                      bytes.begin() + static_cast<std::ptrdiff_t>(*got));
    if (extensions.size() > extensionBytes) {
        extensions.resize(extensionBytes);
    } else if (extensionBytes > extensions.size()) {
        const std::size_t have = extensions.size();
        extensions.resize(extensionBytes);
        if (auto read = stream->read(std::span(extensions).subspan(have)); !read) {
            return fail(read.error());
        }
    }
    grid.labelsText = labelsExtension(extensions, header->swapped);
    return grid;
}

} // namespace icmoe
