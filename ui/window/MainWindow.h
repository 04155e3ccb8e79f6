#pragma once

#include "core/base/Error.h"
#include "ui/panels/ToastStack.h"

#include <QMainWindow>

#include <filesystem>
#include <memory>

class QStackedWidget;

namespace icmoe::ui {

class ActionController;
class Actions;
class AnnotationDocument;
class CommandSearch;
class PatientBanner;
class ProposalBar;
class SidePanel;
class SliceStrip;
class StartPage;
class StatusLine;
class StudiesPanel;
class StudyController;
class StudyListModel;
class StudyReader;
class ToolController;
class ToolRow;
class ViewArea;
class WarnStrip;
class WindowSettings;

/// The window: places the regions, shows the states, and hands what people do to the controllers. Knows no rule of
/// annotating.
class MainWindow final : public QMainWindow {
    Q_OBJECT

public:
    MainWindow(AnnotationDocument& document, ToolController& tools, StudyReader& reader, WindowSettings& settings,
               QWidget* parent = nullptr);
    ~MainWindow() override;

    void openPaths(const QStringList& paths);
    /// Where "Try the sample" leads; empty: the button is not shown.
    void setSample(const QString& path);
    /// The database's file, and what keeps it from being written, if anything.
    void setDatabase(const std::filesystem::path& file, const std::optional<Error>& problem);
    void showError(const Error& error, const ToastAction& action = {});
    void showNotice(const QString& text);

    // parts, for tests and screenshots
    [[nodiscard]] Actions& actions() const { return *m_actions; }
    [[nodiscard]] ViewArea& views() const { return *m_views; }
    [[nodiscard]] StudiesPanel& studiesPanel() const { return *m_studies; }
    [[nodiscard]] SidePanel& sidePanel() const { return *m_side; }
    [[nodiscard]] ProposalBar& proposalBar() const { return *m_proposal; }
    [[nodiscard]] PatientBanner& banner() const { return *m_banner; }
    [[nodiscard]] StatusLine& statusLine() const { return *m_status; }
    [[nodiscard]] StartPage& startPage() const { return *m_start; }
    [[nodiscard]] WarnStrip& warnStrip() const { return *m_warn; }
    [[nodiscard]] SliceStrip& sliceStrip() const { return *m_strip; }
    [[nodiscard]] StudyController& studies() const { return *m_controller; }
    [[nodiscard]] StudyListModel& studyModel() const { return *m_model; }
    [[nodiscard]] CommandSearch& commandSearch() const { return *m_search; }
    /// Is one of the panels folded away (by hand or because the window is narrow)?
    [[nodiscard]] bool studiesFolded() const;
    [[nodiscard]] bool sideFolded() const;
    /// Tests answer the question about unstored work themselves.
    void setAskBeforeLoss(std::function<bool()> ask) { m_askBeforeLoss = std::move(ask); }

Q_SIGNALS:
    void firstPainted();
    void importWeightsAsked(const std::filesystem::path& checkpoint);
    /// An off-switch of the engine was turned (WindowSettings): it has to begin again with the new options.
    void engineOptionsChanged();
    void storeElsewhereAsked(const std::filesystem::path& file);

protected:
    void closeEvent(QCloseEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void buildMenus();
    void buildBody();
    void connectFiles();
    void connectWindow();
    void connectDocument();
    void connectEngine();

    void openStudyDialog();
    void openFilesDialog();
    void importMasksDialog();
    void importWeightsDialog();
    void storeElsewhereDialog();
    void openExportDialog();
    void openPreferences();
    void editAnnotator();
    bool mayLoseWork();
    void applySettings();
    void applyTheme();
    void updatePage();
    void updateTitle();
    void updateHints();
    void updateFolding();
    void setStudiesOpen(bool open);
    void setSideOpen(bool open);
    void focusRegion(bool forwards);

    AnnotationDocument& m_document;
    ToolController& m_tools;
    StudyReader& m_reader;
    WindowSettings& m_settings;
    Actions* m_actions = nullptr;
    StudyListModel* m_model = nullptr;
    StudyController* m_controller = nullptr;
    ActionController* m_actionController = nullptr;
    PatientBanner* m_banner = nullptr;
    WarnStrip* m_warn = nullptr;
    ToolRow* m_toolRow = nullptr;
    StudiesPanel* m_studies = nullptr;
    QWidget* m_studiesRail = nullptr;
    QStackedWidget* m_centre = nullptr;
    StartPage* m_start = nullptr;
    ViewArea* m_views = nullptr;
    SliceStrip* m_strip = nullptr;
    ProposalBar* m_proposal = nullptr;
    SidePanel* m_side = nullptr;
    QWidget* m_sideRail = nullptr;
    StatusLine* m_status = nullptr;
    CommandSearch* m_search = nullptr;
    std::function<bool()> m_askBeforeLoss;
    std::optional<bool> m_studiesChoice; ///< what the annotator chose; until the width class changes
    std::optional<bool> m_sideChoice;
    int m_widthClass = -1;
    bool m_painted = false;
};

} // namespace icmoe::ui
