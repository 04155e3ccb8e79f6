#include "ui/window/MainWindow.h"

#include "ui/actions/Actions.h"
#include "ui/actions/CommandSearch.h"
#include "ui/actions/KeyTable.h"
#include "ui/document/AnnotationDocument.h"
#include "ui/models/StudyListModel.h"
#include "ui/panels/LabelsPanel.h"
#include "ui/panels/PatientBanner.h"
#include "ui/panels/ProposalBar.h"
#include "ui/panels/Section.h"
#include "ui/panels/SidePanel.h"
#include "ui/panels/SliceStrip.h"
#include "ui/panels/StatusLine.h"
#include "ui/panels/StudiesPanel.h"
#include "ui/panels/ToolRow.h"
#include "ui/panels/WarnStrip.h"
#include "ui/panels/Widgets.h"
#include "ui/style/Icons.h"
#include "ui/style/StyleSheet.h"
#include "ui/tools/ToolController.h"
#include "ui/views/ViewArea.h"
#include "ui/window/ActionController.h"
#include "ui/window/Dialogs.h"
#include "ui/window/FocusRing.h"
#include "ui/window/StudyController.h"
#include "ui/window/WindowSettings.h"

#include <QApplication>
#include <QCloseEvent>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

namespace icmoe::ui {

namespace {

constexpr QSize kSmallest(1280, 720);
constexpr QSize kUsual(1600, 1000);
constexpr int kStudiesWidth = 240;
constexpr int kSideWidth = 324;
constexpr int kRailWidth = 48;
constexpr int kFoldStudiesBelow = 1500;
constexpr int kFoldSideBelow = 1360;

/// A folded panel: one button that opens it.
QWidget* makeRail(const QString& iconName, const QString& name, QWidget* parent, const std::function<void()>& open)
{
    auto* rail = new QWidget(parent);
    rail->setProperty("surface", "panel");
    rail->setAttribute(Qt::WA_StyledBackground);
    rail->setFixedWidth(kRailWidth);
    auto* column = new QVBoxLayout(rail);
    column->setContentsMargins(7, 8, 7, 8);
    auto* button = makeIconButton(iconName, name, "icon", rail);
    column->addWidget(button);
    column->addStretch();
    QObject::connect(button, &QToolButton::clicked, rail, open);
    return rail;
}

} // namespace

MainWindow::MainWindow(AnnotationDocument& document, ToolController& tools, StudyReader& reader,
                       WindowSettings& settings, QWidget* parent)
    : QMainWindow(parent)
    , m_document(document)
    , m_tools(tools)
    , m_reader(reader)
    , m_settings(settings)
    , m_actions(new Actions(this))
    , m_model(new StudyListModel(this))
{
    setObjectName(QStringLiteral("mainWindow"));
    setAcceptDrops(true);
    setMinimumSize(kSmallest);
    resize(kUsual);
    applySettings();
    m_controller = new StudyController(document, reader, *m_model, settings, this);
    buildBody();
    buildMenus();
    connectFiles();
    connectWindow();
    connectDocument();
    connectEngine();
    m_actions->install(*this, *m_views);
    m_actionController->installDigitKeys(*this);
    new FocusRing(this);
    m_start->setRecent(settings.recent(), document.namesHidden());
    m_banner->setAnnotator(settings.annotator());
    setSample({});
    updatePage();
    updateTitle();
    updateHints();
    restoreGeometry(settings.geometry());
}

MainWindow::~MainWindow() = default;

void MainWindow::buildBody()
{
    auto* body = new QWidget(this);
    body->setProperty("surface", "app");
    body->setAttribute(Qt::WA_StyledBackground);
    m_banner = new PatientBanner(m_document, body);
    m_warn = new WarnStrip(body);
    m_toolRow = new ToolRow(*m_actions, m_tools, body);
    m_studies = new StudiesPanel(*m_model, body);
    m_studies->setFixedWidth(kStudiesWidth);
    m_studiesRail =
        makeRail(QStringLiteral("studies"), tr("Open the studies panel"), body, [this] { setStudiesOpen(true); });
    m_start = new StartPage(body);
    m_views = new ViewArea(m_document, m_tools, body);
    m_strip = new SliceStrip(m_document, body);
    m_proposal = new ProposalBar(m_document, *m_actions, body);
    m_views->setStrip(m_strip);
    m_views->setBar(m_proposal);
    m_side = new SidePanel(m_document, body);
    m_side->setFixedWidth(kSideWidth);
    m_sideRail =
        makeRail(QStringLiteral("label"), tr("Open labels, prompts and history"), body, [this] { setSideOpen(true); });
    m_status = new StatusLine(m_document, body);
    m_search = new CommandSearch(*m_actions, this);
    m_actionController = new ActionController(*m_actions, m_document, m_tools, *m_views, this);

    m_centre = new QStackedWidget(body);
    m_centre->addWidget(m_start);
    m_centre->addWidget(m_views);

    auto* middle = new QHBoxLayout;
    middle->setContentsMargins(0, kGap, 0, kGap);
    middle->setSpacing(kGap);
    middle->addWidget(m_studies);
    middle->addWidget(m_studiesRail);
    middle->addWidget(m_centre, 1);
    middle->addWidget(m_side);
    middle->addWidget(m_sideRail);
    auto* column = new QVBoxLayout(body);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeRule(body));
    column->addWidget(m_banner);
    column->addWidget(makeRule(body));
    column->addWidget(m_warn);
    column->addWidget(m_toolRow);
    column->addLayout(middle, 1);
    column->addWidget(m_status);
    setCentralWidget(body);
}

void MainWindow::buildMenus()
{
    QMenuBar* bar = menuBar();
    bar->setNativeMenuBar(false);
    bar->setAccessibleName(tr("Menus"));
    const auto menus = m_actions->fillMenus(*bar);
    auto* windowMenu = new QMenu(tr("Window and level"), bar);
    windowMenu->setAccessibleName(windowMenu->title());
    m_actionController->fillWindowMenu(*windowMenu);
    menus.at(MenuId::view)->insertMenu(m_actions->action(ActionId::fitView), windowMenu);

    bar->setFixedHeight(34);
    auto* corner = new QWidget(bar);
    corner->setFixedHeight(34);
    auto* row = new QHBoxLayout(corner);
    row->setContentsMargins(0, 0, 6, 0);
    row->setSpacing(4);
    auto* find = makeButton(tr("Find a command"), "quiet", corner);
    find->setIcon(icon(QStringLiteral("search")));
    connect(find, &QPushButton::clicked, m_actions->action(ActionId::findCommand), &QAction::trigger);
    row->addWidget(find);
    row->addWidget(makeLabel(QStringLiteral("Ctrl"), "key", corner), 0, Qt::AlignVCenter);
    row->addWidget(makeLabel(QStringLiteral("K"), "key", corner), 0, Qt::AlignVCenter);
    row->addSpacing(8);
    const std::tuple<ActionId, const char*, QString> buttons[] = {{ActionId::toggleTheme, "sun", tr("Light or dark")},
                                                                  {ActionId::preferences, "settings", tr("Settings")},
                                                                  {ActionId::keyTable, "help", tr("Help")}};
    for (const auto& [id, iconName, name] : buttons) {
        auto* button = makeIconButton(QLatin1String(iconName), name, "rowicon", corner);
        button->setIconSize({18, 18});
        connect(button, &QToolButton::clicked, m_actions->action(id), &QAction::trigger);
        row->addWidget(button);
    }
    bar->setCornerWidget(corner);
}

void MainWindow::connectFiles()
{
    const auto on = [this](ActionId id, const auto& does) {
        connect(m_actions->action(id), &QAction::triggered, this, does);
    };
    on(ActionId::openStudy, [this] { openStudyDialog(); });
    on(ActionId::openFiles, [this] { openFilesDialog(); });
    on(ActionId::importMasks, [this] { importMasksDialog(); });
    on(ActionId::exportMasks, [this] { openExportDialog(); });
    on(ActionId::importWeights, [this] { importWeightsDialog(); });
    on(ActionId::storeElsewhere, [this] { storeElsewhereDialog(); });
    on(ActionId::closeSeries, [this] { m_controller->closeSeries(); });
    on(ActionId::quit, [this] { close(); });
    connect(m_start, &StartPage::openAsked, this, &MainWindow::openStudyDialog);
    connect(m_start, &StartPage::sampleAsked, m_actions->action(ActionId::openSample), &QAction::trigger);
    connect(m_start, &StartPage::recentAsked, this, [this](const QString& path) { openPaths({path}); });
    connect(m_studies, &StudiesPanel::openRequested, this, &MainWindow::openStudyDialog);
    connect(m_studies, &StudiesPanel::closeRequested, this, [this] { setStudiesOpen(false); });
    connect(m_studies, &StudiesPanel::seriesChosen, m_controller, &StudyController::openSeries);
    connect(m_studies, &StudiesPanel::loadCancelled, m_controller, &StudyController::cancelLoad);
    connect(m_studies, &StudiesPanel::scanCancelled, m_controller, &StudyController::cancelScan);
    connect(m_controller, &StudyController::scanText, this, [this](const QString& text) {
        m_studies->setScanText(text);
        m_start->setBusy(text);
    });
    connect(m_controller, &StudyController::opened, this, [this](quint64 handle) {
        m_studies->select(handle);
        m_views->focusMainView();
        if (m_settings.takeFirstStart()) { // the start page says it too, but may not have been seen
            m_side->toasts().showNotice(tr("icmoe is for research, not a medical device."), ToastStack::Lasting::stays);
        }
    });
    connect(m_controller, &StudyController::errorOccurred, this, [this](const Error& error) { showError(error); });
    connect(m_controller, &StudyController::notice, this, &MainWindow::showNotice);
    connect(m_controller, &StudyController::recentChanged, this,
            [this] { m_start->setRecent(m_settings.recent(), m_document.namesHidden()); });
    connect(m_proposal, &ProposalBar::importWeightsAsked, this, &MainWindow::importWeightsDialog);
    connect(m_warn, &WarnStrip::actionClicked, this, &MainWindow::storeElsewhereDialog);
    m_controller->setMayDiscard([this] { return mayLoseWork(); });
}

void MainWindow::connectWindow()
{
    const auto on = [this](ActionId id, const auto& does) {
        connect(m_actions->action(id), &QAction::triggered, this, does);
    };
    on(ActionId::preferences, [this] { openPreferences(); });
    on(ActionId::toggleTheme, [this] {
        m_settings.setTheme(theme() == Theme::dark ? Theme::light : Theme::dark);
        applyTheme();
    });
    on(ActionId::toggleStudies, [this] { setStudiesOpen(studiesFolded()); });
    on(ActionId::toggleRightPanel, [this] { setSideOpen(sideFolded()); });
    on(ActionId::fullScreen, [this] { isFullScreen() ? showNormal() : showFullScreen(); });
    on(ActionId::fullView, [this] {
        const bool full = m_views->viewLayout() != ViewLayout::single;
        m_views->setViewLayout(full ? ViewLayout::single : ViewLayout::onePlusThree);
        setStudiesOpen(!full);
        setSideOpen(!full);
    });
    on(ActionId::nextRegion, [this] { focusRegion(true); });
    on(ActionId::previousRegion, [this] { focusRegion(false); });
    on(ActionId::addLabel, [this] {
        setSideOpen(true);
        m_side->labels().addLabel();
    });
    on(ActionId::renameLabel, [this] {
        setSideOpen(true);
        m_side->labels().renameActive();
    });
    on(ActionId::aboutLearning, [this] {
        setSideOpen(true);
        m_side->learnSection().setFolded(false);
    });
    on(ActionId::findCommand, [this] { m_search->popUp(); });
    on(ActionId::keyTable, [this] {
        auto* table = new KeyTable(*m_actions, this);
        table->setAttribute(Qt::WA_DeleteOnClose);
        table->show();
    });
    on(ActionId::about, [this] {
        auto* about = new AboutDialog(this);
        about->setAttribute(Qt::WA_DeleteOnClose);
        about->show();
    });
    connect(m_actionController, &ActionController::notice, this, &MainWindow::showNotice);
    connect(m_toolRow, &ToolRow::volumeScopeAsked, this,
            [this] { showNotice(tr("Segmenting through slices (3D) is not there yet. Slice by slice works.")); });
    connect(m_banner, &PatientBanner::namesToggled, m_actions->action(ActionId::hideNames), &QAction::trigger);
    connect(m_banner, &PatientBanner::annotatorClicked, this, &MainWindow::editAnnotator);
    connect(&m_side->toasts(), &ToastStack::shown, this, [this] { setSideOpen(true); });
    connect(m_views, &ViewArea::pointerChanged, this, [this](const std::optional<PointerInfo>& info) {
        m_status->setPointer(info ? info->position : QString(), info ? info->value : QString());
    });
    connect(m_views, &ViewArea::contextMenuRequested, this, [this](const QPoint& at) {
        QMenu menu(this);
        for (const ActionId id : {ActionId::accept, ActionId::discard, ActionId::deletePrompt, ActionId::flipPrompt,
                                  ActionId::fitView, ActionId::hideMasks, ActionId::lockLabel}) {
            menu.addAction(m_actions->action(id));
        }
        menu.exec(at);
    });
}

void MainWindow::connectDocument()
{
    connect(&m_document, &AnnotationDocument::errorOccurred, this, [this](const Error& error) { showError(error); });
    connect(&m_document, &AnnotationDocument::notice, this, &MainWindow::showNotice);
    connect(&m_document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        switch (change) {
        case DocumentChange::series:
            updatePage();
            updateTitle();
            updateHints();
            break;
        case DocumentChange::display:
            updateTitle();
            m_start->setRecent(m_settings.recent(), m_document.namesHidden());
            m_settings.setFillOpacity(m_document.fillOpacity());
            break;
        case DocumentChange::prompts:
        case DocumentChange::proposal:
        case DocumentChange::engine:
            updateHints();
            break;
        default:
            break;
        }
    });
    connect(&m_tools, &ToolController::toolChanged, this, &MainWindow::updateHints);
}

void MainWindow::connectEngine()
{
    const auto connectSwitch = [this](ActionId id, bool on, const std::function<void(bool)>& keep) {
        m_actions->check(id, on);
        connect(m_actions->action(id), &QAction::triggered, this, [this, keep](bool checked) {
            keep(checked);
            Q_EMIT engineOptionsChanged();
        });
    };
    for (const auto& [id, kind] : {std::pair{ActionId::useBasicExperts, VoterKind::basic},
                                   std::pair{ActionId::useSemanticExperts, VoterKind::semantic},
                                   std::pair{ActionId::useAdaptiveExperts, VoterKind::adaptive}}) {
        connectSwitch(id, m_settings.usesExperts(kind),
                      [this, k = kind](bool use) { m_settings.setUsesExperts(k, use); });
    }
    connect(m_actions->action(ActionId::useLabelName), &QAction::triggered, this,
            [this](bool use) { m_settings.setUsesLabelName(use); });
    connectSwitch(ActionId::useVote, m_settings.usesVote(), [this](bool use) { m_settings.setUsesVote(use); });
}

void MainWindow::applySettings()
{
    m_document.setFillOpacity(m_settings.fillOpacity());
    m_document.setNamesHidden(m_settings.namesHidden());
    m_document.setAuthor(m_settings.annotator());
    m_document.setUsesLabelName(m_settings.usesLabelName());
    m_document.setOverlapRule(m_settings.keepOverlaps() ? OverlapRule::keepBoth : OverlapRule::activeLabelWins);
    ui::applyTheme(*qApp, m_settings.theme());
    m_actions->check(ActionId::toggleTheme, theme() == Theme::light);
}

void MainWindow::applyTheme()
{
    ui::applyTheme(*qApp, m_settings.theme());
    m_actions->check(ActionId::toggleTheme, theme() == Theme::light);
}

void MainWindow::setSample(const QString& path)
{
    QAction* sample = m_actions->action(ActionId::openSample);
    sample->disconnect(this);
    sample->setEnabled(!path.isEmpty());
    sample->setVisible(!path.isEmpty());
    m_start->setSampleAvailable(!path.isEmpty());
    connect(sample, &QAction::triggered, this, [this, path] { openPaths({path}); });
}

void MainWindow::openPaths(const QStringList& paths)
{
    m_controller->openPaths(paths);
}

void MainWindow::setDatabase(const std::filesystem::path& file, const std::optional<Error>& problem)
{
    const QString name = QString::fromStdString(file.filename().string());
    m_status->setDatabase(name, problem.has_value());
    if (!problem) {
        m_warn->hide();
        return;
    }
    const QString text =
        problem->code == ErrorCode::databaseReadOnly
            ? tr("%1 is read-only. New masks stay in memory.").arg(name)
            : tr("%1 New masks stay in memory.").arg(QString::fromStdString(problem->message) + QLatin1Char('.'));
    m_warn->warn(text, tr("Store elsewhere…"));
}

void MainWindow::showError(const Error& error, const ToastAction& action)
{
    m_side->toasts().showError(error, action);
}

void MainWindow::showNotice(const QString& text)
{
    m_side->toasts().showNotice(text);
}

// ---- files

void MainWindow::openStudyDialog()
{
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Open study"), m_settings.lastFolder());
    if (!folder.isEmpty()) {
        m_settings.setLastFolder(folder);
        openPaths({folder});
    }
}

void MainWindow::openFilesDialog()
{
    const QStringList files = QFileDialog::getOpenFileNames(this, tr("Open files"), m_settings.lastFolder());
    if (!files.isEmpty()) {
        m_settings.setLastFolder(QFileInfo(files.front()).absolutePath());
        openPaths(files);
    }
}

void MainWindow::importMasksDialog()
{
    const QString file = QFileDialog::getOpenFileName(this, tr("Import masks"), m_settings.lastFolder(),
                                                      tr("Masks (*.dcm *.nii *.nii.gz *.nrrd *.png);;All files (*)"));
    if (!file.isEmpty()) {
        m_controller->importMasks(file);
    }
}

void MainWindow::importWeightsDialog()
{
    const QString file = QFileDialog::getOpenFileName(this, tr("Import weights"), m_settings.lastFolder(),
                                                      tr("Checkpoints (*.pth *.pt *.safetensors);;All files (*)"));
    if (!file.isEmpty()) {
        Q_EMIT importWeightsAsked(file.toStdString());
    }
}

void MainWindow::storeElsewhereDialog()
{
    const QString file = QFileDialog::getSaveFileName(
        this, tr("Store elsewhere"), QDir::home().filePath(QStringLiteral("annotations.sqlite")),
        tr("Databases (*.sqlite)"), nullptr, QFileDialog::DontConfirmOverwrite);
    if (!file.isEmpty()) {
        Q_EMIT storeElsewhereAsked(file.toStdString());
    }
}

void MainWindow::openExportDialog()
{
    if (m_document.isOpen()) {
        (new ExportDialog(m_document, m_reader, m_settings, this))->show();
    }
}

void MainWindow::openPreferences()
{
    auto* dialog = new PreferencesDialog(m_settings, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &PreferencesDialog::themeChanged, this, &MainWindow::applyTheme);
    connect(dialog, &PreferencesDialog::annotatorChanged, this, [this] {
        m_banner->setAnnotator(m_settings.annotator());
        m_document.setAuthor(m_settings.annotator());
    });
    connect(dialog, &PreferencesDialog::namesChanged, this,
            [this] { m_document.setNamesHidden(m_settings.namesHidden()); });
    connect(dialog, &PreferencesDialog::overlapsChanged, this, [this] {
        m_document.setOverlapRule(m_settings.keepOverlaps() ? OverlapRule::keepBoth : OverlapRule::activeLabelWins);
    });
    dialog->show();
}

void MainWindow::editAnnotator()
{
    openPreferences();
    if (auto* dialog = findChild<PreferencesDialog*>()) {
        dialog->annotatorField().setFocus();
        dialog->annotatorField().selectAll();
    }
}

bool MainWindow::mayLoseWork()
{
    if (!m_document.hasUnstoredWork()) {
        return true;
    }
    if (m_askBeforeLoss) {
        return m_askBeforeLoss();
    }
    QMessageBox box(QMessageBox::Warning, tr("Work is not stored"),
                    tr("Some masks are not in a database yet. If you go on, they are lost."), QMessageBox::NoButton,
                    this);
    const QPushButton* lose = box.addButton(tr("Go on and lose them"), QMessageBox::DestructiveRole);
    QPushButton* stay = box.addButton(tr("Stay"), QMessageBox::RejectRole);
    box.setDefaultButton(stay);
    box.exec();
    return box.clickedButton() == lose;
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    if (!mayLoseWork()) {
        event->ignore();
        return;
    }
    m_settings.setGeometry(saveGeometry());
    m_reader.cancelLoad();
    m_reader.cancelScan();
    m_document.closeSeries();
    event->accept();
    QMainWindow::closeEvent(event);
}

// ---- dropping

void MainWindow::dragEnterEvent(QDragEnterEvent* event)
{
    if (event->mimeData()->hasUrls()) {
        event->acceptProposedAction();
    }
}

void MainWindow::dropEvent(QDropEvent* event)
{
    QStringList paths;
    for (const QUrl& url : event->mimeData()->urls()) {
        if (url.isLocalFile()) {
            paths << url.toLocalFile();
        }
    }
    if (paths.isEmpty()) {
        return;
    }
    event->acceptProposedAction();
    const bool onViews =
        m_views->isVisible() && m_views->rect().contains(m_views->mapFrom(this, event->position().toPoint()));
    if (onViews && m_document.isOpen() && paths.size() == 1 && looksLikeMaskFile(paths.front())) {
        m_controller->importMasks(paths.front());
    } else {
        openPaths(paths);
    }
}

// ---- showing

void MainWindow::updatePage()
{
    m_centre->setCurrentIndex(m_document.isOpen() ? 1 : 0);
    m_toolRow->setStudyOpen(m_document.isOpen());
    m_widthClass = -1; // panels fold while nothing is open
    m_studiesChoice.reset();
    m_sideChoice.reset();
    updateFolding();
    m_status->setPointer({}, {});
}

void MainWindow::updateTitle()
{
    QString title = QStringLiteral("icmoe");
    if (m_document.isOpen()) {
        title = studyTitle(m_document.study(), &m_document.series(), m_document.namesHidden()) + QStringLiteral(" · ") +
                QString::fromStdString(m_document.series().displayName()) + QStringLiteral(" – icmoe");
    }
    setWindowTitle(title);
}

void MainWindow::updateHints()
{
    QString hint;
    QList<std::pair<QString, QString>> keys;
    if (!m_document.isOpen()) {
        m_status->setKeys(
            {{tr("Ctrl O"), tr("open a study")}, {tr("Ctrl K"), tr("find a command")}, {tr("F1"), tr("keys")}});
        return;
    }
    switch (m_tools.current()) {
    case ToolId::box:
        hint = tr("Draw a box around the structure");
        keys = {{tr("Drag"), tr("draw a box")}, {tr("Shift"), tr("one more box")}};
        break;
    case ToolId::point:
        hint = tr("Click inside the structure");
        keys = {{tr("Click"), tr("inside")}, {tr("Ctrl Click"), tr("outside")}};
        break;
    case ToolId::scribble:
        hint = tr("Draw a line inside the structure");
        keys = {{tr("Drag"), tr("inside")}, {tr("Ctrl Drag"), tr("outside")}};
        break;
    case ToolId::lasso:
        hint = tr("Circle the structure");
        keys = {{tr("Drag"), tr("circle")}, {tr("Shift"), tr("one more lasso")}};
        break;
    case ToolId::brush:
    case ToolId::eraser:
        hint = m_tools.current() == ToolId::brush ? tr("Paint on the slice") : tr("Erase on the slice");
        keys = {{QStringLiteral("[ ]"), tr("brush size")},
                {tr("Shift"), m_tools.current() == ToolId::brush ? tr("erase") : tr("paint")}};
        break;
    case ToolId::measure:
        hint = tr("Drag to measure a distance");
        keys = {{tr("Drag"), tr("measure")}};
        break;
    case ToolId::windowLevel:
        hint = tr("Drag to change window and level");
        keys = {{tr("Drag"), tr("window and level")}};
        break;
    case ToolId::pan:
    case ToolId::navigate:
    case ToolId::previousMask:
        hint = tr("Draw a box (B), or click inside a structure (P)");
        keys = {
            {QStringLiteral("B"), tr("box")}, {QStringLiteral("P"), tr("point")}, {QStringLiteral("D"), tr("brush")}};
        break;
    }
    if (const Proposal* proposal = m_document.proposal()) {
        keys = {{tr("Space"), tr("accept")}, {tr("Esc"), tr("discard")}};
        if (proposal->candidates.size() > 1) {
            keys << std::pair{tr("Tab"), tr("next candidate")};
        }
        if (m_document.proposalVote() != nullptr) {
            keys << std::pair{QStringLiteral("U"), tr("disagreement")};
        }
    }
    keys << std::pair{QStringLiteral("H"), tr("hide masks")};
    m_proposal->setHint(hint);
    m_status->setKeys(keys);
}

bool MainWindow::studiesFolded() const
{
    return m_studies->isHidden();
}

bool MainWindow::sideFolded() const
{
    return m_side->isHidden();
}

void MainWindow::setStudiesOpen(bool open)
{
    m_studiesChoice = open;
    updateFolding();
}

void MainWindow::setSideOpen(bool open)
{
    m_sideChoice = open;
    updateFolding();
}

void MainWindow::updateFolding()
{
    const int widthClass = width() < kFoldSideBelow ? 0 : width() < kFoldStudiesBelow ? 1 : 2;
    if (m_widthClass != -1 && widthClass != m_widthClass) { // what was chosen held for the old width
        m_studiesChoice.reset();
        m_sideChoice.reset();
    }
    m_widthClass = widthClass;
    const bool anything = m_document.isOpen();
    const bool studies = m_studiesChoice.value_or((anything || m_model->rowCount() > 0) && widthClass == 2);
    const bool side = m_sideChoice.value_or(anything && widthClass >= 1);
    m_studies->setVisible(studies);
    m_studiesRail->setVisible(!studies);
    m_side->setVisible(side);
    m_sideRail->setVisible(!side);
    m_actions->check(ActionId::toggleStudies, studies);
    m_actions->check(ActionId::toggleRightPanel, side);
    m_toolRow->setCompact(width() < kFoldSideBelow);
}

void MainWindow::focusRegion(bool forwards)
{
    const QList<QWidget*> regions{m_toolRow, m_studies, m_centre, m_side};
    int at = -1;
    for (int i = 0; i < regions.size(); ++i) {
        if (QApplication::focusWidget() != nullptr &&
            (regions[i] == QApplication::focusWidget() || regions[i]->isAncestorOf(QApplication::focusWidget()))) {
            at = i;
        }
    }
    for (int tries = 0; tries < regions.size(); ++tries) {
        at = static_cast<int>((at + (forwards ? 1 : -1) + regions.size()) % regions.size());
        QWidget* region = regions[at];
        if (!region->isVisible()) {
            continue;
        }
        if (region == m_centre && m_document.isOpen()) {
            m_views->focusMainView();
            return;
        }
        for (QWidget* child : region->findChildren<QWidget*>()) {
            if (child->isVisible() && child->isEnabled() && (child->focusPolicy() & Qt::TabFocus) != 0) {
                child->setFocus(Qt::TabFocusReason);
                return;
            }
        }
    }
}

void MainWindow::resizeEvent(QResizeEvent* event)
{
    QMainWindow::resizeEvent(event);
    updateFolding();
}

void MainWindow::paintEvent(QPaintEvent* event)
{
    QMainWindow::paintEvent(event);
    if (!m_painted) {
        m_painted = true;
        // After this frame is on the screen, not within it.
        QTimer::singleShot(0, this, &MainWindow::firstPainted);
    }
}

} // namespace icmoe::ui
