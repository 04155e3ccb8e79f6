#include "ui/panels/DropArea.h"

#include "ui/panels/Widgets.h"
#include "ui/style/Fonts.h"
#include "ui/style/Icons.h"

#include <QPainter>

namespace icmoe::ui {

DropArea::DropArea(const QString& text, QWidget* parent)
    : QWidget(parent)
    , m_text(text)
{
    setAccessibleName(text);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setMinimumHeight(58);
}

void DropArea::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QPen pen(tokens().groove, 1);
    pen.setDashPattern({4, 3});
    painter.setPen(pen);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), kRadius, kRadius);
    paintIcon(painter, QStringLiteral("drop"), QRectF(width() / 2.0 - 9, 9, 18, 18), tokens().text3);
    paintText(painter, rect().adjusted(8, 30, -8, -6), m_text, ui::font(FontRole::hint), tokens().text2,
              Qt::AlignCenter);
}

} // namespace icmoe::ui
