#pragma once

#include "ui/style/Tokens.h"

#include <QIcon>
#include <QPixmap>

#include <functional>

class QPainter;

namespace icmoe::ui {

/// A token's colour, chosen when painting, so that icons follow the theme: `&Tokens::text2`.
using TokenColour = QColor Tokens::*;

/// An outline icon of resources/icons by its file name without ending, tinted from the tokens when it is painted:
/// disabled text3 at half strength, checked `checked`, else `normal`.
[[nodiscard]] QIcon icon(const QString& name, TokenColour normal = &Tokens::text2,
                         TokenColour checked = &Tokens::accent);

/// Paints an icon into a square.
void paintIcon(QPainter& painter, const QString& name, const QRectF& square, const QColor& colour);
/// A square pixmap of `side` points at a device pixel ratio.
[[nodiscard]] QPixmap iconPixmap(const QString& name, int side, const QColor& colour, double devicePixelRatio);

} // namespace icmoe::ui
