// Draws every state of the window in both themes. With ICMOE_SCREENSHOTS=FOLDER the pictures stay there to be looked
// at.
#include "WindowFixture.h"

#include "ui/models/StudyListModel.h"
#include "ui/panels/LabelsPanel.h"
#include "ui/panels/Section.h"
#include "ui/panels/SidePanel.h"
#include "ui/panels/VotersPopup.h"
#include "ui/panels/WarnStrip.h"
#include "ui/style/StyleSheet.h"
#include "ui/views/VtkWidget.h"
#include "ui/window/Dialogs.h"

#include <QApplication>
#include <QDir>
#include <QScreen>
#include <QToolButton>

using namespace icmoe;
using namespace icmoe::ui;
using namespace icmoe::test;

namespace {

/// The sample study (Colin 27) where it was written, else the phantom.
std::filesystem::path picture(const TemporaryFolder& folder)
{
    const std::filesystem::path colin = ICMOE_BINARY_DIR "/sample/colin27";
    if (std::filesystem::exists(colin)) {
        return colin;
    }
    if (std::filesystem::exists(folder / "study")) {
        return folder / "study"; // of the other theme's run
    }
    DicomPhantomOptions options;
    options.modality = "MR";
    options.size = {96, 96, 64};
    options.texts.patientName = "PHANTOM^TEST";
    options.texts.patientId = "ID-000427";
    return writeStudy(folder / "study", options);
}

} // namespace

class StatesTest final : public QObject {
    Q_OBJECT

private:
    TemporaryFolder m_folder;
    QString m_kept = qEnvironmentVariable("ICMOE_SCREENSHOTS");

    /// What is on the screen, windows in front included.
    QImage shot(WindowRun& run, const QString& name, const QWidget* of = nullptr)
    {
        for (int i = 0; i < 8; ++i) { // posted repaints and their consequences
            QCoreApplication::processEvents();
            QCoreApplication::sendPostedEvents();
        }
        const QWidget* window = of != nullptr ? of : &run.window;
        const QImage image = window->screen()->grabWindow(const_cast<QWidget*>(window)->winId()).toImage();
        if (!m_kept.isEmpty()) {
            QDir().mkpath(m_kept);
            const QString theme = ui::theme() == Theme::dark ? QStringLiteral("dark") : QStringLiteral("light");
            image.save(QDir(m_kept).filePath(QStringLiteral("%1-%2.png").arg(name, theme)));
        }
        return image;
    }

    void setTheme(WindowRun& run, Theme theme)
    {
        run.settings.setTheme(theme);
        applyTheme(*qApp, theme);
    }

    void addLabels(WindowRun& run)
    {
        run.document.renameLabel(run.document.activeLabel(), QStringLiteral("Lateral ventricles"));
        for (const char* name : {"Caudate", "Putamen", "Thalamus"}) {
            run.document.addLabel(QLatin1String(name));
        }
        run.document.setActiveLabel(run.document.segmentation().labels().labels().front().id);
    }

private Q_SLOTS:
    void EveryState_IsDrawn_data()
    {
        QTest::addColumn<int>("theme");
        QTest::newRow("dark") << static_cast<int>(Theme::dark);
        QTest::newRow("light") << static_cast<int>(Theme::light);
    }
    void EveryState_IsDrawn()
    {
        QFETCH(int, theme);
        const TemporaryFolder data;
        const auto path = picture(m_folder);
        WindowRun run(data.path());
        run.settings.addRecent({QStringLiteral("/data/a"), QStringLiteral("COLIN^27"), QStringLiteral("Patient 0427"),
                                QStringLiteral("MR head · T1 3D")});
        run.settings.addRecent({QStringLiteral("/data/b"), QStringLiteral("RHESUS^01"), QStringLiteral("Patient 0391"),
                                QStringLiteral("MR head · T1 brain")});
        setTheme(run, static_cast<Theme>(theme));
        run.window.setSample(QString::fromStdString(path.string()));
        run.show();
        Q_EMIT run.window.studies().recentChanged();
        const QImage start = shot(run, QStringLiteral("01-nothing-loaded"));
        QCOMPARE(start.pixelColor(start.width() / 2, 300), tokens().panel);

        run.open(path);
        run.window.views().focusMainView();
        addLabels(run);
        const SeriesHandle handle = run.window.studies().openHandle();
        run.window.studyModel().setProgress(handle, 112, 181);
        shot(run, QStringLiteral("02-loading"));
        run.window.studyModel().setProgress(handle, 0, 0);

        run.trigger(ActionId::toolBox);
        EngineState encoding = run.engine.state();
        encoding.activity = EngineActivity::encoding;
        encoding.plane = run.document.mainPlane();
        encoding.slice = run.document.slice(run.document.mainPlane());
        encoding.progress = 0.6;
        run.engine.setState(encoding);
        run.engine.hold();
        run.drag({0.38, 0.36}, {0.62, 0.66});
        shot(run, QStringLiteral("03-encoding"));

        EngineState idle = encoding;
        idle.activity = EngineActivity::idle;
        idle.lastEncodeSeconds = 0.31;
        idle.lastDecodeSeconds = 0.092;
        run.engine.setState(idle);
        run.engine.release();
        QTRY_VERIFY(run.document.proposal() != nullptr);
        shot(run, QStringLiteral("04-preview"));

        run.document.acceptProposal();
        QTRY_COMPARE(run.document.storageState(), StorageState::stored);
        shot(run, QStringLiteral("05-accepted"));

        run.trigger(ActionId::toolBrush);
        run.document.setActiveLabel(run.document.segmentation().labels().labels()[1].id);
        run.drag({0.40, 0.30}, {0.60, 0.30});
        QTRY_COMPARE(run.document.storageState(), StorageState::stored);
        run.document.undo();
        shot(run, QStringLiteral("06-brush-undone"));
        run.document.redo();

        run.window.showError({ErrorCode::decodeFailed, "Slice 42 could not be decoded (JPEG 2000)", "0042.dcm",
                              "The other 180 are usable"});
        shot(run, QStringLiteral("07-error"));
        run.window.sidePanel().toasts().closeAll();

        EngineState none;
        none.activity = EngineActivity::noWeights;
        run.engine.setState(none);
        run.window.setDatabase(
            data.path() / "masks.sqlite",
            Error{ErrorCode::databaseReadOnly, "masks.sqlite cannot be written", "masks.sqlite", {}});
        shot(run, QStringLiteral("08-no-weights-read-only"));
        run.window.setDatabase(data.path() / "masks.sqlite", std::nullopt);
        run.engine.setState(idle);

        run.document.setNamesHidden(false);
        run.window.sidePanel().learnSection().setFolded(false);
        run.trigger(ActionId::layoutGrid);
        shot(run, QStringLiteral("09-names-shown-two-by-two"));
        run.document.setNamesHidden(true);
        run.window.sidePanel().learnSection().setFolded(true);
        run.trigger(ActionId::layoutMain);

        run.window.resize(1280, 720);
        shot(run, QStringLiteral("10-smallest"));
        run.window.resize(1600, 1000);

        run.trigger(ActionId::exportMasks);
        auto* dialog = run.window.findChild<ExportDialog*>();
        QVERIFY(QTest::qWaitForWindowExposed(dialog));
        shot(run, QStringLiteral("11-export"), dialog);
        dialog->close();
        run.engine.votes = true;
        run.engine.previews = true;
        run.document.setActiveLabel(run.document.segmentation().labels().labels().front().id);
        const Plane plane = run.document.mainPlane();
        const int middle = run.document.slice(plane);
        run.trigger(ActionId::toolBox);
        for (const auto& [by, share] : {std::pair{9, 0.04}, std::pair{8, 0.09}, std::pair{7, 0.16}, std::pair{6, 0.22},
                                        std::pair{5, 0.3}, std::pair{4, 0.44}, std::pair{3, 0.2}, std::pair{2, 0.08}}) {
            run.document.setSlice(plane, middle + by);
            run.engine.boundaryDisagreement = share;
            run.drag({0.38, 0.36}, {0.62, 0.66});
            QTRY_VERIFY(run.document.proposalVote() != nullptr && !run.document.isAsking());
            run.document.acceptProposal();
        }
        run.document.setSlice(plane, middle + 1);
        run.engine.boundaryDisagreement = 0.13;
        run.engine.hold();
        run.drag({0.38, 0.36}, {0.62, 0.66});
        QTRY_VERIFY(run.document.proposal() != nullptr);
        shot(run, QStringLiteral("12-preview-before-the-vote"));
        run.engine.release();
        QTRY_VERIFY(run.document.proposalVote() != nullptr && !run.document.isAsking());
        shot(run, QStringLiteral("13-vote"));
        run.trigger(ActionId::disagreement);
        shot(run, QStringLiteral("14-disagreement"));
        QTest::mouseClick(&run.window.proposalBar().votersButton(), Qt::LeftButton);
        QVERIFY(QTest::qWaitForWindowExposed(&run.window.proposalBar().votersPopup()));
        shot(run, QStringLiteral("15-voters"));
        shot(run, QStringLiteral("15-voters-alone"), &run.window.proposalBar().votersPopup());
        run.window.proposalBar().votersPopup().close();
        run.document.acceptProposal();
        shot(run, QStringLiteral("16-disagreement-accepted"));
        run.trigger(ActionId::disagreement);

        run.document.setSlice(plane, middle + 12);
        run.trigger(ActionId::findLabel);
        QTRY_VERIFY(run.document.proposal() != nullptr && !run.document.isAsking());
        run.drag({0.42, 0.42}, {0.56, 0.52});
        QTRY_VERIFY(!run.document.isAsking());
        shot(run, QStringLiteral("17-label-prompt"));
        setTheme(run, Theme::dark);
    }
};

int main(int argc, char** argv)
{
    VtkWidget::prepareApplication();
    QApplication application(argc, argv);
    StatesTest test;
    return QTest::qExec(&test, argc, argv);
}

#include "states_test.moc"
