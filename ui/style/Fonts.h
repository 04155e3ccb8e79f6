#pragma once

#include <QFont>

#include <string>

namespace icmoe::ui {

enum class FontRole {
    sentence,   ///< 15/600
    heading,    ///< 13/600: headings and what is selected
    body,       ///< 13/400
    hint,       ///< 12/400
    tick,       ///< 11: key caps, chart ticks; nothing is smaller
    viewTitle,  ///< 13/600
    viewText,   ///< 12/500
    viewLetter, ///< 15/600
};

/// Registers Inter with the application; tolerates repeats. Needs a QGuiApplication.
void registerFonts();
[[nodiscard]] QFont font(FontRole role);

enum class FontWeight { regular, medium, semiBold };
/// Inter as a file that VTK can open; made once a run in a temporary folder. Empty where that cannot be written.
[[nodiscard]] std::string fontFile(FontWeight weight);

} // namespace icmoe::ui
