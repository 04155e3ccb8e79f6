#pragma once

#include "ui/style/Fonts.h"

#include <QColor>
#include <QHash>
#include <QImage>
#include <QPointF>
#include <QString>

class QPainter;

namespace icmoe::ui {

/// Text over pictures: white with a dark halo. Rendered texts are kept, because a halo costs more than the rest of a
/// frame.
class HaloText {
public:
    /// Draws with `alignment` telling which point of the text lies at `at`. Returns the width in logical pixels.
    double draw(QPainter& painter, QPointF at, const QString& text, FontRole role,
                Qt::Alignment alignment = Qt::AlignLeft | Qt::AlignTop, const QColor& colour = Qt::white);

private:
    struct Entry {
        QImage image;
        QSizeF size;
    };
    const Entry& render(const QString& text, FontRole role, const QColor& colour, double ratio);
    QHash<QString, Entry> m_entries;
};

} // namespace icmoe::ui
