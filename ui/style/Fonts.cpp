#include "ui/style/Fonts.h"

#include "ui/style/Resources.h"

#include <QFile>
#include <QFontDatabase>
#include <QTemporaryDir>

namespace icmoe::ui {

namespace {

QString resourceName(FontWeight weight)
{
    switch (weight) {
    case FontWeight::regular:
        return QStringLiteral("Inter-Regular.otf");
    case FontWeight::medium:
        return QStringLiteral("Inter-Medium.otf");
    case FontWeight::semiBold:
        break;
    }
    return QStringLiteral("Inter-SemiBold.otf");
}

} // namespace

void registerFonts()
{
    static const bool once = [] {
        ensureResources();
        for (const FontWeight weight : {FontWeight::regular, FontWeight::medium, FontWeight::semiBold}) {
            QFontDatabase::addApplicationFont(QStringLiteral(":/icmoe/fonts/") + resourceName(weight));
        }
        return true;
    }();
    Q_UNUSED(once);
}

QFont font(FontRole role)
{
    registerFonts();
    const auto make = [](int pixels, QFont::Weight weight) {
        QFont f(QStringLiteral("Inter"));
        f.setPixelSize(pixels);
        f.setWeight(weight);
        f.setHintingPreference(QFont::PreferNoHinting);
        return f;
    };
    switch (role) {
    case FontRole::sentence:
    case FontRole::viewLetter:
        return make(15, QFont::DemiBold);
    case FontRole::heading:
    case FontRole::viewTitle:
        return make(13, QFont::DemiBold);
    case FontRole::body:
        return make(13, QFont::Normal);
    case FontRole::hint:
        return make(12, QFont::Normal);
    case FontRole::viewText:
        return make(12, QFont::Medium);
    case FontRole::tick:
        break;
    }
    return make(11, QFont::Normal);
}

std::string fontFile(FontWeight weight)
{
    ensureResources();
    static const QTemporaryDir folder;
    if (!folder.isValid()) {
        return {};
    }
    const QString name = resourceName(weight);
    const QString path = folder.filePath(name);
    if (!QFile::exists(path) && !QFile::copy(QStringLiteral(":/icmoe/fonts/") + name, path)) {
        return {};
    }
    return path.toStdString();
}

} // namespace icmoe::ui
