#include "ui/views/SliceOverlay.h"

#include "ui/document/PromptEdit.h"
#include "ui/style/Tokens.h"
#include "ui/tools/ToolController.h"

#include <QLocale>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>

namespace icmoe::ui {
namespace {

constexpr double kMargin = 10;
constexpr double kCrosshairGap = 14; // half of it, so that the voxel is seen
constexpr double kLargePixel = 10;   // logical pixels: from here on outlines follow pixel edges exactly
constexpr double kDotStep = 8;       // logical pixels between the dots where voters differ
constexpr double kSmallView = 420;   // narrower views have no texts in the right corner

const QColor kHalo(0, 0, 0, 170);

QColor toColor(Colour colour)
{
    return {colour.red, colour.green, colour.blue};
}

/// Corners cut by half a pixel: stairs become slopes and stay within half a pixel of the truth.
QPolygonF cutCorners(const QPolygonF& polygon)
{
    QPolygonF result;
    const auto count = polygon.size();
    result.reserve(2 * count);
    for (qsizetype i = 0; i < count; ++i) {
        const QPointF here = polygon[i];
        for (const QPointF other : {polygon[(i + count - 1) % count], polygon[(i + 1) % count]}) {
            const QPointF by = other - here;
            const double size = std::hypot(by.x(), by.y());
            result << here + by * (std::min(0.5, size / 2) / std::max(size, 1e-9));
        }
    }
    return result;
}

Plane planeAcrossX(Plane plane)
{
    return plane == Plane::sagittal ? Plane::coronal : Plane::sagittal;
}

Plane planeAcrossY(Plane plane)
{
    return plane == Plane::axial || plane == Plane::acquisition ? Plane::coronal : Plane::axial;
}

void drawTwice(QPainter& painter, const QColor& colour, double width, Qt::PenStyle style,
               const std::function<void()>& shape)
{
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(kHalo, width + 2, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    shape();
    painter.setPen(QPen(colour, width, style, Qt::RoundCap, Qt::RoundJoin));
    shape();
}

void drawHandle(QPainter& painter, QPointF at)
{
    painter.setPen(QPen(QColor(0, 0, 0, 220), 1));
    painter.setBrush(Qt::white);
    painter.drawRect(QRectF(at - QPointF(3.5, 3.5), QSizeF(7, 7)));
}

void drawClick(QPainter& painter, QPointF at, bool inside, bool selected)
{
    constexpr double kRadius = 7.5;
    if (selected) {
        drawTwice(painter, Qt::white, 1.25, Qt::SolidLine,
                  [&] { painter.drawEllipse(at, kRadius + 4.5, kRadius + 4.5); });
    }
    const QColor dark(17, 19, 22);
    if (inside) {
        painter.setPen(QPen(dark, 1.25));
        painter.setBrush(Qt::white);
        painter.drawEllipse(at, kRadius, kRadius);
        painter.setPen(QPen(dark, 1.75));
        painter.drawLine(at - QPointF(0, 4), at + QPointF(0, 4));
    } else {
        const QRectF square(at - QPointF(kRadius, kRadius), QSizeF(2 * kRadius, 2 * kRadius));
        painter.setPen(QPen(kHalo, 3.5));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(square, 3, 3);
        painter.setPen(QPen(Qt::white, 1.5));
        painter.setBrush(dark);
        painter.drawRoundedRect(square, 3, 3);
        painter.setPen(QPen(Qt::white, 1.75));
    }
    painter.drawLine(at - QPointF(4, 0), at + QPointF(4, 0));
}

} // namespace

QColor planeColour(Plane plane)
{
    const Tokens& t = tokens();
    switch (plane) {
    case Plane::sagittal:
        return t.planeSagittal;
    case Plane::coronal:
        return t.planeCoronal;
    case Plane::axial:
    case Plane::acquisition:
        break;
    }
    return t.planeAxial;
}

void traceOutline(ShownObject& object)
{
    object.outline.clear();
    object.smooth.clear();
    for (const auto& loop : outlines(object.mask)) {
        QPolygonF polygon;
        polygon.reserve(static_cast<qsizetype>(loop.size()));
        for (const Point2 point : loop) {
            polygon << QPointF(point.x, point.y);
        }
        if (polygon.size() > 1 && polygon.first() == polygon.last()) {
            polygon.removeLast();
        }
        object.smooth.push_back(cutCorners(polygon));
        object.outline.push_back(std::move(polygon));
    }
}

SliceOverlay::SliceOverlay(AnnotationDocument& document, const ToolController& tools, Plane plane)
    : m_document(document)
    , m_tools(tools)
    , m_plane(plane)
{
}

int SliceOverlay::slice() const
{
    return m_document.grid(m_plane).storedSlice(m_frame.shownSlice);
}

QPointF SliceOverlay::toView(Point2 stored) const
{
    const SliceGrid& grid = m_document.grid(m_plane);
    return m_frame.transform.toView(grid.isResampled() ? grid.toShown(stored, slice()) : stored);
}

void SliceOverlay::text(QPainter& painter, QPointF at, const QString& text) const
{
    m_text.draw(painter, at, text, FontRole::viewTitle, Qt::AlignLeft | Qt::AlignVCenter);
}

void SliceOverlay::draw(QPainter& painter, const Frame& frame, const std::vector<ShownObject>& objects,
                        const ShownDisagreement& disagreement)
{
    m_frame = frame;
    painter.setRenderHint(QPainter::Antialiasing);
    drawDisagreement(painter, disagreement); // over the fills, under the outlines
    for (const ShownObject& object : objects) {
        drawObject(painter, object);
    }
    drawCrosshair(painter);
    drawPrompts(painter);
    m_tools.currentTool().draw(painter, *this);
    if (&m_tools.currentTool() != &m_tools.tool(ToolId::measure)) {
        m_tools.tool(ToolId::measure).draw(painter, *this);
    }
    drawLetters(painter);
    drawCorners(painter);
    drawScaleBar(painter);
    if (!frame.pictureThere) {
        m_text.draw(painter, QPointF(frame.transform.size.width() / 2, frame.transform.size.height() / 2),
                    AnnotationDocument::tr("Slice %1 is not loaded yet").arg(frame.shownSlice + 1), FontRole::viewText,
                    Qt::AlignHCenter | Qt::AlignVCenter, tokens(Theme::dark).text2);
    }
    if (frame.focused) {
        painter.setRenderHint(QPainter::Antialiasing, false);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(tokens().accent, 1));
        painter.drawRect(QRectF(0.5, 0.5, frame.transform.size.width() - 1, frame.transform.size.height() - 1));
    }
}

void SliceOverlay::drawEmpty(QPainter& painter, const Frame& frame)
{
    m_frame = frame;
    m_text.draw(painter, QPointF(kMargin, kMargin - 2), title(), FontRole::viewTitle, Qt::AlignLeft | Qt::AlignTop,
                tokens(Theme::dark).text3);
}

void SliceOverlay::drawObject(QPainter& painter, const ShownObject& object) const
{
    const ViewTransform& t = m_frame.transform;
    const bool exact = std::min(t.spacingX, t.spacingY) * t.scale >= kLargePixel;
    QPainterPath path;
    for (const QPolygonF& polygon : exact ? object.outline : object.smooth) {
        QPolygonF mapped;
        mapped.reserve(polygon.size());
        for (const QPointF point : polygon) {
            mapped << t.toView({point.x(), point.y()});
        }
        path.addPolygon(mapped);
        path.closeSubpath();
    }
    painter.setBrush(Qt::NoBrush);
    const Qt::PenJoinStyle join = exact ? Qt::MiterJoin : Qt::BevelJoin; // round joins cost more than all the rest
    const QColor colour = toColor(object.colour);
    if (object.look == ShownObject::Look::accepted) {
        painter.strokePath(path, QPen(kHalo, object.twice ? 5.5 : 3.5, Qt::SolidLine, Qt::FlatCap, join));
        if (object.twice) {
            painter.strokePath(path, QPen(colour, 4.5, Qt::SolidLine, Qt::FlatCap, join));
            painter.strokePath(path, QPen(QColor(0, 0, 0, 220), 2, Qt::SolidLine, Qt::FlatCap, join));
        }
        painter.strokePath(path, QPen(colour, object.twice ? 1 : 1.5, Qt::SolidLine, Qt::FlatCap, join));
        return;
    }
    const bool preview = object.look == ShownObject::Look::preview;
    if (preview) {
        painter.strokePath(path, QPen(QColor(0, 0, 0, 200), 3.5, Qt::SolidLine, Qt::FlatCap, join));
    }
    const double width = preview ? 2 : 1;
    QPen dashes(colour, width, Qt::SolidLine, Qt::FlatCap, join);
    dashes.setDashPattern({4 / width, 2 / width}); // Qt counts in line widths
    if (!preview) {
        dashes.setDashPattern({4, 3});
    }
    painter.strokePath(path, dashes);
}

/// Dots of one size on the screen, in rows that are offset by half a step, fixed to the picture. A pixel that is
/// smaller than a step marks the dot that it lies under, a larger one carries several: thin seams show as well as broad
/// ones.
void SliceOverlay::drawDisagreement(QPainter& painter, const ShownDisagreement& disagreement) const
{
    if (disagreement.some.empty()) {
        return;
    }
    const ViewTransform& t = m_frame.transform;
    const QPointF origin = t.toView({-0.5, -0.5});
    const QPointF pixel = t.toView({0.5, 0.5}) - origin;
    const double rowHeight = kDotStep * std::sqrt(0.75);
    std::map<std::pair<int, int>, bool> dots; // row and column; true: strong
    const auto shift = [](int row) { return row % 2 == 0 ? 0.0 : 0.5; };
    const auto mark = [&](QPointF low, QPointF high, bool strong) {
        int first = static_cast<int>(std::ceil(low.y() / rowHeight));
        int last = static_cast<int>(std::ceil(high.y() / rowHeight)) - 1;
        if (last < first) {
            first = last = static_cast<int>(std::lround((low.y() + high.y()) / 2 / rowHeight));
        }
        for (int row = first; row <= last; ++row) {
            int left = static_cast<int>(std::ceil(low.x() / kDotStep - shift(row)));
            int right = static_cast<int>(std::ceil(high.x() / kDotStep - shift(row))) - 1;
            if (right < left) {
                left = right = static_cast<int>(std::lround((low.x() + high.x()) / 2 / kDotStep - shift(row)));
            }
            for (int column = left; column <= right; ++column) {
                bool& dot = dots[{row, column}];
                dot = dot || strong;
            }
        }
    };
    const auto markAll = [&](const SliceMask& mask, bool strong) {
        for (const Run run : mask.runs()) {
            for (std::uint32_t at = run.begin; at < run.end; ++at) {
                const int x = static_cast<int>(at) % mask.width();
                const int y = static_cast<int>(at) / mask.width();
                const QPointF low(x * pixel.x(), y * pixel.y());
                mark(low, low + pixel, strong);
            }
        }
    };
    markAll(disagreement.some, false);
    markAll(disagreement.strong, true);
    const QColor amber = tokens().vote(0.67);
    const QColor bright = tokens().vote(0.8);
    const QRectF seen = QRectF(QPointF(), t.size).adjusted(-4, -4, 4, 4);
    painter.setPen(Qt::NoPen);
    for (const auto& [place, strong] : dots) {
        const QPointF at = origin + QPointF((place.second + shift(place.first)) * kDotStep, place.first * rowHeight);
        if (seen.contains(at)) {
            const double radius = strong ? 1.9 : 1.2;
            painter.setBrush(QColor(0, 0, 0, 170)); // so that it is seen on any label and on bone
            painter.drawEllipse(at, radius + 0.8, radius + 0.8);
            painter.setBrush(strong ? bright : amber);
            painter.drawEllipse(at, radius, radius);
        }
    }
}

void SliceOverlay::drawCrosshair(QPainter& painter) const
{
    const SliceGrid& grid = m_document.grid(m_plane);
    if (!grid.geometry().placedInPatient() || grid.geometry().size().depth < 2) {
        return;
    }
    const QPointF at = m_frame.transform.toView(grid.point(m_document.cursor()));
    const double w = m_frame.transform.size.width();
    const double h = m_frame.transform.size.height();
    const auto line = [&](Plane across, QPointF a, QPointF b) {
        QColor colour = planeColour(across);
        colour.setAlphaF(static_cast<float>(tokens().crosshairOpacity));
        painter.setPen(QPen(colour, 1));
        painter.drawLine(a, b);
    };
    painter.setRenderHint(QPainter::Antialiasing, false);
    const Plane vertical = planeAcrossX(m_plane);
    const Plane horizontal = planeAcrossY(m_plane);
    if (at.y() - kCrosshairGap > 0) {
        line(vertical, {at.x(), 0}, {at.x(), std::min(h, at.y() - kCrosshairGap)});
    }
    if (at.y() + kCrosshairGap < h) {
        line(vertical, {at.x(), std::max(0.0, at.y() + kCrosshairGap)}, {at.x(), h});
    }
    if (at.x() - kCrosshairGap > 0) {
        line(horizontal, {0, at.y()}, {std::min(w, at.x() - kCrosshairGap), at.y()});
    }
    if (at.x() + kCrosshairGap < w) {
        line(horizontal, {std::max(0.0, at.x() + kCrosshairGap), at.y()}, {w, at.y()});
    }
    painter.setRenderHint(QPainter::Antialiasing);
}

void SliceOverlay::drawPrompts(QPainter& painter) const
{
    for (const Prompt& prompt : m_document.prompts()) {
        if (prompt.plane == m_plane && prompt.slice == slice()) {
            drawPrompt(painter, prompt, m_document.selectedPrompt() == prompt.id);
        }
    }
}

void SliceOverlay::drawPrompt(QPainter& painter, const Prompt& prompt, bool selected) const
{
    if (std::holds_alternative<BoxPrompt>(prompt.shape)) {
        drawBox(painter, prompt, selected);
        return;
    }
    if (const auto* point = std::get_if<PointPrompt>(&prompt.shape)) {
        drawClick(painter, toView(point->at), point->inside, selected);
        return;
    }
    if (const auto* mask = std::get_if<MaskPrompt>(&prompt.shape)) {
        for (const auto& loop : outlines(mask->mask)) {
            QPolygonF polygon;
            for (const Point2 p : loop) {
                polygon << toView(p);
            }
            drawTwice(painter, tokens().prompt, selected ? 2 : 1.25, Qt::DotLine,
                      [&] { painter.drawPolygon(polygon); });
        }
        return;
    }
    QPolygonF line;
    for (const Point2 p : outlineOf(prompt)) {
        line << toView(p);
    }
    if (line.isEmpty()) {
        return; // a label's name lies nowhere
    }
    const auto* scribble = std::get_if<ScribblePrompt>(&prompt.shape);
    const Qt::PenStyle style = scribble != nullptr && !scribble->inside ? Qt::DotLine : Qt::SolidLine;
    drawTwice(painter, tokens().prompt, selected ? 2.5 : 2, style, [&] {
        if (scribble != nullptr) {
            painter.drawPolyline(line);
        } else {
            painter.drawPolygon(line);
        }
    });
    if (selected && !line.isEmpty()) {
        drawHandle(painter, line.first());
        drawHandle(painter, line.last());
    }
}

void SliceOverlay::drawBox(QPainter& painter, const Prompt& prompt, bool selected) const
{
    QPolygonF corners;
    for (const Point2 p : outlineOf(prompt)) {
        corners << toView(p);
    }
    drawTwice(painter, tokens().prompt, 1.5, Qt::SolidLine, [&] { painter.drawPolygon(corners); });
    if (selected) {
        for (qsizetype i = 0; i < corners.size(); ++i) {
            drawHandle(painter, corners[i]);
            drawHandle(painter, (corners[i] + corners[(i + 1) % corners.size()]) / 2);
        }
    }
    m_text.draw(painter, corners.boundingRect().topLeft() - QPointF(0, 6), m_document.promptName(prompt.id),
                FontRole::viewText, Qt::AlignLeft | Qt::AlignBottom);
}

void SliceOverlay::drawLetters(QPainter& painter) const
{
    const SliceGrid& grid = m_document.grid(m_plane);
    if (!grid.geometry().placedInPatient()) {
        return;
    }
    const double w = m_frame.transform.size.width();
    const double h = m_frame.transform.size.height();
    const auto letter = [](Vec3 direction) { return QString::fromStdString(letterOf(direction)); };
    const auto draw = [&](QPointF at, const QString& text, Qt::Alignment alignment) {
        m_text.draw(painter, at, text, FontRole::viewLetter, alignment);
    };
    draw({w / 2, kMargin - 3}, letter(grid.directionY() * -1.0), Qt::AlignHCenter | Qt::AlignTop);
    draw({w / 2, h - kMargin + 3}, letter(grid.directionY()), Qt::AlignHCenter | Qt::AlignBottom);
    draw({kMargin, h / 2}, letter(grid.directionX() * -1.0), Qt::AlignLeft | Qt::AlignVCenter);
    draw({w - kMargin, h / 2}, letter(grid.directionX()), Qt::AlignRight | Qt::AlignVCenter);
}

QString SliceOverlay::title() const
{
    if (m_document.isOpen() && !m_document.grid(m_plane).geometry().placedInPatient()) {
        return AnnotationDocument::tr("Picture");
    }
    switch (m_plane) {
    case Plane::sagittal:
        return AnnotationDocument::tr("Sagittal");
    case Plane::coronal:
        return AnnotationDocument::tr("Coronal");
    case Plane::acquisition:
        return AnnotationDocument::tr("Acquisition");
    case Plane::axial:
        break;
    }
    return AnnotationDocument::tr("Axial");
}

QString SliceOverlay::positionText() const
{
    if (!m_document.isOpen() || !m_document.grid(m_plane).geometry().placedInPatient()) {
        return {};
    }
    const Vec3 at = m_document.cursorPatient();
    const int axis = m_plane == Plane::sagittal ? 0 : m_plane == Plane::coronal ? 1 : 2;
    constexpr std::array<std::array<char, 2>, 3> kLetters{{{'R', 'L'}, {'A', 'P'}, {'I', 'S'}}};
    const auto& pair = kLetters[static_cast<std::size_t>(axis)];
    const double value = std::round(at[axis]);
    return QStringLiteral("%1 %2 mm").arg(QLatin1Char(value < 0 ? pair[0] : pair[1])).arg(std::abs(value));
}

void SliceOverlay::drawCorners(QPainter& painter) const
{
    const QLocale locale;
    const double w = m_frame.transform.size.width();
    painter.setPen(Qt::NoPen);
    painter.setBrush(planeColour(m_plane));
    painter.drawRoundedRect(QRectF(kMargin, kMargin + 3, 9, 9), 2, 2);
    double x = kMargin + 16;
    x += m_text.draw(painter, {x, kMargin - 1}, title(), FontRole::viewTitle);
    m_text.draw(painter, {x + 8, kMargin}, positionText(), FontRole::viewText);
    if (!m_frame.main) {
        return;
    }
    m_text.draw(painter, {kMargin, kMargin + 20},
                AnnotationDocument::tr("Slice %1 of %2")
                    .arg(locale.toString(m_frame.shownSlice + 1), locale.toString(m_document.sliceCount(m_plane))),
                FontRole::viewText);
    if (w < kSmallView) {
        return;
    }
    const WindowLevel window = m_document.window();
    if (!m_document.volume()->isColour()) {
        const int decimals = window.width < 10 ? 2 : 0;
        m_text.draw(
            painter, {w - kMargin, kMargin},
            AnnotationDocument::tr("W %1  L %2")
                .arg(locale.toString(window.width, 'f', decimals), locale.toString(window.level, 'f', decimals)),
            FontRole::viewText, Qt::AlignRight | Qt::AlignTop);
    }
    const bool known = m_document.grid(m_plane).geometry().spacingSource() != SpacingSource::none;
    const QString zoom = locale.toString(m_frame.transform.scale * m_frame.deviceRatio, 'f', 1);
    m_text.draw(painter, {w - kMargin, kMargin + 20},
                known ? AnnotationDocument::tr("%1 px/mm").arg(zoom) : AnnotationDocument::tr("zoom %1").arg(zoom),
                FontRole::viewText, Qt::AlignRight | Qt::AlignTop);
}

void SliceOverlay::drawScaleBar(QPainter& painter) const
{
    const double limit = m_frame.transform.size.width() / 3;
    double size = 0;
    for (const double candidate : {1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0}) {
        if (candidate * m_frame.transform.scale <= limit) {
            size = candidate;
        }
    }
    if (size <= 0) {
        return;
    }
    const bool known = m_document.grid(m_plane).geometry().spacingSource() != SpacingSource::none;
    const double y = m_frame.transform.size.height() - kMargin - 4;
    const QPointF a(kMargin, y);
    const QPointF b(kMargin + size * m_frame.transform.scale, y);
    drawTwice(painter, Qt::white, 1.5, Qt::SolidLine, [&] {
        painter.drawLine(a, b);
        painter.drawLine(a - QPointF(0, 3.5), a + QPointF(0, 3.5));
        painter.drawLine(b - QPointF(0, 3.5), b + QPointF(0, 3.5));
    });
    m_text.draw(painter, a - QPointF(0, 6),
                known ? AnnotationDocument::tr("%1 mm").arg(size) : AnnotationDocument::tr("%1 px").arg(size),
                FontRole::viewText, Qt::AlignLeft | Qt::AlignBottom);
}

} // namespace icmoe::ui
