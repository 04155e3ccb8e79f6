#pragma once

#include "ui/style/Tokens.h"

#include <QPalette>
#include <QString>

class QApplication;
class QWidget;

namespace icmoe::ui {

[[nodiscard]] QPalette palette(const Tokens& tokens);
/// resources/style/style.qss with the tokens filled in.
[[nodiscard]] QString styleSheet(Theme theme);
/// Font, palette, style sheet and tokens() of the whole application. Widgets hear of it as QEvent::StyleChange.
void applyTheme(QApplication& application, Theme theme);

/// Sets a property that the style sheet asks for ("kind", "surface") and restyles the widget.
void setStyleProperty(QWidget& widget, const char* name, const QString& value);

} // namespace icmoe::ui
