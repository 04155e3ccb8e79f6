#include "core/export/GridWriter.h"

#include "core/export/ByteSink.h"

#include <array>
#include <charconv>
#include <cstring>
#include <nifti/nifti2_io.h>

namespace icmoe {
namespace {

std::span<const std::byte> bytesOf(const std::string& text)
{
    return std::as_bytes(std::span(text.data(), text.size()));
}

int sliceInFileOrder(const GridWriteJob& job, int n)
{
    return job.reversed ? job.geometry.size().depth - 1 - n : n;
}

/// Origin and step along k of the file's order.
struct FileAxis {
    Vec3 origin;
    Vec3 step;
};

FileAxis fileAxis(const GridWriteJob& job)
{
    const auto& positions = job.geometry.positions();
    const Vec3 step = job.geometry.normal() * job.geometry.spacingK();
    return job.reversed ? FileAxis{positions.back(), step * -1.0} : FileAxis{positions.front(), step};
}

Status writeLayers(const GridWriteJob& job, ByteSink& sink)
{
    for (int layer = 0; layer < job.layers; ++layer) {
        for (int n = 0; n < job.geometry.size().depth; ++n) {
            if (job.stop.stop_requested()) {
                return fail(ErrorCode::cancelled, "the export was cancelled");
            }
            const auto samples = job.slice(layer, sliceInFileOrder(job, n));
            if (!samples) {
                return fail(samples.error());
            }
            if (auto written = sink.write(*samples); !written) {
                return written;
            }
        }
    }
    return sink.finish();
}

/// Several layers side by side at each voxel.
Status writeInterleaved(const GridWriteJob& job, ByteSink& sink)
{
    const std::size_t size = bytesPerVoxel(job.type);
    const auto layers = static_cast<std::size_t>(job.layers);
    const std::size_t voxels =
        static_cast<std::size_t>(job.geometry.size().width) * static_cast<std::size_t>(job.geometry.size().height);
    std::vector<std::byte> all(voxels * layers * size);
    for (int n = 0; n < job.geometry.size().depth; ++n) {
        if (job.stop.stop_requested()) {
            return fail(ErrorCode::cancelled, "the export was cancelled");
        }
        for (std::size_t layer = 0; layer < layers; ++layer) {
            const auto samples = job.slice(static_cast<int>(layer), sliceInFileOrder(job, n));
            if (!samples) {
                return fail(samples.error());
            }
            for (std::size_t v = 0; v < voxels; ++v) {
                std::memcpy(all.data() + (v * layers + layer) * size, samples->data() + v * size, size);
            }
        }
        if (auto written = sink.write(all); !written) {
            return written;
        }
    }
    return sink.finish();
}

short niftiType(SampleType type)
{
    switch (type) {
    case SampleType::u8:
        return DT_UINT8;
    case SampleType::s8:
        return DT_INT8;
    case SampleType::u16:
        return DT_UINT16;
    case SampleType::s16:
        return DT_INT16;
    case SampleType::u32:
        return DT_UINT32;
    case SampleType::s32:
        return DT_INT32;
    case SampleType::f32:
        return DT_FLOAT32;
    case SampleType::f64:
        return DT_FLOAT64;
    case SampleType::rgb8:
        break;
    }
    return DT_RGB24;
}

void setForms(nifti_1_header& header, const GridWriteJob& job)
{
    const Geometry& geometry = job.geometry;
    const FileAxis axis = fileAxis(job);
    const std::array<Vec3, 4> columns = {geometry.rowDirection() * geometry.spacingI(),
                                         geometry.columnDirection() * geometry.spacingJ(), axis.step, axis.origin};
    nifti_dmat44 matrix = {};
    for (std::size_t c = 0; c < 4; ++c) { // LPS to RAS
        matrix.m[0][c] = -columns[c].x;
        matrix.m[1][c] = -columns[c].y;
        matrix.m[2][c] = columns[c].z;
        header.srow_x[c] = static_cast<float>(matrix.m[0][c]);
        header.srow_y[c] = static_cast<float>(matrix.m[1][c]);
        header.srow_z[c] = static_cast<float>(matrix.m[2][c]);
    }
    matrix.m[3][3] = 1;
    double b = 0;
    double c = 0;
    double d = 0;
    double x = 0;
    double y = 0;
    double z = 0;
    double factor = 1;
    nifti_dmat44_to_quatern(matrix, &b, &c, &d, &x, &y, &z, nullptr, nullptr, nullptr, &factor);
    header.quatern_b = static_cast<float>(b);
    header.quatern_c = static_cast<float>(c);
    header.quatern_d = static_cast<float>(d);
    header.qoffset_x = static_cast<float>(x);
    header.qoffset_y = static_cast<float>(y);
    header.qoffset_z = static_cast<float>(z);
    header.pixdim[0] = static_cast<float>(factor);
    header.sform_code = NIFTI_XFORM_SCANNER_ANAT;
    header.qform_code = NIFTI_XFORM_SCANNER_ANAT;
}

/// Four flag bytes, then one comment extension where there is a text.
std::vector<std::byte> extensionBytes(const std::string& text)
{
    const std::size_t size = text.empty() ? 0 : (8 + text.size() + 1 + 15) / 16 * 16;
    std::vector<std::byte> bytes(4 + size);
    if (text.empty()) {
        return bytes;
    }
    bytes[0] = std::byte{1};
    const auto esize = static_cast<std::int32_t>(size);
    const std::int32_t ecode = NIFTI_ECODE_COMMENT;
    std::memcpy(bytes.data() + 4, &esize, 4);
    std::memcpy(bytes.data() + 8, &ecode, 4);
    std::memcpy(bytes.data() + 12, text.data(), text.size());
    return bytes;
}

std::string number(double value)
{
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value == 0 ? 0.0 : value).ptr;
    return {text.data(), end};
}

std::string vectorText(Vec3 v)
{
    return "(" + number(v.x) + "," + number(v.y) + "," + number(v.z) + ")";
}

std::string escaped(const std::string& text)
{
    std::string out;
    for (const char c : text) {
        out += c == '\n' ? "\\n" : c == '\\' ? "\\\\" : c == '\r' ? " " : std::string(1, c);
    }
    return out;
}

std::string nrrdType(SampleType type)
{
    switch (type) {
    case SampleType::s8:
        return "int8";
    case SampleType::u16:
        return "uint16";
    case SampleType::s16:
        return "int16";
    case SampleType::u32:
        return "uint32";
    case SampleType::s32:
        return "int32";
    case SampleType::f32:
        return "float";
    case SampleType::f64:
        return "double";
    case SampleType::u8:
    case SampleType::rgb8:
        break;
    }
    return "uint8";
}

std::string nrrdHeader(const GridWriteJob& job)
{
    const Geometry& geometry = job.geometry;
    const Size3 size = geometry.size();
    const bool colour = job.type == SampleType::rgb8;
    const bool front = colour || job.layers > 1;
    const std::string sizes =
        std::to_string(size.width) + " " + std::to_string(size.height) + " " + std::to_string(size.depth);
    std::string text =
        "NRRD0005\n# Complete NRRD file format specification at:\n# http://teem.sourceforge.net/nrrd/format.html\n";
    text += "type: " + nrrdType(job.type) + "\ndimension: " + (front ? "4" : "3") + "\n";
    if (geometry.placedInPatient()) {
        text += "space: left-posterior-superior\n";
    }
    text += "sizes: " + (front ? std::to_string(colour ? 3 : job.layers) + " " : "") + sizes + "\n";
    const FileAxis axis = fileAxis(job);
    if (geometry.placedInPatient()) {
        text += std::string("space directions: ") + (front ? "none " : "") +
                vectorText(geometry.rowDirection() * geometry.spacingI()) + " " +
                vectorText(geometry.columnDirection() * geometry.spacingJ()) + " " + vectorText(axis.step) + "\n";
    } else {
        text += std::string("spacings: ") + (front ? "nan " : "") + number(geometry.spacingI()) + " " +
                number(geometry.spacingJ()) + " " + number(geometry.spacingK()) + "\n";
    }
    text += std::string("kinds: ") + (colour ? "RGB-color " : front ? "list " : "") + "domain domain domain\n";
    if (bytesPerVoxel(job.type) > 1 && !colour) {
        text += "endian: little\n";
    }
    text += "encoding: gzip\n";
    if (geometry.placedInPatient()) {
        text += "space origin: " + vectorText(axis.origin) + "\n";
    }
    for (const auto& [key, value] : job.keyValues) {
        text += escaped(key) + ":=" + escaped(value) + "\n";
    }
    return text + "\n";
}

} // namespace

Status writeNifti(const GridWriteJob& job, AtomicFile& file, bool gzip)
{
    const Size3 size = job.geometry.size();
    if (size.width > 32767 || size.height > 32767 || size.depth > 32767 || job.layers > 32767) {
        return fail(ErrorCode::geometryNotRepresentable, "NIfTI holds at most 32767 voxels along an axis", {},
                    "Export as NRRD instead");
    }
    nifti_1_header header = {};
    header.sizeof_hdr = 348;
    header.dim[0] = job.layers > 1 ? 4 : 3;
    header.dim[1] = static_cast<short>(size.width);
    header.dim[2] = static_cast<short>(size.height);
    header.dim[3] = static_cast<short>(size.depth);
    header.dim[4] = static_cast<short>(job.layers);
    header.dim[5] = header.dim[6] = header.dim[7] = 1;
    header.datatype = niftiType(job.type);
    header.bitpix = static_cast<short>(8 * bytesPerVoxel(job.type));
    header.pixdim[0] = 1;
    header.pixdim[1] = static_cast<float>(job.geometry.spacingI());
    header.pixdim[2] = static_cast<float>(job.geometry.spacingJ());
    header.pixdim[3] = static_cast<float>(job.geometry.spacingK());
    header.pixdim[4] = 1;
    header.scl_slope = static_cast<float>(job.rescale.slope);
    header.scl_inter = static_cast<float>(job.rescale.intercept);
    header.xyzt_units = NIFTI_UNITS_MM;
    header.intent_code = job.labels ? NIFTI_INTENT_LABEL : NIFTI_INTENT_NONE;
    std::memcpy(header.magic, "n+1", 4);
    if (job.geometry.placedInPatient()) {
        setForms(header, job);
    }
    const auto extension = extensionBytes(job.labelsText);
    header.vox_offset = static_cast<float>((348 + extension.size() + 15) / 16 * 16);
    std::vector<std::byte> front(static_cast<std::size_t>(header.vox_offset));
    std::memcpy(front.data(), &header, sizeof(header));
    std::memcpy(front.data() + sizeof(header), extension.data(), extension.size());
    ByteSink sink(file, gzip);
    if (auto written = sink.write(front); !written) {
        return written;
    }
    return writeLayers(job, sink);
}

Status writeNrrd(const GridWriteJob& job, AtomicFile& file)
{
    ByteSink sink(file, true);
    const std::string header = nrrdHeader(job);
    if (auto written = sink.writePlain(bytesOf(header)); !written) {
        return written;
    }
    return job.layers > 1 ? writeInterleaved(job, sink) : writeLayers(job, sink);
}

std::string numpyHeader(Size3 size, SampleType type)
{
    const char* code = type == SampleType::s8    ? "|i1"
                       : type == SampleType::u16 ? "<u2"
                       : type == SampleType::s16 ? "<i2"
                       : type == SampleType::u32 ? "<u4"
                       : type == SampleType::s32 ? "<i4"
                       : type == SampleType::f32 ? "<f4"
                       : type == SampleType::f64 ? "<f8"
                                                 : "|u1";
    std::string shape =
        std::to_string(size.depth) + ", " + std::to_string(size.height) + ", " + std::to_string(size.width);
    if (type == SampleType::rgb8) {
        shape += ", 3";
    }
    std::string dictionary =
        std::string("{'descr': '") + code + "', 'fortran_order': False, 'shape': (" + shape + "), }";
    const std::size_t total = (10 + dictionary.size() + 1 + 63) / 64 * 64;
    dictionary.resize(total - 10 - 1, ' ');
    dictionary.push_back('\n');
    std::string header("\x93NUMPY\x01\x00", 8);
    header.push_back(static_cast<char>(dictionary.size() & 0xff));
    header.push_back(static_cast<char>(dictionary.size() >> 8));
    return header + dictionary;
}

Status writeNumpy(const GridWriteJob& job, AtomicFile& file)
{
    ByteSink sink(file, false);
    const std::string header = numpyHeader(job.geometry.size(), job.type);
    if (auto written = sink.write(bytesOf(header)); !written) {
        return written;
    }
    return writeLayers(job, sink);
}

} // namespace icmoe
