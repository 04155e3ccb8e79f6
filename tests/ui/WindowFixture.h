#pragma once

#include "FakeEngine.h"
#include "core/store/StoreThread.h"
#include "tests/support/DicomPhantom.h"
#include "tests/support/TestSupport.h"
#include "ui/actions/Actions.h"
#include "ui/document/AnnotationDocument.h"
#include "ui/io/EventLoopPost.h"
#include "ui/io/StudyReader.h"
#include "ui/panels/ProposalBar.h"
#include "ui/tools/ToolController.h"
#include "ui/views/SliceView.h"
#include "ui/views/ViewArea.h"
#include "ui/window/MainWindow.h"
#include "ui/window/StudyController.h"
#include "ui/window/WindowSettings.h"

#include <QApplication>
#include <QTest>

namespace icmoe::test {

/// The real window with a real reader and store, and a fake engine: one run of the program. Two in a row on one folder
/// are a restart.
class WindowRun {
public:
    explicit WindowRun(const std::filesystem::path& dataFolder, bool readOnly = false)
        : settings(dataFolder / "window.ini")
        , tools(document)
        , window(document, tools, reader, settings)
        , engine(ui::postTo(window))
    {
        AnnotationStore::Options options;
        options.readOnly = readOnly;
        const auto file = dataFolder / "masks.sqlite";
        store = std::make_unique<StoreThread>(file, options, ui::postTo(window), [this, file](const Status& status) {
            opened = status;
            if (status) {
                document.setStore(store.get());
            }
            window.setDatabase(file, status ? std::nullopt : std::optional<Error>(status.error()));
        });
        document.setEngine(&engine);
    }
    ~WindowRun()
    {
        document.setEngine(nullptr);
        document.setStore(nullptr);
        store.reset();
    }

    void show()
    {
        window.resize(1600, 1000);
        window.show();
        QVERIFY(QTest::qWaitForWindowExposed(&window));
        QApplication::setActiveWindow(&window); // no window manager does it, and shortcuts ask for it
        QVERIFY(QTest::qWaitFor([this] { return opened.has_value(); }));
    }
    void open(const std::filesystem::path& folder)
    {
        window.openPaths({QString::fromStdString(folder.string())});
        QVERIFY(QTest::qWaitFor(
            [this] { return document.isOpen() && document.isReady() && document.volume()->isComplete(); }, 20000));
    }
    [[nodiscard]] ui::SliceView& mainView() { return window.views().sliceView(document.mainPlane()); }
    void trigger(ui::ActionId id) { window.actions().action(id)->trigger(); }

    /// Drags in the main view between two shares of its size.
    void drag(QPointF from, QPointF to)
    {
        ui::SliceView& view = mainView();
        const auto at = [&view](QPointF share) {
            return QPoint(qRound(share.x() * view.width()), qRound(share.y() * view.height()));
        };
        QTest::mousePress(&view, Qt::LeftButton, {}, at(from));
        for (int i = 1; i <= 4; ++i) {
            QTest::mouseMove(&view, at(from + (to - from) * (i / 4.0)));
        }
        QTest::mouseRelease(&view, Qt::LeftButton, {}, at(to));
    }

    ui::WindowSettings settings;
    ui::AnnotationDocument document;
    ui::ToolController tools;
    ui::StudyReader reader;
    ui::MainWindow window;
    FakeEngine engine;
    std::unique_ptr<StoreThread> store;
    std::optional<Status> opened;
};

/// A phantom study on the disk, with texts as a hospital would write them.
inline std::filesystem::path writeStudy(const std::filesystem::path& folder, const DicomPhantomOptions& options = {})
{
    const auto written = writeDicomPhantom(folder, options);
    return written ? folder : std::filesystem::path{};
}

} // namespace icmoe::test
