#include "ui/style/StyleSheet.h"

#include "ui/style/Fonts.h"
#include "ui/style/Icons.h"
#include "ui/style/Resources.h"

#include <QApplication>
#include <QDir>
#include <QFile>
#include <QStyle>
#include <QStyleFactory>
#include <QTemporaryDir>
#include <QWidget>

namespace icmoe::ui {

namespace {

/// Style sheets load pictures by name only, so the few they need are written out tinted. Returns the folder.
QString tintedIconFolder(Theme theme)
{
    static const QTemporaryDir folder;
    const QString path = folder.filePath(theme == Theme::dark ? QStringLiteral("dark") : QStringLiteral("light"));
    if (!folder.isValid() || QFile::exists(path)) {
        return path;
    }
    QDir().mkpath(path);
    const Tokens& t = tokens(theme);
    const std::tuple<const char*, const char*, QColor> pictures[] = {{"check", "check.svg", t.text2},
                                                                     {"check", "check-onfill.svg", t.onfill},
                                                                     {"chevron-down", "chevron-down.svg", t.text2}};
    for (const auto& [name, fileName, colour] : pictures) {
        QFile source(QStringLiteral(":/icmoe/icons/%1.svg").arg(QLatin1String(name)));
        QFile target(path + QLatin1Char('/') + QLatin1String(fileName));
        if (source.open(QIODevice::ReadOnly) && target.open(QIODevice::WriteOnly)) {
            target.write(source.readAll().replace("currentColor", colour.name().toLatin1()));
        }
    }
    return path;
}

} // namespace

QPalette palette(const Tokens& t)
{
    QPalette p;
    p.setColor(QPalette::Window, t.panel);
    p.setColor(QPalette::WindowText, t.text);
    p.setColor(QPalette::Base, t.field);
    p.setColor(QPalette::AlternateBase, t.raised);
    p.setColor(QPalette::Text, t.text);
    p.setColor(QPalette::PlaceholderText, t.text3);
    p.setColor(QPalette::Button, t.raised);
    p.setColor(QPalette::ButtonText, t.text);
    p.setColor(QPalette::BrightText, t.err);
    p.setColor(QPalette::Highlight, t.fill);
    p.setColor(QPalette::HighlightedText, t.onfill);
    p.setColor(QPalette::Link, t.accent);
    p.setColor(QPalette::ToolTipBase, t.raised);
    p.setColor(QPalette::ToolTipText, t.text);
    p.setColor(QPalette::Mid, t.groove);
    p.setColor(QPalette::Dark, t.line);
    p.setColor(QPalette::Light, t.hover);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
        p.setColor(QPalette::Disabled, role, t.text3);
    }
    return p;
}

QString styleSheet(Theme theme)
{
    ensureResources();
    QFile file(QStringLiteral(":/icmoe/style/style.qss"));
    if (!file.open(QIODevice::ReadOnly)) {
        return {};
    }
    QString text = QString::fromUtf8(file.readAll());
    const Tokens& t = tokens(theme);
    // Longer names first: "@text" would otherwise eat the head of "@text2".
    const std::pair<const char*, QColor> values[] = {{"fillHover", t.fill.lighter(112)},
                                                     {"fillPressed", t.fill.darker(115)},
                                                     {"raised", t.raised},
                                                     {"groove", t.groove},
                                                     {"accent", t.accent},
                                                     {"onfill", t.onfill},
                                                     {"panel", t.panel},
                                                     {"hover", t.hover},
                                                     {"field", t.field},
                                                     {"text2", t.text2},
                                                     {"text3", t.text3},
                                                     {"text", t.text},
                                                     {"line", t.line},
                                                     {"fill", t.fill},
                                                     {"view", t.view},
                                                     {"warn", t.warn},
                                                     {"app", t.app},
                                                     {"sel", t.sel},
                                                     {"err", t.err},
                                                     {"ok", t.ok}};
    text.replace(QLatin1String("@dir"), tintedIconFolder(theme));
    for (const auto& [name, colour] : values) {
        text.replace(QLatin1Char('@') + QLatin1String(name), colour.name());
    }
    return text;
}

void applyTheme(QApplication& application, Theme theme)
{
    setCurrentTheme(theme);
    if (application.style()->name().compare(QLatin1String("fusion"), Qt::CaseInsensitive) != 0 &&
        application.styleSheet().isEmpty()) {
        application.setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    }
    application.setFont(font(FontRole::body));
    application.setPalette(palette(tokens()));
    application.setStyleSheet(styleSheet(theme));
}

void setStyleProperty(QWidget& widget, const char* name, const QString& value)
{
    if (widget.property(name).toString() == value) {
        return;
    }
    widget.setProperty(name, value);
    widget.style()->unpolish(&widget);
    widget.style()->polish(&widget);
    widget.update();
}

} // namespace icmoe::ui
