#include "ui/views/HaloText.h"

#include <QFontMetricsF>
#include <QPainter>
#include <QPainterPath>

#include <cmath>

namespace icmoe::ui {
namespace {

constexpr double kHalo = 2.5;
constexpr int kKept = 400;

} // namespace

const HaloText::Entry& HaloText::render(const QString& text, FontRole role, const QColor& colour, double ratio)
{
    const QString key =
        QStringLiteral("%1|%2|%3|%4").arg(static_cast<int>(role)).arg(colour.rgba()).arg(ratio).arg(text);
    const auto found = m_entries.constFind(key);
    if (found != m_entries.constEnd()) {
        return *found;
    }
    if (m_entries.size() >= kKept) {
        m_entries.clear();
    }
    const QFont face = font(role);
    const QFontMetricsF metrics(face);
    const QSizeF size(std::ceil(metrics.horizontalAdvance(text)) + 2 * kHalo, std::ceil(metrics.height()) + 2 * kHalo);
    QImage image((size * ratio).toSize(), QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(ratio);
    image.fill(Qt::transparent);
    QPainter painter(&image);
    painter.setRenderHint(QPainter::Antialiasing);
    QPainterPath path;
    path.addText(QPointF(kHalo, kHalo + metrics.ascent()), face, text);
    painter.strokePath(path, QPen(QColor(0, 0, 0, 190), 2 * kHalo, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.fillPath(path, colour);
    painter.end();
    return *m_entries.insert(key, {image, size});
}

double HaloText::draw(QPainter& painter, QPointF at, const QString& text, FontRole role, Qt::Alignment alignment,
                      const QColor& colour)
{
    if (text.isEmpty()) {
        return 0;
    }
    const double ratio = painter.transform().m11();
    const Entry& entry = render(text, role, colour, ratio);
    const double width = entry.size.width() - 2 * kHalo;
    const double height = entry.size.height() - 2 * kHalo;
    const double x = alignment.testFlag(Qt::AlignRight) ? width : alignment.testFlag(Qt::AlignHCenter) ? width / 2 : 0;
    const double y = alignment.testFlag(Qt::AlignBottom)    ? height
                     : alignment.testFlag(Qt::AlignVCenter) ? height / 2
                                                            : 0;
    // on whole device pixels, so that letters stay sharp
    const QPointF place = at - QPointF(x + kHalo, y + kHalo);
    painter.drawImage(QPointF(std::round(place.x() * ratio) / ratio, std::round(place.y() * ratio) / ratio),
                      entry.image);
    return width;
}

} // namespace icmoe::ui
