#pragma once

#include "core/export/Export.h"
#include "tests/support/DicomPhantom.h"
#include "tests/support/TestSupport.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace icmoe::test {

/// The series of single-frame files, without the scanner, so that these tests need no other part of the program.
inline Series seriesOf(const std::vector<std::filesystem::path>& files, const Geometry& geometry)
{
    Series series;
    std::vector<std::pair<double, Instance>> found;
    for (const auto& path : files) {
        DcmFileFormat file;
        EXPECT_TRUE(file.loadFile(path.c_str()).good()) << path;
        DcmDataset& dataset = *file.getDataset();
        const auto text = [&dataset](const DcmTagKey& tag) {
            OFString value;
            dataset.findAndGetOFString(tag, value);
            return std::string(value.c_str());
        };
        Instance instance;
        instance.file = path;
        instance.sopClassUid = text(DCM_SOPClassUID);
        instance.sopInstanceUid = text(DCM_SOPInstanceUID);
        instance.columns = geometry.size().width;
        instance.rows = geometry.size().height;
        Vec3 position;
        dataset.findAndGetFloat64(DCM_ImagePositionPatient, position.x, 0);
        dataset.findAndGetFloat64(DCM_ImagePositionPatient, position.y, 1);
        dataset.findAndGetFloat64(DCM_ImagePositionPatient, position.z, 2);
        instance.position = position;
        found.emplace_back(dot(position, geometry.normal()), instance);
        series.uid = text(DCM_SeriesInstanceUID);
        series.modality = text(DCM_Modality);
        series.frameOfReferenceUid = text(DCM_FrameOfReferenceUID);
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [height, instance] : found) {
        series.instances.push_back(std::move(instance));
    }
    series.geometry = geometry;
    return series;
}

/// The grid of real single-frame CT or MR files: orientation and spacing of the first, positions in ascending order.
inline Geometry geometryOf(const std::vector<std::filesystem::path>& files)
{
    Geometry::Parameters parameters;
    std::vector<Vec3> positions;
    for (const auto& path : files) {
        DcmFileFormat file;
        EXPECT_TRUE(file.loadFile(path.c_str()).good()) << path;
        DcmDataset& dataset = *file.getDataset();
        const auto number = [&dataset](const DcmTagKey& tag, unsigned long n) {
            double value = 0;
            dataset.findAndGetFloat64(tag, value, n);
            return value;
        };
        const auto vector = [&](const DcmTagKey& tag, unsigned long n) {
            return Vec3{number(tag, n), number(tag, n + 1), number(tag, n + 2)};
        };
        Uint16 rows = 0;
        Uint16 columns = 0;
        dataset.findAndGetUint16(DCM_Rows, rows);
        dataset.findAndGetUint16(DCM_Columns, columns);
        parameters.size = {columns, rows, static_cast<int>(files.size())};
        parameters.rowDirection = vector(DCM_ImageOrientationPatient, 0);
        parameters.columnDirection = vector(DCM_ImageOrientationPatient, 3);
        parameters.spacingJ = number(DCM_PixelSpacing, 0);
        parameters.spacingI = number(DCM_PixelSpacing, 1);
        parameters.singleSliceThickness = std::max(1.0, number(DCM_SliceThickness, 0));
        positions.push_back(vector(DCM_ImagePositionPatient, 0));
    }
    const Vec3 normal = cross(parameters.rowDirection, parameters.columnDirection);
    std::sort(positions.begin(), positions.end(), [&](Vec3 a, Vec3 b) { return dot(a, normal) < dot(b, normal); });
    parameters.positions = positions;
    return Geometry::make(parameters).value();
}

inline Label labelled(LabelId id, const std::string& name, Colour colour)
{
    Label label;
    label.id = id;
    label.name = name;
    label.colour = colour;
    return label;
}

/// Three labels: the phantom's object, a slab that overlaps it, and one without voxels.
inline Segmentation phantomSegmentation(const Geometry& geometry, bool overlap = true)
{
    Segmentation segmentation(geometry.size());
    Label organ = labelled(2, "Leber links", {200, 30, 40});
    organ.category = {"123037004", "SCT", "Anatomical Structure"};
    organ.type = {"10200004", "SCT", "Liver"};
    segmentation.labels().put(organ);
    segmentation.labels().put(labelled(3, "Größe über alles", {7, 132, 145}));
    segmentation.labels().put(labelled(7, "examined, nothing there", {255, 255, 0}));
    const Mask object = phantomMask(geometry);
    const Size3 size = geometry.size();
    Mask slab(size);
    for (int k = 0; k < size.depth; k += 3) {
        std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height));
        for (int y = size.height / 3; y < size.height / 2; ++y) {
            for (int x = 1; x < size.width - 2; ++x) {
                bitmap[static_cast<std::size_t>(y * size.width + x)] = 1;
            }
        }
        SliceMask slice = SliceMask::fromBitmap(bitmap, size.width, size.height);
        slab.setSlice(k, overlap ? slice
                                 : slice.subtracted(object.slice(k).empty() ? SliceMask(size.width, size.height)
                                                                            : object.slice(k)));
    }
    segmentation.setMask(2, object);
    segmentation.setMask(3, slab);
    return segmentation;
}

/// A phantom on disk with its series and masks.
struct PhantomCase {
    PhantomCase(const std::filesystem::path& folder, const DicomPhantomOptions& options)
    {
        auto written = writeDicomPhantom(folder, options);
        EXPECT_TRUE(written) << written.error().oneLine();
        phantom = std::move(*written);
        series = seriesOf(phantom.files, phantom.volume->geometry());
        segmentation = phantomSegmentation(phantom.volume->geometry());
    }
    [[nodiscard]] const Geometry& geometry() const { return phantom.volume->geometry(); }
    DicomPhantom phantom;
    Series series;
    Segmentation segmentation;
};

/// Every label in its order has the same voxels.
inline void expectSameMasks(const Segmentation& expected, const Segmentation& found)
{
    ASSERT_EQ(expected.labels().labels().size(), found.labels().labels().size());
    for (std::size_t n = 0; n < expected.labels().labels().size(); ++n) {
        const Label& a = expected.labels().labels()[n];
        const Label& b = found.labels().labels()[n];
        EXPECT_EQ(a.name, b.name);
        EXPECT_EQ(a.colour, b.colour) << a.name;
        EXPECT_EQ(a.category, b.category);
        EXPECT_EQ(a.type, b.type);
        EXPECT_EQ(expected.mask(a.id).slices(), found.mask(b.id).slices()) << a.name;
    }
}

inline std::vector<std::filesystem::path> entries(const std::filesystem::path& folder)
{
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        found.push_back(entry.path());
    }
    return found;
}

} // namespace icmoe::test
