#pragma once

#include "ui/tools/Tool.h"

#include <QString>

#include <functional>
#include <optional>
#include <vector>

namespace icmoe::ui {

class AnnotationDocument;

/// A length on a slice.
struct Measurement {
    Plane plane = Plane::axial;
    int slice = 0; ///< stored slice
    Point2 from;   ///< stored pixels
    Point2 to;
    QString text; ///< "23.4 mm", "57.0 px", or why it is refused
    bool refused = false;
};

/// Straight lengths in true geometry; in pixels where spacing is unknown; refused across missing slices. Kept until the
/// series changes or Esc.
class MeasureTool final : public Tool {
public:
    MeasureTool(AnnotationDocument& document, std::function<void()> redraw);
    void press(const ToolEvent& event) override;
    void move(const ToolEvent& event) override;
    void release(const ToolEvent& event) override;
    bool cancel() override;
    void draw(QPainter& painter, const ToolCanvas& canvas) const override;
    [[nodiscard]] const std::vector<Measurement>& measurements() const { return m_kept; }
    void clear();

private:
    void measure(Measurement& line) const;

    AnnotationDocument& m_document;
    std::function<void()> m_redraw;
    std::vector<Measurement> m_kept;
    std::optional<Measurement> m_now;
};

} // namespace icmoe::ui
