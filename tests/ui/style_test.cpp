#include "core/label/Label.h"
#include "ui/style/Fonts.h"
#include "ui/style/Icons.h"
#include "ui/style/StyleSheet.h"
#include "ui/style/Tokens.h"

#include <QApplication>
#include <QDir>
#include <QFontInfo>
#include <QImage>
#include <QPainter>
#include <QRegularExpression>
#include <QTest>

#include <array>
#include <cmath>
#include <numbers>

using namespace icmoe;
using namespace icmoe::ui;

namespace {

using Triple = std::array<double, 3>;

double linear(double c)
{
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

Triple linearRgb(const QColor& c)
{
    return {linear(c.redF()), linear(c.greenF()), linear(c.blueF())};
}

/// WCAG 2.1 relative luminance and contrast ratio.
double luminance(const QColor& c)
{
    const Triple l = linearRgb(c);
    return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2];
}

double contrast(const QColor& a, const QColor& b)
{
    const double la = luminance(a);
    const double lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

/// CIE L*a*b*, D65, from linear sRGB.
Triple lab(Triple rgb)
{
    for (double& c : rgb) {
        c = std::clamp(c, 0.0, 1.0);
    }
    const double x = (0.4124564 * rgb[0] + 0.3575761 * rgb[1] + 0.1804375 * rgb[2]) / 0.95047;
    const double y = 0.2126729 * rgb[0] + 0.7151522 * rgb[1] + 0.0721750 * rgb[2];
    const double z = (0.0193339 * rgb[0] + 0.1191920 * rgb[1] + 0.9503041 * rgb[2]) / 1.08883;
    const auto f = [](double t) { return t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116; };
    return {116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))};
}

/// CIEDE2000 (Sharma, Wu, Dalal 2005).
double ciede2000(const Triple& one, const Triple& two)
{
    const auto degrees = [](double r) { return r * 180 / std::numbers::pi; };
    const auto radians = [](double d) { return d * std::numbers::pi / 180; };
    const double meanC = (std::hypot(one[1], one[2]) + std::hypot(two[1], two[2])) / 2;
    const double g = 0.5 * (1 - std::sqrt(std::pow(meanC, 7) / (std::pow(meanC, 7) + std::pow(25.0, 7))));
    const double a1 = one[1] * (1 + g);
    const double a2 = two[1] * (1 + g);
    const double c1 = std::hypot(a1, one[2]);
    const double c2 = std::hypot(a2, two[2]);
    const double h1 = std::fmod(degrees(std::atan2(one[2], a1)) + 360, 360);
    const double h2 = std::fmod(degrees(std::atan2(two[2], a2)) + 360, 360);
    const bool grey = c1 * c2 == 0;
    double dh = grey ? 0 : h2 - h1;
    dh = dh > 180 ? dh - 360 : dh < -180 ? dh + 360 : dh;
    const double dL = two[0] - one[0];
    const double dC = c2 - c1;
    const double dH = 2 * std::sqrt(c1 * c2) * std::sin(radians(dh / 2));
    const double L = (one[0] + two[0]) / 2;
    const double C = (c1 + c2) / 2;
    double h = h1 + h2;
    if (!grey) {
        h = std::abs(h1 - h2) <= 180 ? h / 2 : h < 360 ? (h + 360) / 2 : (h - 360) / 2;
    }
    const double T = 1 - 0.17 * std::cos(radians(h - 30)) + 0.24 * std::cos(radians(2 * h)) +
                     0.32 * std::cos(radians(3 * h + 6)) - 0.2 * std::cos(radians(4 * h - 63));
    const double rotation = 30 * std::exp(-std::pow((h - 275) / 25, 2));
    const double rC = 2 * std::sqrt(std::pow(C, 7) / (std::pow(C, 7) + std::pow(25.0, 7)));
    const double sL = 1 + 0.015 * std::pow(L - 50, 2) / std::sqrt(20 + std::pow(L - 50, 2));
    const double sC = 1 + 0.045 * C;
    const double sH = 1 + 0.015 * C * T;
    const double rT = -std::sin(radians(2 * rotation)) * rC;
    return std::sqrt(std::pow(dL / sL, 2) + std::pow(dC / sC, 2) + std::pow(dH / sH, 2) + rT * dC / sC * dH / sH);
}

/// Dichromacy as Machado, Oliveira, Fernandes 2009 simulate it (severity 1), on linear sRGB.
struct Vision {
    const char* name;
    std::array<Triple, 3> matrix;
    double smallestDistance; ///< between labels, as measured
    double fromGrey;         ///< from any grey of an image
};

const std::array<Vision, 4> kVisions{{
    {"normal", {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}, 12.2, 11.9},
    {"protan",
     {{{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}},
     11.3,
     9.2},
    {"deutan",
     {{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}},
     11.5,
     10.5},
    {"tritan",
     {{{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}},
     10.8,
     10.1},
}};

Triple seen(const Vision& vision, const QColor& colour)
{
    const Triple c = linearRgb(colour);
    Triple out{};
    for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t column = 0; column < 3; ++column) {
            out[row] += vision.matrix[row][column] * c[column];
        }
    }
    return lab(out);
}

QColor labelColour(int id)
{
    const Colour c = paletteColour(id);
    return {c.red, c.green, c.blue};
}

} // namespace

class StyleTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void Tokens_AreAllReadFromTheFile()
    {
        for (const Theme theme : {Theme::dark, Theme::light}) {
            const Tokens& t = tokens(theme);
            for (const QColor& c :
                 {t.app,          t.panel,       t.raised,     t.hover,  t.field,  t.line,       t.groove,
                  t.text,         t.text2,       t.text3,      t.accent, t.sel,    t.fill,       t.onfill,
                  t.ok,           t.warn,        t.err,        t.view,   t.prompt, t.planeAxial, t.planeSagittal,
                  t.planeCoronal, t.voteRamp[0], t.voteRamp[3]}) {
                QVERIFY(c.isValid());
            }
        }
        QCOMPARE(tokens(Theme::dark).panel, QColor("#1B1E22"));
        QCOMPARE(tokens(Theme::light).panel, QColor("#F8F9FA"));
        QCOMPARE(tokens(Theme::dark).view, tokens(Theme::light).view);
    }

    void TextTokens_OnEverySurface_HaveContrastOf4Point5()
    {
        for (const Theme theme : {Theme::dark, Theme::light}) {
            const Tokens& t = tokens(theme);
            for (const QColor& surface : {t.panel, t.raised, t.hover, t.sel}) {
                for (const QColor& text : {t.text, t.text2, t.text3}) {
                    QVERIFY2(contrast(text, surface) >= 4.5, qPrintable(text.name() + " on " + surface.name()));
                }
            }
            for (const QColor& text : {t.ok, t.warn, t.err, t.accent}) {
                QVERIFY2(contrast(text, t.panel) >= 4.5, qPrintable(text.name() + " on panel"));
                QVERIFY2(contrast(text, t.raised) >= 4.5, qPrintable(text.name() + " on raised"));
            }
            QVERIFY(contrast(t.onfill, t.fill) >= 4.5);
            QVERIFY2(contrast(t.accent, t.panel) >= 3.0, "focus ring");
        }
    }

    void VoteRamp_RisesInLightnessThroughout()
    {
        double last = -1;
        for (int i = 0; i <= 20; ++i) {
            const double now = lab(linearRgb(tokens().vote(i / 20.0)))[0];
            QVERIFY(now > last);
            last = now;
        }
    }

    void LabelPalette_KeepsItsMeasuredDistances()
    {
        QCOMPARE(paletteSize(), 12);
        for (const Vision& vision : kVisions) {
            double smallest = 1000;
            double fromGrey = 1000;
            for (int a = 1; a <= 12; ++a) {
                for (int b = 1; b < a; ++b) {
                    smallest =
                        std::min(smallest, ciede2000(seen(vision, labelColour(a)), seen(vision, labelColour(b))));
                }
                for (int grey = 0; grey < 256; ++grey) {
                    fromGrey =
                        std::min(fromGrey, ciede2000(seen(vision, labelColour(a)), lab(linearRgb({grey, grey, grey}))));
                }
                QVERIFY(contrast(labelColour(a), tokens().view) >= 3.25);
            }
            QVERIFY2(smallest >= vision.smallestDistance, vision.name);
            QVERIFY2(fromGrey >= vision.fromGrey, vision.name);
        }
    }

    void Fonts_OfEveryRole_AreInter()
    {
        for (const FontRole role : {FontRole::sentence, FontRole::heading, FontRole::body, FontRole::hint,
                                    FontRole::tick, FontRole::viewTitle, FontRole::viewText, FontRole::viewLetter}) {
            QCOMPARE(QFontInfo(font(role)).family(), QString("Inter"));
            QVERIFY(font(role).pixelSize() >= 11);
        }
        QVERIFY(!fontFile(FontWeight::semiBold).empty());
    }

    void EveryIconFile_PaintsSomethingInTheAskedColour()
    {
        const QStringList files = QDir(QStringLiteral(":/icmoe/icons")).entryList({"*.svg"});
        QVERIFY(files.size() > 40);
        for (const QString& file : files) {
            const QImage image = iconPixmap(file.chopped(4), 20, QColor("#FF0000"), 1.0).toImage();
            bool painted = false;
            for (int y = 0; y < 20 && !painted; ++y) {
                for (int x = 0; x < 20 && !painted; ++x) {
                    const QColor c = image.pixelColor(x, y);
                    painted = c.alpha() > 128 && c.red() > 200 && c.blue() < 40;
                }
            }
            QVERIFY2(painted, qPrintable(file));
        }
    }

    void StyleSheet_LeavesNoPlaceholder()
    {
        for (const Theme theme : {Theme::dark, Theme::light}) {
            const QString sheet = styleSheet(theme);
            QVERIFY(sheet.size() > 1000);
            // "@name" appears in the opening comment alone.
            QCOMPARE(sheet.count(QRegularExpression(QStringLiteral("@(?!name is)\\w"))), 0);
        }
    }

    void ApplyTheme_ChangesPaletteAndTokens()
    {
        applyTheme(*qApp, Theme::light);
        QCOMPARE(qApp->palette().color(QPalette::Window), tokens(Theme::light).panel);
        applyTheme(*qApp, Theme::dark);
        QCOMPARE(qApp->palette().color(QPalette::Window), tokens(Theme::dark).panel);
        QCOMPARE(theme(), Theme::dark);
    }
};

QTEST_MAIN(StyleTest)
#include "style_test.moc"
