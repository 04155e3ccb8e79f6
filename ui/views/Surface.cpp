#include "ui/views/Surface.h"

#include <vtkFlyingEdges3D.h>
#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkPoints.h>
#include <vtkPolyDataNormals.h>
#include <vtkQuadricClustering.h>
#include <vtkWindowedSincPolyDataFilter.h>

#include <algorithm>
#include <cstdint>

namespace icmoe::ui {
namespace {

constexpr std::size_t kLargestGrid = 24'000'000; // voxels of the padded box; larger ones are thinned
constexpr vtkIdType kCoarseLimit = 20'000;

struct Box {
    Index3 low;
    Index3 high;
};

Box boundsOf(const Mask& mask)
{
    Box box{{mask.size().width, mask.size().height, mask.slices().begin()->first},
            {0, 0, mask.slices().rbegin()->first}};
    for (const auto& [k, slice] : mask.slices()) {
        if (const auto bounds = slice.bounds()) {
            box.low.i = std::min(box.low.i, bounds->x0);
            box.low.j = std::min(box.low.j, bounds->y0);
            box.high.i = std::max(box.high.i, bounds->x1);
            box.high.j = std::max(box.high.j, bounds->y1);
        }
    }
    return box;
}

/// Step between voxels that keeps the grid small.
int stepFor(const Box& box)
{
    int step = 1;
    const auto cells = [&] {
        const auto along = [&](int low, int high) { return static_cast<std::size_t>((high - low) / step + 3); };
        return along(box.low.i, box.high.i) * along(box.low.j, box.high.j) * along(box.low.k, box.high.k);
    };
    while (cells() > kLargestGrid) {
        ++step;
    }
    return step;
}

/// The mask's box with one empty voxel around it; index (0, 0, 0) is `low − step`.
vtkSmartPointer<vtkImageData> gridOf(const Mask& mask, const Box& box, int step)
{
    const auto image = vtkSmartPointer<vtkImageData>::New();
    const int width = (box.high.i - box.low.i) / step + 3;
    const int height = (box.high.j - box.low.j) / step + 3;
    const int depth = (box.high.k - box.low.k) / step + 3;
    image->SetDimensions(width, height, depth);
    image->AllocateScalars(VTK_UNSIGNED_CHAR, 1);
    auto* at = static_cast<std::uint8_t*>(image->GetScalarPointer());
    std::fill_n(at,
                static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * static_cast<std::size_t>(depth),
                std::uint8_t{0});
    for (const auto& [k, slice] : mask.slices()) {
        if ((k - box.low.k) % step != 0) {
            continue;
        }
        const auto stored = static_cast<std::uint32_t>(slice.width());
        std::uint8_t* layer = at + static_cast<std::ptrdiff_t>((k - box.low.k) / step + 1) * width * height;
        for (const Run run : slice.runs()) {
            for (std::uint32_t pixel = run.begin; pixel < run.end; ++pixel) {
                const int i = static_cast<int>(pixel % stored) - box.low.i;
                const int j = static_cast<int>(pixel / stored) - box.low.j;
                if (i % step == 0 && j % step == 0) {
                    layer[(j / step + 1) * width + i / step + 1] = 255;
                }
            }
        }
    }
    return image;
}

void toPatient(vtkPolyData* surface, const Box& box, int step, const Geometry& geometry)
{
    vtkPoints* points = surface->GetPoints();
    for (vtkIdType id = 0; id < points->GetNumberOfPoints(); ++id) {
        double p[3];
        points->GetPoint(id, p);
        const Vec3 voxel{box.low.i + (p[0] - 1) * step, box.low.j + (p[1] - 1) * step, box.low.k + (p[2] - 1) * step};
        const Vec3 place = geometry.toPatient(voxel);
        points->SetPoint(id, place.x, place.y, place.z);
    }
}

vtkSmartPointer<vtkPolyData> withNormals(vtkPolyData* surface)
{
    vtkNew<vtkPolyDataNormals> normals;
    normals->SetInputData(surface);
    normals->SplittingOff();
    normals->ConsistencyOn();
    normals->Update();
    const auto result = vtkSmartPointer<vtkPolyData>::New();
    result->ShallowCopy(normals->GetOutput());
    return result;
}

} // namespace

Surface makeSurface(const Mask& mask, const Geometry& geometry)
{
    if (mask.empty()) {
        return {};
    }
    const Box box = boundsOf(mask);
    const int step = stepFor(box);
    vtkNew<vtkFlyingEdges3D> edges;
    edges->SetInputData(gridOf(mask, box, step));
    edges->SetValue(0, 127.5);
    edges->ComputeNormalsOff();
    edges->ComputeGradientsOff();
    edges->ComputeScalarsOff();
    vtkNew<vtkWindowedSincPolyDataFilter> smooth;
    smooth->SetInputConnection(edges->GetOutputPort());
    smooth->SetNumberOfIterations(15);
    smooth->SetPassBand(0.1);
    smooth->BoundarySmoothingOff();
    smooth->FeatureEdgeSmoothingOff();
    smooth->NonManifoldSmoothingOn();
    smooth->NormalizeCoordinatesOn();
    smooth->Update();
    vtkNew<vtkPolyData> surface;
    surface->DeepCopy(smooth->GetOutput());
    if (surface->GetNumberOfPoints() == 0) {
        return {};
    }
    toPatient(surface, box, step, geometry);
    Surface result;
    result.full = withNormals(surface);
    result.coarse = result.full;
    if (surface->GetNumberOfPolys() > kCoarseLimit) {
        vtkNew<vtkQuadricClustering> thin;
        thin->SetInputData(surface);
        thin->SetNumberOfDivisions(48, 48, 48);
        thin->Update();
        result.coarse = withNormals(thin->GetOutput());
    }
    return result;
}

} // namespace icmoe::ui
