#pragma once

#include "ui/views/VtkWidget.h"

#include <array>
#include <memory>
#include <optional>

namespace icmoe::ui {

class AnnotationDocument;

/// Surfaces of the accepted masks in patient space. Left drag turns, wheel and right drag zoom, middle drag pans.
/// Surfaces are made on another thread, some time after the last change; while turning, large ones are drawn coarser.
class VolumeView final : public VtkWidget {
    Q_OBJECT

public:
    explicit VolumeView(AnnotationDocument& document, QWidget* parent = nullptr);
    ~VolumeView() override;

    void fit();
    /// Surfaces that are shown, and whether some are still being made (tests wait for that).
    [[nodiscard]] int surfaceCount() const;
    [[nodiscard]] bool isBuilding() const;
    /// Bounds of a label's surface in patient space: min x, max x, min y, …; nullopt where there is none.
    [[nodiscard]] std::optional<std::array<double, 6>> surfaceBounds(int label) const;
    /// What direction the camera looks from: "Left anterior oblique".
    [[nodiscard]] QString directionText() const;

Q_SIGNALS:
    void surfacesChanged();
    void contextMenuRequested(const QPoint& globalPosition);
    void doubleClicked();
    void focused();

protected:
    void prepare(int width, int height) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace icmoe::ui
