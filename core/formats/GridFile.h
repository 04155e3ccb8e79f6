#pragma once

#include "core/formats/ByteStream.h"
#include "core/image/Geometry.h"
#include "core/image/Volume.h"

#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace icmoe {

/// Sample types of NIfTI and NRRD files.
enum class FileSample { u8, s8, u16, s16, u32, s32, u64, s64, f32, f64 };
[[nodiscard]] std::size_t bytesOf(FileSample sample);

/// What the header of a NIfTI or NRRD file says. Samples lie as volumes × depth × height × width × interleaved, the
/// last fastest.
struct GridFile {
    std::filesystem::path file;     ///< the header
    std::filesystem::path dataFile; ///< where the samples are; mostly the same
    StreamEncoding encoding = StreamEncoding::plain;
    std::uint64_t fileOffset = 0; ///< where the (compressed) stream begins in dataFile
    std::uint64_t dataOffset = 0; ///< of the first sample, in unpacked bytes from there
    bool bigEndian = false;
    bool ascii = false; ///< numbers as text
    FileSample sample = FileSample::u8;
    int interleaved = 1;   ///< samples of one voxel that lie side by side
    bool colour = false;   ///< interleaved is RGB (3) or RGBA (4) of u8
    int volumes = 1;       ///< volumes one after the other
    Geometry geometry;     ///< of one volume, slices along the normal
    bool reversed = false; ///< slice k of the geometry is slice depth − 1 − k of the file
    Rescale rescale;
    std::string labelsText;                       ///< icmoe's own NIfTI extension (JSON); empty where missing
    std::map<std::string, std::string> keyValues; ///< NRRD's key:=value lines

    /// Pictures in the file: volumes, or interleaved values that are no colour.
    [[nodiscard]] int pictureCount() const { return colour ? volumes : volumes * interleaved; }
    /// The type that a Volume keeps: 64-bit integers become f64.
    [[nodiscard]] SampleType sampleType() const;
};

/// Tells a grid from the file's voxel-to-patient matrix (LPS, mm): columns of the matrix and its origin.
struct FileAffine {
    Vec3 axisI{1, 0, 0};
    Vec3 axisJ{0, 1, 0};
    Vec3 axisK{0, 0, 1};
    Vec3 origin;
};
struct PlacedGrid {
    Geometry geometry;
    bool reversed = false;
};
/// Left-handed axes give reversed slices. malformedFile for axes that are not finite or zero, geometryNotRepresentable
/// for rows not perpendicular to columns. `where` goes into the error.
[[nodiscard]] Result<PlacedGrid> gridFromAffine(Size3 size, const FileAffine& affine, bool placedInPatient,
                                                const std::string& where);

/// Checks that the size is sound (each axis 1 … 2³⁰, limitExceeded) and that the file can hold what it promises
/// (truncatedFile), before anything is allocated.
[[nodiscard]] Status checkPromise(const GridFile& grid, const Size3& size);

/// Hands out the slices of picture `picture` in file order, k already turned to the geometry's order: bytes in the
/// native layout of sampleType(). The consumer's span is valid during the call. cancelled, truncatedFile, decodeFailed,
/// malformedFile (text that is no number).
[[nodiscard]] Status readPicture(const GridFile& grid, int picture, const std::stop_token& stop,
                                 const std::function<void(int k, std::span<const std::byte> bytes)>& consumer);

/// NIfTI-1 or -2 in one file, plain or gzip. unknownFormat where the signature is missing.
[[nodiscard]] Result<GridFile> describeNifti(const std::filesystem::path& path);
/// NRRD with attached (.nrrd) or detached (.nhdr) data: raw, gzip or text. unknownFormat where the signature is
/// missing.
[[nodiscard]] Result<GridFile> describeNrrd(const std::filesystem::path& path);

} // namespace icmoe
