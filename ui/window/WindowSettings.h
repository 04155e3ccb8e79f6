#pragma once

#include "core/engine/Vote.h"
#include "ui/panels/StartPage.h"
#include "ui/style/Tokens.h"

#include <QSettings>

#include <filesystem>

namespace icmoe::ui {

/// What the window remembers between runs, in one file (0600) of the data folder. Names of the last studies are kept
/// there because the start page shows them; they obey namesHidden.
class WindowSettings {
public:
    explicit WindowSettings(const std::filesystem::path& file);

    [[nodiscard]] Theme theme() const;
    void setTheme(Theme theme);
    [[nodiscard]] bool namesHidden() const; ///< hidden until somebody shows them
    void setNamesHidden(bool hidden);
    [[nodiscard]] QString annotator() const;
    void setAnnotator(const QString& name);
    [[nodiscard]] int interfaceScale() const; ///< per cent, 100 to 200 in steps of 25; counts from the next start
    void setInterfaceScale(int percent);
    [[nodiscard]] double fillOpacity() const;
    void setFillOpacity(double opacity);
    [[nodiscard]] bool keepOverlaps() const; ///< an added region keeps other labels' voxels
    void setKeepOverlaps(bool keep);
    [[nodiscard]] bool usesLabelName() const; ///< the active label's name goes with every question
    void setUsesLabelName(bool uses);
    /// Off-switches of the engine; all on until somebody switches one off.
    [[nodiscard]] bool usesExperts(VoterKind kind) const;
    void setUsesExperts(VoterKind kind, bool use);
    [[nodiscard]] bool usesVote() const;
    void setUsesVote(bool use);
    [[nodiscard]] QByteArray geometry() const;
    void setGeometry(const QByteArray& geometry);
    [[nodiscard]] QString lastFolder() const;
    void setLastFolder(const QString& folder);
    [[nodiscard]] std::filesystem::path database() const; ///< chosen by "Store elsewhere"; empty: the data folder's
    void setDatabase(const std::filesystem::path& file);

    /// True once for each data folder: what a first start has to say.
    [[nodiscard]] bool takeFirstStart();

    [[nodiscard]] QList<RecentStudy> recent() const;
    void addRecent(const RecentStudy& study); ///< to the front; five are kept

private:
    void protect() const;
    mutable QSettings m_settings;
};

} // namespace icmoe::ui
