#pragma once

#include <QRectF>

#include <cstdint>
#include <memory>
#include <vector>

class QImage;
class vtkRenderer;

namespace icmoe::ui {

/// A picture on a rectangle of the scene (a textured quad), premultiplied RGBA. Pixels are copied in once for each
/// change.
class PictureLayer {
public:
    enum class Filter { nearest, linear };
    PictureLayer(vtkRenderer* renderer, Filter filter);
    ~PictureLayer();
    PictureLayer(const PictureLayer&) = delete;
    PictureLayer& operator=(const PictureLayer&) = delete;

    /// Row 0 is the top one. `pixels` holds width × height values, R in the lowest byte.
    void setPixels(const std::vector<std::uint32_t>& pixels, int width, int height);
    /// Device pixels of the view; y grows upwards, `top` > `bottom`.
    void place(double left, double top, double right, double bottom);
    void setVisible(bool visible);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

/// A drawing over the whole view at device pixels: outlines, prompts, letters, crosshair. A QPainter draws into its
/// image, VTK shows it as a prop, so that screenshots and DPI agree with the picture below.
class DrawingLayer {
public:
    explicit DrawingLayer(vtkRenderer* renderer);
    ~DrawingLayer();
    DrawingLayer(const DrawingLayer&) = delete;
    DrawingLayer& operator=(const DrawingLayer&) = delete;

    /// The cleared image to draw on; valid until the next call. finish() hands it to VTK.
    [[nodiscard]] QImage& begin(int width, int height);
    void finish();

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace icmoe::ui
