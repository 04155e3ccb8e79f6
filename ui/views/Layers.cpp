#include "ui/views/Layers.h"

#include <QImage>

#include <vtkCellArray.h>
#include <vtkFloatArray.h>
#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkPolyDataMapper2D.h>
#include <vtkRenderer.h>
#include <vtkTexture.h>
#include <vtkTexturedActor2D.h>

#include <cstring>

namespace icmoe::ui {
namespace {

/// A quad whose texture has row 0 at the top.
struct Quad {
    vtkNew<vtkPoints> points;
    vtkNew<vtkPolyData> data;
    vtkNew<vtkImageData> image;
    vtkNew<vtkTexture> texture;

    explicit Quad(bool linear)
    {
        points->SetDataTypeToDouble();
        points->SetNumberOfPoints(4);
        vtkNew<vtkFloatArray> coordinates;
        coordinates->SetNumberOfComponents(2);
        coordinates->SetName("texture");
        const double corners[4][2] = {{0, 1}, {1, 1}, {1, 0}, {0, 0}}; // bottom left first, image row 0 on top
        for (const auto& corner : corners) {
            coordinates->InsertNextTuple2(corner[0], corner[1]);
        }
        vtkNew<vtkCellArray> cells;
        const vtkIdType ids[4] = {0, 1, 2, 3};
        cells->InsertNextCell(4, ids);
        data->SetPoints(points);
        data->SetPolys(cells);
        data->GetPointData()->SetTCoords(coordinates);
        texture->SetInputData(image);
        texture->SetColorModeToDirectScalars();
        texture->SetPremultipliedAlpha(true);
        texture->RepeatOff();
        texture->EdgeClampOn();
        texture->MipmapOff();
        texture->SetInterpolate(linear ? 1 : 0);
    }

    void place(double left, double top, double right, double bottom)
    {
        points->SetPoint(0, left, bottom, 0);
        points->SetPoint(1, right, bottom, 0);
        points->SetPoint(2, right, top, 0);
        points->SetPoint(3, left, top, 0);
        points->Modified();
    }

    void resize(int width, int height)
    {
        const int* size = image->GetDimensions();
        if (size[0] != width || size[1] != height || image->GetScalarPointer() == nullptr) {
            image->SetDimensions(width, height, 1);
            image->AllocateScalars(VTK_UNSIGNED_CHAR, 4);
        }
    }

    void touch()
    {
        image->GetPointData()->GetScalars()->Modified();
        image->Modified();
    }
};

} // namespace

// Two-dimensional props, not actors of the scene: VTK blends those in order, translucent actors in no order at all.
struct PictureLayer::Private {
    explicit Private(bool linear)
        : quad(linear)
    {
    }
    Quad quad;
    vtkNew<vtkPolyDataMapper2D> mapper;
    vtkNew<vtkTexturedActor2D> actor;
};

PictureLayer::PictureLayer(vtkRenderer* renderer, Filter filter)
    : d(std::make_unique<Private>(filter == Filter::linear))
{
    d->mapper->SetInputData(d->quad.data);
    d->actor->SetMapper(d->mapper);
    d->actor->SetTexture(d->quad.texture);
    d->actor->VisibilityOff();
    renderer->AddActor2D(d->actor);
}

PictureLayer::~PictureLayer() = default;

void PictureLayer::setPixels(const std::vector<std::uint32_t>& pixels, int width, int height)
{
    d->quad.resize(width, height);
    std::memcpy(d->quad.image->GetScalarPointer(), pixels.data(), pixels.size() * sizeof(std::uint32_t));
    d->quad.touch();
}

void PictureLayer::place(double left, double top, double right, double bottom)
{
    d->quad.place(left, top, right, bottom);
}

void PictureLayer::setVisible(bool visible)
{
    d->actor->SetVisibility(visible ? 1 : 0);
}

struct DrawingLayer::Private {
    Quad quad{false};
    QImage canvas;
    vtkNew<vtkPolyDataMapper2D> mapper;
    vtkNew<vtkTexturedActor2D> actor;
};

DrawingLayer::DrawingLayer(vtkRenderer* renderer)
    : d(std::make_unique<Private>())
{
    d->mapper->SetInputData(d->quad.data);
    d->actor->SetMapper(d->mapper);
    d->actor->SetTexture(d->quad.texture);
    d->actor->VisibilityOff();
    renderer->AddActor2D(d->actor);
}

DrawingLayer::~DrawingLayer() = default;

QImage& DrawingLayer::begin(int width, int height)
{
    const bool changed = d->canvas.width() != width || d->canvas.height() != height;
    d->quad.resize(width, height);
    if (changed || d->canvas.isNull()) {
        // Painted where VTK reads it, without a copy. Qt paints ARGB faster than RGBA, and without waiting for its
        // thread pool; finish() puts the channels in order.
        d->canvas = QImage(static_cast<uchar*>(d->quad.image->GetScalarPointer()), width, height, width * 4,
                           QImage::Format_ARGB32_Premultiplied);
        d->quad.place(0, height, width, 0);
    }
    d->canvas.fill(Qt::transparent);
    return d->canvas;
}

void DrawingLayer::finish()
{
    auto* pixels = static_cast<std::uint32_t*>(d->quad.image->GetScalarPointer());
    const auto count = static_cast<std::size_t>(d->canvas.width()) * static_cast<std::size_t>(d->canvas.height());
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t pixel = pixels[i];
        pixels[i] = (pixel & 0xFF00FF00U) | ((pixel >> 16U) & 0xFFU) | ((pixel & 0xFFU) << 16U);
    }
    d->quad.touch();
    d->actor->VisibilityOn();
}

} // namespace icmoe::ui
