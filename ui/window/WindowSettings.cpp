#include "ui/window/WindowSettings.h"

#include <QFile>

#include <algorithm>

namespace icmoe::ui {

namespace {
constexpr int kRecent = 5;
constexpr double kFillOpacity = 0.34;

QString expertsKey(VoterKind kind)
{
    const std::string_view kindName = name(kind);
    return QStringLiteral("engine/") + QString::fromUtf8(kindName.data(), static_cast<qsizetype>(kindName.size()));
}
} // namespace

WindowSettings::WindowSettings(const std::filesystem::path& file)
    : m_settings(QString::fromStdString(file.string()), QSettings::IniFormat)
{
    m_settings.setAtomicSyncRequired(true);
    protect();
}

void WindowSettings::protect() const
{
    m_settings.sync();
    QFile::setPermissions(m_settings.fileName(), QFile::ReadOwner | QFile::WriteOwner);
}

Theme WindowSettings::theme() const
{
    return m_settings.value(QStringLiteral("theme")).toString() == QLatin1String("light") ? Theme::light : Theme::dark;
}

void WindowSettings::setTheme(Theme theme)
{
    m_settings.setValue(QStringLiteral("theme"),
                        theme == Theme::light ? QStringLiteral("light") : QStringLiteral("dark"));
}

bool WindowSettings::namesHidden() const
{
    return m_settings.value(QStringLiteral("namesHidden"), true).toBool();
}

void WindowSettings::setNamesHidden(bool hidden)
{
    m_settings.setValue(QStringLiteral("namesHidden"), hidden);
}

QString WindowSettings::annotator() const
{
    return m_settings.value(QStringLiteral("annotator")).toString();
}

void WindowSettings::setAnnotator(const QString& name)
{
    m_settings.setValue(QStringLiteral("annotator"), name);
}

int WindowSettings::interfaceScale() const
{
    const int percent = m_settings.value(QStringLiteral("interfaceScale"), 100).toInt();
    return std::clamp((percent + 12) / 25 * 25, 100, 200);
}

void WindowSettings::setInterfaceScale(int percent)
{
    m_settings.setValue(QStringLiteral("interfaceScale"), percent);
}

double WindowSettings::fillOpacity() const
{
    return std::clamp(m_settings.value(QStringLiteral("fillOpacity"), kFillOpacity).toDouble(), 0.0, 1.0);
}

void WindowSettings::setFillOpacity(double opacity)
{
    m_settings.setValue(QStringLiteral("fillOpacity"), opacity);
}

bool WindowSettings::keepOverlaps() const
{
    return m_settings.value(QStringLiteral("keepOverlaps"), false).toBool();
}

void WindowSettings::setKeepOverlaps(bool keep)
{
    m_settings.setValue(QStringLiteral("keepOverlaps"), keep);
}

bool WindowSettings::usesLabelName() const
{
    return m_settings.value(QStringLiteral("usesLabelName"), true).toBool();
}

void WindowSettings::setUsesLabelName(bool uses)
{
    m_settings.setValue(QStringLiteral("usesLabelName"), uses);
}

bool WindowSettings::usesExperts(VoterKind kind) const
{
    return m_settings.value(expertsKey(kind), true).toBool();
}

void WindowSettings::setUsesExperts(VoterKind kind, bool use)
{
    m_settings.setValue(expertsKey(kind), use);
}

bool WindowSettings::usesVote() const
{
    return m_settings.value(QStringLiteral("engine/vote"), true).toBool();
}

void WindowSettings::setUsesVote(bool use)
{
    m_settings.setValue(QStringLiteral("engine/vote"), use);
}

QByteArray WindowSettings::geometry() const
{
    return m_settings.value(QStringLiteral("geometry")).toByteArray();
}

void WindowSettings::setGeometry(const QByteArray& geometry)
{
    m_settings.setValue(QStringLiteral("geometry"), geometry);
    protect();
}

QString WindowSettings::lastFolder() const
{
    return m_settings.value(QStringLiteral("lastFolder")).toString();
}

void WindowSettings::setLastFolder(const QString& folder)
{
    m_settings.setValue(QStringLiteral("lastFolder"), folder);
}

std::filesystem::path WindowSettings::database() const
{
    return m_settings.value(QStringLiteral("database")).toString().toStdString();
}

void WindowSettings::setDatabase(const std::filesystem::path& file)
{
    m_settings.setValue(QStringLiteral("database"), QString::fromStdString(file.string()));
}

bool WindowSettings::takeFirstStart()
{
    const bool first = !m_settings.value(QStringLiteral("started"), false).toBool();
    m_settings.setValue(QStringLiteral("started"), true);
    return first;
}

QList<RecentStudy> WindowSettings::recent() const
{
    QList<RecentStudy> studies;
    const int count = m_settings.beginReadArray(QStringLiteral("recent"));
    for (int i = 0; i < count; ++i) {
        m_settings.setArrayIndex(i);
        studies << RecentStudy{m_settings.value(QStringLiteral("path")).toString(),
                               m_settings.value(QStringLiteral("patient")).toString(),
                               m_settings.value(QStringLiteral("patientHidden")).toString(),
                               m_settings.value(QStringLiteral("description")).toString()};
    }
    m_settings.endArray();
    return studies;
}

void WindowSettings::addRecent(const RecentStudy& study)
{
    QList<RecentStudy> studies = recent();
    studies.removeIf([&study](const RecentStudy& there) { return there.path == study.path; });
    studies.prepend(study);
    m_settings.beginWriteArray(QStringLiteral("recent"),
                               static_cast<int>(std::min<qsizetype>(kRecent, studies.size())));
    for (int i = 0; i < std::min<qsizetype>(kRecent, studies.size()); ++i) {
        m_settings.setArrayIndex(i);
        m_settings.setValue(QStringLiteral("path"), studies[i].path);
        m_settings.setValue(QStringLiteral("patient"), studies[i].patient);
        m_settings.setValue(QStringLiteral("patientHidden"), studies[i].patientHidden);
        m_settings.setValue(QStringLiteral("description"), studies[i].description);
    }
    m_settings.endArray();
    protect();
}

} // namespace icmoe::ui
