#pragma once

#include "core/image/Vec3.h"

#include <QPointF>
#include <QSizeF>

namespace icmoe::ui {

/// Where a slice lies in its view: `centre` (slice millimetres from the centre of pixel (0, 0), y down) is in the
/// middle of the view, one millimetre is `scale` logical pixels. Millimetres are square on the screen.
struct ViewTransform {
    QPointF centre;
    double scale = 1;
    QSizeF size;
    double spacingX = 1;
    double spacingY = 1;

    [[nodiscard]] QPointF toView(Point2 pixel) const
    {
        return {(pixel.x * spacingX - centre.x()) * scale + size.width() / 2,
                (pixel.y * spacingY - centre.y()) * scale + size.height() / 2};
    }
    [[nodiscard]] Point2 toPixel(QPointF view) const
    {
        const QPointF mm = toMm(view);
        return {mm.x() / spacingX, mm.y() / spacingY};
    }
    [[nodiscard]] QPointF toMm(QPointF view) const
    {
        return {(view.x() - size.width() / 2) / scale + centre.x(),
                (view.y() - size.height() / 2) / scale + centre.y()};
    }
    /// Scales by a factor; what is at `anchor` stays there.
    void zoomAt(QPointF anchor, double factor)
    {
        const QPointF fixed = toMm(anchor);
        scale *= factor;
        centre += fixed - toMm(anchor);
    }
};

} // namespace icmoe::ui
