#pragma once

#include "core/image/Plane.h"
#include "ui/views/PointerInfo.h"
#include "ui/views/ViewTransform.h"
#include "ui/views/VtkWidget.h"

#include <memory>
#include <optional>

namespace icmoe::ui {

class AnnotationDocument;
class ToolController;

/// One plane of the open series: picture, masks, prompts, crosshair, letters. Wheel: slice; Ctrl+wheel: zoom; middle
/// drag or Space+drag: pan; right drag: zoom; left: the tool. Does its work once a frame, for what changed.
class SliceView final : public VtkWidget {
    Q_OBJECT

public:
    SliceView(AnnotationDocument& document, ToolController& tools, Plane plane, QWidget* parent = nullptr);
    ~SliceView() override;

    [[nodiscard]] Plane plane() const;
    /// The main view has all corner texts.
    void setMain(bool main);
    [[nodiscard]] bool isMain() const;
    /// All of the slice, with a small margin; stays so when the view is resized, until the annotator zooms or pans.
    void fit();
    [[nodiscard]] bool isFitted() const;
    [[nodiscard]] const ViewTransform& transform() const;
    /// Zoom in logical pixels per millimetre and the millimetre in the middle.
    void place(double scale, QPointF centre);

    /// Point of the volume's own slice ↔ position in the view.
    [[nodiscard]] QPointF toView(Point2 stored) const;
    [[nodiscard]] Point2 toStored(QPointF position) const;
    [[nodiscard]] PointerInfo infoAt(QPointF position) const;

Q_SIGNALS:
    void pointerChanged(const std::optional<icmoe::ui::PointerInfo>& info);
    void contextMenuRequested(const QPoint& globalPosition);
    void doubleClicked();
    void focused();
    void placed(); ///< zoom or pan changed by the annotator

protected:
    void prepare(int width, int height) override;
    bool event(QEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void keyReleaseEvent(QKeyEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace icmoe::ui
