#pragma once

#include "core/image/Plane.h"

#include <QPointF>
#include <Qt>

class QPainter;

namespace icmoe::ui {

class SliceGrid;

/// Where a mouse event of a slice view happened. Stored points are those of the volume's own slices.
struct ToolEvent {
    const SliceGrid* grid = nullptr;
    int shownSlice = 0;
    int slice = 0;     ///< stored slice
    Point2 at;         ///< stored pixel, continuous, may lie outside
    Point2 shown;      ///< pixel of the shown slice
    QPointF position;  ///< in the view, logical pixels
    double scaleX = 1; ///< logical pixels of the view for one stored pixel
    double scaleY = 1;
    Qt::KeyboardModifiers modifiers;
};

/// How a tool draws: stored points of the view's slice to the view's logical pixels.
class ToolCanvas {
public:
    virtual ~ToolCanvas() = default;
    [[nodiscard]] virtual Plane plane() const = 0;
    [[nodiscard]] virtual int slice() const = 0; ///< stored slice
    [[nodiscard]] virtual QPointF toView(Point2 stored) const = 0;
    [[nodiscard]] virtual double pixelsPerMm() const = 0;
    virtual void text(QPainter& painter, QPointF at, const QString& text) const = 0; ///< with the halo of view texts
};

/// What the left button does in a slice view. UI thread.
class Tool {
public:
    virtual ~Tool() = default;
    virtual void press(const ToolEvent& event) = 0;
    virtual void move(const ToolEvent& event) = 0; ///< only between press and release
    virtual void release(const ToolEvent& event) = 0;
    virtual void hover(const ToolEvent& /*event*/) {} ///< pointer moves without a button
    virtual void leave() {}                           ///< the pointer left the view, or the tool was put away
    /// Esc during a drag or with something of the tool's own to clear: true where there was something.
    virtual bool cancel() { return false; }
    virtual void draw(QPainter& /*painter*/, const ToolCanvas& /*canvas*/) const {}
    [[nodiscard]] virtual Qt::CursorShape cursor() const { return Qt::CrossCursor; }
    /// Existing prompts can be picked up with this tool.
    [[nodiscard]] virtual bool editsPrompts() const { return false; }
};

} // namespace icmoe::ui
