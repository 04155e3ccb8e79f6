#include "app/Window.h"

#include "app/EngineLibraryLoader.h"
#include "core/store/StoreThread.h"
#include "ui/document/AnnotationDocument.h"
#include "ui/io/EventLoopPost.h"
#include "ui/io/StudyReader.h"
#include "ui/tools/ToolController.h"
#include "ui/views/VtkWidget.h"
#include "ui/window/MainWindow.h"
#include "ui/window/WindowSettings.h"

#include <QApplication>

#include <thread>
#include <utility>

namespace icmoe::app {

namespace {

/// The window with its services: who owns what, and in which order it goes. Store and engine answer through `m_post`.
class WindowApplication {
public:
    explicit WindowApplication(const WindowArguments& arguments)
        : m_arguments(arguments)
        , m_settings(arguments.dataFolder.root() / "window.ini")
        , m_tools(m_document)
        , m_window(m_document, m_tools, m_reader, m_settings)
        , m_post(ui::postTo(m_window))
    {
        QObject::connect(&m_window, &ui::MainWindow::firstPainted, &m_window, [this] { startEngine(); });
        QObject::connect(&m_window, &ui::MainWindow::engineOptionsChanged, &m_window, [this] { startEngine(); });
        QObject::connect(&m_window, &ui::MainWindow::importWeightsAsked, &m_window,
                         [this](const std::filesystem::path& checkpoint) { importWeights(checkpoint); });
        QObject::connect(&m_window, &ui::MainWindow::storeElsewhereAsked, &m_window,
                         [this](const std::filesystem::path& file) { openStore(file, Access::write); });
        const auto chosen = m_settings.database();
        openStore(chosen.empty() ? m_arguments.dataFolder.database() : chosen, Access::write);
        offerSample();
    }

    ~WindowApplication()
    {
        m_engineThread = {}; // joined: nothing more is posted
        m_document.setEngine(nullptr);
        m_engine.reset();
        m_document.setStore(nullptr);
        m_store.reset(); // finishes what was queued
    }

    void show()
    {
        m_window.show();
        QStringList paths;
        for (const std::filesystem::path& path : m_arguments.paths) {
            paths << QString::fromStdString(path.string());
        }
        m_window.openPaths(paths);
    }

private:
    enum class Access { write, readOnly };

    void offerSample()
    {
        for (const std::filesystem::path& folder : defaultFolders("sample")) {
            std::error_code ignored;
            if (std::filesystem::is_directory(folder, ignored)) {
                m_window.setSample(QString::fromStdString(folder.string()));
                return;
            }
        }
    }

    /// A database that cannot be written is still read, so that what it holds is seen.
    void openStore(const std::filesystem::path& file, Access access)
    {
        AnnotationStore::Options options;
        options.readOnly = access == Access::readOnly;
        auto store = std::make_unique<StoreThread>(file, options, m_post, [this, file, access](const Status& status) {
            if (!status && status.error().code == ErrorCode::databaseReadOnly && access == Access::write) {
                m_problem = status.error();
                openStore(file, Access::readOnly);
                return;
            }
            if (!status) {
                m_window.setDatabase(file, m_problem ? *m_problem : status.error());
                m_window.showError(status.error());
                return;
            }
            m_document.setStore(m_store.get());
            m_window.setDatabase(file, access == Access::readOnly ? m_problem : std::nullopt);
            if (access == Access::write && file != m_arguments.dataFolder.database()) {
                m_settings.setDatabase(file);
            }
        });
        if (access == Access::write) {
            m_problem.reset();
        }
        m_document.setStore(nullptr);
        m_store = std::move(store);
    }

    [[nodiscard]] EngineOptions engineOptions() const
    {
        EngineOptions options = m_arguments.dataFolder.engineOptions(m_arguments.threads);
        for (const VoterKind kind : {VoterKind::basic, VoterKind::semantic, VoterKind::adaptive}) {
            if (!m_settings.usesExperts(kind)) {
                options.withoutKinds.push_back(kind);
            }
        }
        options.withVote = m_settings.usesVote();
        return options;
    }

    /// Loads LibTorch and the weights on a thread of their own, after the first paint; again where the options change.
    /// While one start goes on, further ones wait for its end and become one.
    void startEngine()
    {
        if (m_starting) {
            m_startAgain = true;
            return;
        }
        m_starting = true;
        m_document.setEngine(nullptr);
        // An older engine ends on the new thread: ending waits for its current step.
        m_engineThread =
            std::jthread([this, old = std::move(m_engine), post = m_post, options = engineOptions()]() mutable {
                old.reset();
                // shared: a std::function must be copyable
                auto service =
                    std::make_shared<Result<std::unique_ptr<SegmentationService>>>(fail(ErrorCode::internal, ""));
                if (const auto library = loadEngineLibrary()) {
                    *service = (*library)->createService(options, post);
                } else {
                    *service = fail(library.error());
                }
                post([this, service] {
                    m_starting = false;
                    if (std::exchange(m_startAgain, false)) {
                        m_engine = std::move(*service).value_or(nullptr);
                        startEngine();
                        return;
                    }
                    if (!*service) {
                        m_window.showError(service->error());
                        return;
                    }
                    m_engine = std::move(**service);
                    m_document.setEngine(m_engine.get());
                });
            });
    }

    void importWeights(const std::filesystem::path& checkpoint)
    {
        m_importThread = std::jthread([this, checkpoint, folder = m_arguments.dataFolder.weights(), post = m_post] {
            const auto library = loadEngineLibrary();
            const auto imported = library ? (*library)->importWeights(checkpoint, "litemedsam", folder)
                                          : Result<std::filesystem::path>(fail(library.error()));
            post([this, imported] {
                if (!imported) {
                    m_window.showError(imported.error());
                    return;
                }
                m_window.showNotice(ui::MainWindow::tr("Weights imported. The engine starts with them."));
                startEngine();
            });
        });
    }

    const WindowArguments& m_arguments;
    ui::WindowSettings m_settings;
    ui::AnnotationDocument m_document;
    ui::ToolController m_tools;
    ui::StudyReader m_reader;
    ui::MainWindow m_window;
    Post m_post;
    std::optional<Error> m_problem;
    std::unique_ptr<StoreThread> m_store;
    std::unique_ptr<SegmentationService> m_engine;
    bool m_starting = false;
    bool m_startAgain = false;
    std::jthread m_importThread;
    std::jthread m_engineThread;
};

/// What Qt reads before the application object exists.
void prepareEnvironment(const WindowArguments& arguments)
{
    const ui::WindowSettings settings(arguments.dataFolder.root() / "window.ini");
    if (!qEnvironmentVariableIsSet("QT_SCALE_FACTOR") && settings.interfaceScale() != 100) {
        qputenv("QT_SCALE_FACTOR", QByteArray::number(settings.interfaceScale() / 100.0));
    }
    ui::VtkWidget::prepareApplication();
}

} // namespace

int runWindow(int argc, char** argv, const WindowArguments& arguments)
{
    prepareEnvironment(arguments);
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("icmoe"));
    QApplication::setApplicationVersion(QStringLiteral(ICMOE_VERSION));
    WindowApplication window(arguments);
    window.show();
    return QApplication::exec();
}

} // namespace icmoe::app
