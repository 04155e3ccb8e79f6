#include "ui/tools/MeasureTool.h"

#include "ui/document/AnnotationDocument.h"

#include <QLocale>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace icmoe::ui {
namespace {

/// The first gap between stored slices low … high that is half as large again as the usual one: the slice before it.
std::optional<int> gapBetween(const Geometry& geometry, int low, int high)
{
    const auto& positions = geometry.positions();
    std::vector<double> gaps;
    for (std::size_t k = 1; k < positions.size(); ++k) {
        gaps.push_back(std::abs(dot(positions[k] - positions[k - 1], geometry.normal())));
    }
    if (gaps.empty()) {
        return std::nullopt;
    }
    std::vector<double> sorted = gaps;
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2), sorted.end());
    const double usual = sorted[sorted.size() / 2];
    for (int k = low; k < high; ++k) {
        if (gaps[static_cast<std::size_t>(k)] > 1.5 * usual) {
            return k;
        }
    }
    return std::nullopt;
}

} // namespace

MeasureTool::MeasureTool(AnnotationDocument& document, std::function<void()> redraw)
    : m_document(document)
    , m_redraw(std::move(redraw))
{
}

void MeasureTool::measure(Measurement& line) const
{
    const SlicePlane& plane = m_document.grid(line.plane).stored();
    const Geometry& geometry = m_document.volume()->geometry();
    const Vec3 from = plane.voxel(line.from, line.slice);
    const Vec3 to = plane.voxel(line.to, line.slice);
    const QLocale locale;
    line.refused = false;
    if (geometry.spacingSource() == SpacingSource::none) {
        const double pixels = std::hypot(line.to.x - line.from.x, line.to.y - line.from.y);
        line.text = AnnotationDocument::tr("%1 px").arg(locale.toString(pixels, 'f', 1));
        return;
    }
    const int last = geometry.size().depth - 1;
    const int low = std::clamp(static_cast<int>(std::floor(std::min(from.z, to.z))), 0, last);
    const int high = std::clamp(static_cast<int>(std::ceil(std::max(from.z, to.z))), 0, last);
    if (const auto gap = gapBetween(geometry, low, high)) {
        line.refused = true;
        line.text =
            AnnotationDocument::tr("Not measured: slices are missing between %1 and %2").arg(*gap + 1).arg(*gap + 2);
        return;
    }
    const double mm = length(geometry.toPatient(to) - geometry.toPatient(from));
    line.text = AnnotationDocument::tr("%1 mm").arg(locale.toString(mm, 'f', 1));
}

void MeasureTool::press(const ToolEvent& event)
{
    m_now = Measurement{event.grid->plane(), event.slice, event.at, event.at, {}, false};
}

void MeasureTool::move(const ToolEvent& event)
{
    if (m_now) {
        m_now->to = event.at;
        measure(*m_now);
        m_redraw();
    }
}

void MeasureTool::release(const ToolEvent& event)
{
    if (!m_now) {
        return;
    }
    move(event);
    if (m_now->refused) {
        Q_EMIT m_document.notice(m_now->text);
    } else if (m_now->from != m_now->to) {
        m_kept.push_back(*m_now);
    }
    m_now.reset();
    m_redraw();
}

void MeasureTool::clear()
{
    m_kept.clear();
    m_now.reset();
    m_redraw();
}

bool MeasureTool::cancel()
{
    const bool had = m_now.has_value() || !m_kept.empty();
    if (had) {
        clear();
    }
    return had;
}

void MeasureTool::draw(QPainter& painter, const ToolCanvas& canvas) const
{
    const auto one = [&](const Measurement& line) {
        if (line.plane != canvas.plane() || line.slice != canvas.slice()) {
            return;
        }
        const QPointF a = canvas.toView(line.from);
        const QPointF b = canvas.toView(line.to);
        const QPointF along = b - a;
        const double size = std::hypot(along.x(), along.y());
        const QPointF across = size > 0 ? QPointF(-along.y(), along.x()) * (6 / size) : QPointF();
        for (const QPen& pen : {QPen(QColor(0, 0, 0, 170), 3.5), QPen(Qt::white, 1.5)}) {
            painter.setPen(pen);
            painter.drawLine(a, b);
            painter.drawLine(a - across, a + across);
            painter.drawLine(b - across, b + across);
        }
        canvas.text(painter, (a + b) / 2 + QPointF(10, -10), line.text);
    };
    for (const Measurement& line : m_kept) {
        one(line);
    }
    if (m_now) {
        one(*m_now);
    }
}

} // namespace icmoe::ui
