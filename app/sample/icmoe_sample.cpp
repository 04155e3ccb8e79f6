// icmoe_sample NIFTI FOLDER: writes a T1 head (Colin27) as a transverse DICOM MR series, rows to the left, columns to
// the back, slices from foot to head. The folder appears whole or not at all.

#include "core/dicom/SeriesWriter.h"
#include "core/formats/ImageFile.h"
#include "core/image/Plane.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

namespace {

using namespace icmoe;

/// The same voxels, turned so that slices are transverse and lie as scanners write them.
Result<std::shared_ptr<const Volume>> turnedTransverse(const Volume& volume)
{
    const Geometry& from = volume.geometry();
    const SlicePlane plane(from, Plane::axial);
    const auto corner = [&](int n) {
        const Index3 voxel = plane.voxel(0, 0, n);
        return from.toPatient(
            {static_cast<double>(voxel.i), static_cast<double>(voxel.j), static_cast<double>(voxel.k)});
    };
    const Vec3 normal = cross(plane.directionX(), plane.directionY());
    const bool ascends = dot(corner(plane.count() - 1) - corner(0), normal) >= 0;
    const auto sliceAt = [&](int k) { return ascends ? k : plane.count() - 1 - k; };
    Geometry::Parameters parameters;
    parameters.size = {plane.width(), plane.height(), plane.count()};
    parameters.rowDirection = plane.directionX();
    parameters.columnDirection = plane.directionY();
    parameters.spacingI = plane.spacingX();
    parameters.spacingJ = plane.spacingY();
    for (int k = 0; k < plane.count(); ++k) {
        parameters.positions.push_back(corner(sliceAt(k)));
    }
    auto geometry = Geometry::make(std::move(parameters));
    if (!geometry) {
        return fail(geometry.error());
    }
    Volume::Description description = volume.description();
    description.geometry = *geometry;
    auto turned = Volume::allocate(std::move(description));
    if (!turned) {
        return fail(turned.error());
    }
    const std::size_t unit = bytesPerVoxel(volume.type());
    for (int k = 0; k < plane.count(); ++k) {
        std::byte* out = (*turned)->writableSliceBytes(k).data();
        for (int y = 0; y < plane.height(); ++y) {
            for (int x = 0; x < plane.width(); ++x, out += unit) {
                const Index3 voxel = plane.voxel(x, y, sliceAt(k));
                const auto slice = volume.sliceBytes(voxel.k);
                const std::size_t at =
                    (static_cast<std::size_t>(voxel.j) * static_cast<std::size_t>(volume.size().width) +
                     static_cast<std::size_t>(voxel.i)) *
                    unit;
                std::copy_n(slice.begin() + static_cast<std::ptrdiff_t>(at), unit, out);
            }
        }
        (*turned)->markLoaded(k);
    }
    return *turned;
}

SeriesTexts colin27()
{
    SeriesTexts texts;
    texts.uidSeed = "icmoe sample Colin27 T1, 1";
    texts.modality = "MR";
    texts.patientName = "COLIN^27";
    texts.patientId = "COLIN27";
    texts.sex = "M";
    texts.studyDate = "19980101";
    texts.studyDescription = "Colin27: mean of 27 scans of one head";
    texts.seriesDescription = "T1 axial 1 mm";
    texts.bodyPart = "BRAIN";
    texts.imageType = "DERIVED\\SECONDARY\\OTHER";
    return texts;
}

Status writeSample(const std::filesystem::path& nifti, const std::filesystem::path& folder)
{
    if (std::filesystem::exists(folder)) {
        return fail(ErrorCode::alreadyExists, "the folder exists already", folder.string(),
                    "Remove it or choose another one");
    }
    const auto study = describeImageFile(nifti);
    if (!study) {
        return fail(study.error());
    }
    const auto volume = loadImageFile(study->series.front(), {});
    if (!volume) {
        return fail(volume.error());
    }
    const auto turned = turnedTransverse(**volume);
    if (!turned) {
        return fail(turned.error());
    }
    std::filesystem::path part = folder;
    part += ".part";
    std::error_code error;
    std::filesystem::remove_all(part, error);
    if (const auto files = writeDicomSeries(**turned, colin27(), part); !files) {
        std::filesystem::remove_all(part, error);
        return fail(files.error());
    }
    std::filesystem::rename(part, folder, error);
    if (error) {
        return fail(ErrorCode::writeFailed, "the folder cannot be named: " + error.message(), folder.string(),
                    "Check the permissions");
    }
    return {};
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::cerr << "usage: icmoe_sample NIFTI FOLDER\n";
        return 2;
    }
    if (const auto written = writeSample(argv[1], argv[2]); !written) {
        std::cerr << "icmoe_sample: " << written.error().oneLine() << '\n';
        return 1;
    }
    std::cout << argv[2] << '\n';
    return 0;
}
