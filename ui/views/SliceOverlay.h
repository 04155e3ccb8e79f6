#pragma once

#include "core/label/Label.h"
#include "core/mask/SliceMask.h"
#include "ui/document/AnnotationDocument.h"
#include "ui/tools/Tool.h"
#include "ui/views/HaloText.h"
#include "ui/views/ViewTransform.h"

#include <QPolygonF>

#include <vector>

namespace icmoe::ui {

class ToolController;

/// An object as it lies on the shown slice, with its outline in pixels of that slice.
struct ShownObject {
    enum class Look { accepted, preview, ghost };
    SliceMask mask;
    Colour colour;
    Look look = Look::accepted;
    bool twice = false;             ///< labels beyond the palette have a second outline
    std::vector<QPolygonF> outline; ///< closed, pixel (c, r) covers c − ½ … c + ½
    std::vector<QPolygonF>
        smooth; ///< the same with stairs cut at their corners, for pixels that are small on the screen
};

/// Where the voters differ on the shown slice, in its pixels.
struct ShownDisagreement {
    SliceMask some;   ///< a fifth of the votes or more are against the mask
    SliceMask strong; ///< two fifths or more; part of `some`
};

/// Fills outline and smooth from the mask.
void traceOutline(ShownObject& object);

/// Draws what lies over a slice: outlines, prompts, crosshair, letters, corner texts, scale bar.
class SliceOverlay final : public ToolCanvas {
public:
    SliceOverlay(AnnotationDocument& document, const ToolController& tools, Plane plane);

    struct Frame {
        ViewTransform transform;
        int shownSlice = 0;
        bool main = false; ///< the main view has all corner texts
        bool focused = false;
        bool pictureThere = true; ///< false: the slice is not loaded yet
        double deviceRatio = 1;
    };
    void draw(QPainter& painter, const Frame& frame, const std::vector<ShownObject>& objects,
              const ShownDisagreement& disagreement);
    /// A view without a picture.
    void drawEmpty(QPainter& painter, const Frame& frame);

    // ToolCanvas
    [[nodiscard]] Plane plane() const override { return m_plane; }
    [[nodiscard]] int slice() const override;
    [[nodiscard]] QPointF toView(Point2 stored) const override;
    [[nodiscard]] double pixelsPerMm() const override { return m_frame.transform.scale; }
    void text(QPainter& painter, QPointF at, const QString& text) const override;

    /// The plane's name as the view shows it: "Axial"; "Picture" without a place in the patient.
    [[nodiscard]] QString title() const;
    /// Position of the crosshair across the plane: "S 15 mm".
    [[nodiscard]] QString positionText() const;

private:
    void drawObject(QPainter& painter, const ShownObject& object) const;
    void drawDisagreement(QPainter& painter, const ShownDisagreement& disagreement) const;
    void drawCrosshair(QPainter& painter) const;
    void drawPrompts(QPainter& painter) const;
    void drawPrompt(QPainter& painter, const Prompt& prompt, bool selected) const;
    void drawBox(QPainter& painter, const Prompt& prompt, bool selected) const;
    void drawLetters(QPainter& painter) const;
    void drawCorners(QPainter& painter) const;
    void drawScaleBar(QPainter& painter) const;

    AnnotationDocument& m_document;
    const ToolController& m_tools;
    Plane m_plane;
    Frame m_frame;
    mutable HaloText m_text;
};

[[nodiscard]] QColor planeColour(Plane plane);

} // namespace icmoe::ui
