#pragma once

#include "core/image/Plane.h"

#include <QSlider>

#include <optional>
#include <vector>

namespace icmoe::ui {

class AnnotationDocument;

/// Beside the main view: how much the voters disagreed on each slice (left track) and the slice slider (right track)
/// with ticks at the places. The last slice is at the top, where Up and the wheel lead. The strip says only what is so:
/// voted on, prompted, drawn, prepared by the engine.
class SliceStrip final : public QSlider {
    Q_OBJECT

public:
    explicit SliceStrip(AnnotationDocument& document, QWidget* parent = nullptr);

    struct SliceMark {
        bool prompted = false;
        bool drawn = false;
        bool encoded = false;
        std::optional<double> disagreement; ///< 0..1; none: no vote was held
    };
    [[nodiscard]] SliceMark mark(int slice) const;
    /// "Slice 107 · agreement 71 %", or "Slice 107 of 181 · has masks · prepared for prompts" without a vote.
    [[nodiscard]] QString describe(int slice) const;
    [[nodiscard]] int sliceAt(int y) const;

    [[nodiscard]] QSize sizeHint() const override { return {44, 200}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {44, 100}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    bool event(QEvent* event) override;

private:
    void planeChanged();
    void marksChanged();
    [[nodiscard]] QRectF track() const; ///< between the letters
    [[nodiscard]] double yOf(double slice) const;

    AnnotationDocument& m_document;
    std::vector<SliceMark> m_marks;
    QString m_topLetter;
    QString m_bottomLetter;
    Plane m_plane = Plane::acquisition;
};

} // namespace icmoe::ui
