#pragma once

#include "ui/document/AnnotationDocument.h"
#include "ui/views/Layers.h"
#include "ui/views/SliceOverlay.h"
#include "ui/views/SlicePicture.h"

#include <vector>

class vtkRenderer;

namespace icmoe::ui {

/// What VTK shows in a slice view: picture, fills of masks, and the drawing over them. Rebuilds only what was marked.
class SliceScene {
public:
    SliceScene(AnnotationDocument& document, const ToolController& tools, Plane plane, vtkRenderer* renderer);

    void pictureChanged() { m_pictureDirty = true; }
    void masksChanged() { m_masksDirty = true; }
    /// Brings everything up to date for a frame of width × height device pixels.
    void update(const SliceOverlay::Frame& frame, int width, int height);
    [[nodiscard]] SliceOverlay& overlay() { return m_overlay; }
    [[nodiscard]] const std::vector<ShownObject>& objects() const { return m_objects; }
    [[nodiscard]] const ShownDisagreement& disagreement() const { return m_disagreement; }

private:
    void updatePicture(int n);
    void updateObjects(int n);
    void updateFills();
    void updateDisagreement(int n);
    void placePicture(const ViewTransform& transform, double deviceRatio);

    AnnotationDocument& m_document;
    Plane m_plane;
    PictureLayer m_picture;
    PictureLayer m_fills;
    DrawingLayer m_drawing;
    SliceOverlay m_overlay;
    SlicePicture m_cutter;
    std::vector<std::uint32_t> m_pixels;
    std::vector<std::uint32_t> m_fillPixels;
    std::vector<ShownObject> m_objects;
    ShownDisagreement m_disagreement;
    bool m_pictureDirty = true;
    bool m_masksDirty = true;
    bool m_pictureThere = false;
    int m_shown = -1;
};

} // namespace icmoe::ui
