#pragma once

#include <QColor>

#include <array>

namespace icmoe::ui {

enum class Theme { dark, light };

/// The colours of the window (design: "Tokens"), read from resources/style/tokens.json. One source for style sheet,
/// palette, custom painting and VTK.
struct Tokens {
    // surfaces
    QColor app;    ///< gaps between regions
    QColor panel;  ///< panels
    QColor raised; ///< cards, buttons
    QColor hover;  ///< hover, active segment
    QColor field;  ///< inputs
    QColor line;   ///< rules
    QColor groove; ///< slider track, quiet borders
    // text
    QColor text;  ///< names
    QColor text2; ///< values
    QColor text3; ///< hints
    // meaning
    QColor accent; ///< focus, current tool, links
    QColor sel;    ///< selected row
    QColor fill;   ///< the one primary button
    QColor onfill;
    QColor ok;
    QColor warn;
    QColor err;
    // the same in both themes
    QColor view;
    QColor prompt;
    QColor planeAxial;
    QColor planeSagittal;
    QColor planeCoronal;
    std::array<QColor, 4> voteRamp; ///< agree … disagree; lightness rises throughout
    double crosshairOpacity = 0.62;

    /// The ramp at t in 0..1 (0: agree), linear between its four colours.
    [[nodiscard]] QColor vote(double t) const;
};

/// Tokens of a theme.
[[nodiscard]] const Tokens& tokens(Theme theme);
/// Tokens of the current theme.
[[nodiscard]] const Tokens& tokens();
[[nodiscard]] Theme theme();
/// What tokens() answers from now on; applyTheme (StyleSheet.h) also restyles the application.
void setCurrentTheme(Theme theme);

// Spacing and sizes of the design, in points.
inline constexpr int kGap = 4;        ///< between regions
inline constexpr int kRowSpacing = 8; ///< inside a row
inline constexpr int kPanelMargin = 14;
inline constexpr int kRadiusSmall = 4; ///< swatch, segment
inline constexpr int kRadius = 6;      ///< button, row, card
inline constexpr int kRowHeight = 28;
inline constexpr int kButtonHeight = 32;
inline constexpr int kMotionMilliseconds = 120;

} // namespace icmoe::ui
