#include "ui/style/Tokens.h"

#include "ui/style/Resources.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <cmath>

namespace icmoe::ui {

namespace {

QJsonObject readTokenFile()
{
    ensureResources();
    QFile file(QStringLiteral(":/icmoe/style/tokens.json"));
    // Compiled in: a missing or unreadable file is a broken build, which the token test catches.
    if (!file.open(QIODevice::ReadOnly)) {
        return {};
    }
    return QJsonDocument::fromJson(file.readAll()).object();
}

Tokens makeTokens(const QJsonObject& own, const QJsonObject& both)
{
    const auto colour = [](const QJsonObject& from, const char* name) {
        return QColor(from.value(QLatin1String(name)).toString());
    };
    Tokens t;
    const std::pair<const char*, QColor*> themed[] = {
        {"app", &t.app},       {"panel", &t.panel},   {"raised", &t.raised}, {"hover", &t.hover},   {"field", &t.field},
        {"line", &t.line},     {"groove", &t.groove}, {"text", &t.text},     {"text2", &t.text2},   {"text3", &t.text3},
        {"accent", &t.accent}, {"sel", &t.sel},       {"fill", &t.fill},     {"onfill", &t.onfill}, {"ok", &t.ok},
        {"warn", &t.warn},     {"err", &t.err}};
    for (const auto& [name, target] : themed) {
        *target = colour(own, name);
    }
    const std::pair<const char*, QColor*> fixed[] = {{"view", &t.view},
                                                     {"prompt", &t.prompt},
                                                     {"planeAxial", &t.planeAxial},
                                                     {"planeSagittal", &t.planeSagittal},
                                                     {"planeCoronal", &t.planeCoronal}};
    for (const auto& [name, target] : fixed) {
        *target = colour(both, name);
    }
    const QJsonArray ramp = both.value(QLatin1String("voteRamp")).toArray();
    for (qsizetype i = 0; i < static_cast<qsizetype>(t.voteRamp.size()); ++i) {
        t.voteRamp[static_cast<std::size_t>(i)] = QColor(ramp.at(i).toString());
    }
    t.crosshairOpacity = both.value(QLatin1String("crosshairOpacity")).toDouble(t.crosshairOpacity);
    return t;
}

Theme g_theme = Theme::dark; // the UI thread's alone

} // namespace

QColor Tokens::vote(double t) const
{
    const double at = std::clamp(t, 0.0, 1.0) * static_cast<double>(voteRamp.size() - 1);
    const std::size_t low = std::min(static_cast<std::size_t>(at), voteRamp.size() - 2);
    const double part = at - static_cast<double>(low);
    const QColor& a = voteRamp[low];
    const QColor& b = voteRamp[low + 1];
    const auto mix = [part](int x, int y) { return static_cast<int>(std::lround(x + (y - x) * part)); };
    return {mix(a.red(), b.red()), mix(a.green(), b.green()), mix(a.blue(), b.blue())};
}

const Tokens& tokens(Theme theme)
{
    static const std::array<Tokens, 2> all = [] {
        const QJsonObject file = readTokenFile();
        const QJsonObject both = file.value(QLatin1String("both")).toObject();
        return std::array<Tokens, 2>{makeTokens(file.value(QLatin1String("dark")).toObject(), both),
                                     makeTokens(file.value(QLatin1String("light")).toObject(), both)};
    }();
    return all[theme == Theme::dark ? 0 : 1];
}

const Tokens& tokens()
{
    return tokens(g_theme);
}

Theme theme()
{
    return g_theme;
}

void setCurrentTheme(Theme theme)
{
    g_theme = theme;
}

} // namespace icmoe::ui
