#include "WindowFixture.h"

#include "ui/actions/CommandSearch.h"
#include "ui/actions/KeyTable.h"
#include "ui/models/StudyListModel.h"
#include "ui/panels/LabelsPanel.h"
#include "ui/panels/PatientBanner.h"
#include "ui/panels/Segments.h"
#include "ui/panels/SidePanel.h"
#include "ui/panels/SliceStrip.h"
#include "ui/panels/StartPage.h"
#include "ui/panels/StatusLine.h"
#include "ui/panels/StepLists.h"
#include "ui/panels/StudiesPanel.h"
#include "ui/panels/ToastStack.h"
#include "ui/panels/VotersPopup.h"
#include "ui/panels/WarnStrip.h"
#include "ui/panels/Widgets.h"
#include "ui/style/StyleSheet.h"
#include "ui/views/VtkWidget.h"
#include "ui/window/Dialogs.h"

#include <QAbstractButton>
#include <QAccessible>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QDir>
#include <QDropEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QMimeData>
#include <QScreen>
#include <QSignalSpy>
#include <QTableWidget>

using namespace icmoe;
using namespace icmoe::ui;
using namespace icmoe::test;

namespace {

DicomPhantomOptions study()
{
    DicomPhantomOptions options;
    options.modality = "MR";
    options.size = {64, 56, 40};
    options.spacing = {1.0, 1.25, 1.5};
    options.texts.patientName = "PHANTOM^TEST";
    options.texts.patientId = "ID-000427";
    options.texts.seriesDescription = "T1 3D";
    return options;
}

/// Everything a person can operate, that is visible.
QList<QWidget*> operable(const QWidget& window)
{
    QList<QWidget*> found;
    for (QWidget* widget : window.findChildren<QWidget*>()) {
        const bool control = qobject_cast<QAbstractButton*>(widget) != nullptr ||
                             qobject_cast<QAbstractItemView*>(widget) != nullptr ||
                             qobject_cast<QAbstractSlider*>(widget) != nullptr ||
                             qobject_cast<QLineEdit*>(widget) != nullptr || (widget->focusPolicy() & Qt::TabFocus) != 0;
        // what Qt makes itself inside a control is the control's
        const bool inner = widget->objectName().startsWith(QLatin1String("qt_")) ||
                           (widget->parentWidget() != nullptr &&
                            qobject_cast<QAbstractScrollArea*>(widget->parentWidget()) != nullptr) ||
                           qobject_cast<QLineEdit*>(widget->parentWidget()) != nullptr ||
                           widget->inherits("QScrollBar");
        if (control && !inner && widget->isVisible()) {
            found << widget;
        }
    }
    return found;
}

QStringList nameless(const QWidget& window)
{
    QStringList names;
    for (QWidget* widget : operable(window)) {
        const QAccessibleInterface* face = QAccessible::queryAccessibleInterface(widget);
        if (face == nullptr || face->text(QAccessible::Name).isEmpty()) {
            names << QLatin1String(widget->metaObject()->className()) + QLatin1Char(' ') + widget->objectName();
        }
    }
    return names;
}

} // namespace

class WindowTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void Start_WithNothingOpen_OffersToOpenAndSaysResearchOnly()
    {
        const TemporaryFolder folder;
        WindowRun run(folder.path());
        run.show();
        QVERIFY(run.window.startPage().isVisible());
        QVERIFY(!run.window.views().isVisible());
        QVERIFY(run.window.studiesFolded());
        QVERIFY(run.window.sideFolded());
        QVERIFY(!run.window.actions().action(ActionId::toolBox)->isEnabled());
        bool said = false;
        for (const QLabel* label : run.window.startPage().findChildren<QLabel*>()) {
            said = said || label->text().contains(QLatin1String("For research, not a medical device"));
        }
        QVERIFY(said);
        QCOMPARE(nameless(run.window), QStringList());
    }

    void Folder_Opened_ShowsSeriesWithThumbnailHealthAndBanner()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        run.open(folder / "study");
        QVERIFY(run.window.views().isVisible());
        StudyListModel& model = run.window.studyModel();
        QCOMPARE(model.rowCount(), 2);
        const QModelIndex series = model.index(1);
        QCOMPARE(series.data().toString(), QString("T1 3D"));
        QCOMPARE(series.data(StudyListModel::sizeTextRole).toString(), QString("64 × 56 × 40"));
        QCOMPARE(series.data(StudyListModel::badgeRole).toString(), QString("Sound"));
        QTRY_VERIFY(!series.data(StudyListModel::thumbnailRole).value<QImage>().isNull());
        QVERIFY(series.data(StudyListModel::progressRole).toDouble() < 0);
        QVERIFY(!run.window.studiesFolded());
        QCOMPARE(run.window.sliceStrip().maximum(), 39);
        QCOMPARE(nameless(run.window), QStringList());
    }

    void FirstStudyOfADataFolder_SaysResearchOnly_Once()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        for (const int expected : {1, 0}) {
            WindowRun run(folder.path());
            run.show();
            run.open(folder / "study");
            QCOMPARE(run.window.sidePanel().toasts().count(), expected);
        }
    }

    void Names_AreHiddenUntilShown_InTitleBannerAndList()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        run.open(folder / "study");
        const auto everything = [&run] {
            QString all = run.window.windowTitle();
            for (const QWidget* widget : run.window.findChildren<QWidget*>()) {
                all += widget->toolTip() + widget->accessibleName();
                if (const auto* label = qobject_cast<const QLabel*>(widget)) {
                    all += label->text();
                } else if (const auto* button = qobject_cast<const QAbstractButton*>(widget)) {
                    all += button->text();
                }
            }
            for (int row = 0; row < run.window.studyModel().rowCount(); ++row) {
                all += run.window.studyModel().index(row).data().toString();
            }
            return all;
        };
        QVERIFY(run.document.namesHidden());
        QVERIFY(!everything().contains(QLatin1String("PHANTOM")));
        QVERIFY(everything().contains(QLatin1String("Patient 0427")));
        QTest::keyClick(&run.window, Qt::Key_F8);
        QVERIFY(!run.document.namesHidden());
        QVERIFY(everything().contains(QLatin1String("PHANTOM^TEST")));
    }

    void BoxDrawnWithTheMouse_AcceptedBrushedUndone_IsThereAfterARestart()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        Segmentation before;
        int slice = 0;
        {
            WindowRun run(folder.path());
            run.show();
            run.open(folder / "study");
            run.window.views().focusMainView();
            QTest::keyClick(&run.mainView(), Qt::Key_PageUp);
            slice = run.document.slice(run.document.mainPlane());

            QTest::keyClick(&run.mainView(), Qt::Key_B);
            QCOMPARE(run.tools.current(), ToolId::box);
            run.drag({0.35, 0.35}, {0.6, 0.6});
            QTRY_VERIFY(run.document.proposal() != nullptr);
            QVERIFY(run.document.segmentation().mask(run.document.activeLabel()).empty());
            QVERIFY(run.window.proposalBar().acceptButton().isVisible());
            QCOMPARE(run.window.sidePanel().prompts().model().rowCount(), 1);

            QTest::mouseClick(&run.window.proposalBar().acceptButton(), Qt::LeftButton);
            QTRY_COMPARE(run.document.storageState(), StorageState::stored);
            QVERIFY(!run.document.segmentation().mask(run.document.activeLabel()).empty());
            QVERIFY(run.window.proposalBar().sentence().contains(QLatin1String("stored")));
            const Segmentation accepted = run.document.segmentation();

            QTest::keyClick(&run.mainView(), Qt::Key_D);
            run.drag({0.3, 0.3}, {0.5, 0.3});
            QTRY_COMPARE(run.document.storageState(), StorageState::stored);
            QVERIFY(run.document.segmentation() != accepted);
            QTest::keyClick(&run.window, Qt::Key_Z, Qt::ControlModifier);
            QTRY_COMPARE(run.document.storageState(), StorageState::stored);
            QVERIFY(run.document.segmentation() == accepted);
            before = run.document.segmentation();
            run.window.close();
        }
        WindowRun again(folder.path());
        again.show();
        again.open(folder / "study");
        QVERIFY(again.document.segmentation() == before);
        QCOMPARE(again.document.slice(again.document.mainPlane()), slice);
        QVERIFY(again.document.undoStack().canUndo());
        QTest::keyClick(&again.window, Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier); // the undone stroke
        QVERIFY(again.document.segmentation() != before);
    }

    void Candidates_WithTabAndButtons_AreWalkedThrough()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        run.open(folder / "study");
        run.trigger(ActionId::toolBox);
        run.drag({0.35, 0.35}, {0.6, 0.6});
        QTRY_VERIFY(run.document.proposal() != nullptr);
        run.trigger(ActionId::nextCandidate);
        QCOMPARE(run.document.candidateIndex(), 1);
        run.trigger(ActionId::previousCandidate);
        run.trigger(ActionId::previousCandidate);
        QCOMPARE(run.document.candidateIndex(), 2);
        QTest::keyClick(&run.window, Qt::Key_Plus);
        QCOMPARE(run.document.combineMode(), CombineMode::add);
        QCOMPARE(run.window.proposalBar().modes().current(), 1);
        QTest::mouseClick(&run.window.proposalBar().discardButton(), Qt::LeftButton);
        QVERIFY(run.document.proposal() == nullptr);
    }

    void Vote_IsShownInBarPopupStripAndPicture_AndIsThereAfterARestart()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        int slice = 0;
        {
            WindowRun run(folder.path());
            run.engine.previews = true;
            run.engine.votes = true;
            run.engine.boundaryDisagreement = 0.29;
            run.show();
            run.open(folder / "study");
            run.window.views().focusMainView();
            QTest::keyClick(&run.mainView(), Qt::Key_PageUp);
            slice = run.document.slice(run.document.mainPlane());
            QTest::keyClick(&run.mainView(), Qt::Key_B);
            run.engine.hold();
            run.drag({0.35, 0.35}, {0.6, 0.6});
            ProposalBar& bar = run.window.proposalBar();
            QTRY_VERIFY(run.document.proposal() != nullptr && run.document.proposal()->isPreview);
            QVERIFY(bar.sentence().contains(QStringLiteral("voting…")));
            QVERIFY(bar.acceptButton().isEnabled());
            QVERIFY(!bar.votersButton().isVisible());
            run.engine.release();
            QTRY_VERIFY(!run.document.isAsking());
            QVERIFY(bar.sentence().contains(QLatin1String("agreement 71 %")));
            QVERIFY(bar.votersButton().isVisible());
            QVERIFY(bar.votersButton().toolTip().contains(QLatin1String("click expert: 44 %")));
            QTest::mouseClick(&bar.votersButton(), Qt::LeftButton);
            QVERIFY(bar.votersPopup().isVisible());
            const QStringList lines = bar.votersPopup().bars().lines();
            QCOMPARE(lines.size(), 4);
            QCOMPARE(lines.front(), QString("click expert: 44 %")); // heaviest first
            QCOMPARE(lines.back(), QString("adaptive 2: dropped"));
            QTest::keyClick(&bar.votersPopup(), Qt::Key_Escape);
            QVERIFY(!bar.votersPopup().isVisible());
            QCOMPARE(run.window.sliceStrip().describe(slice), QString("Slice %1 · agreement 71 %").arg(slice + 1));

            run.window.views().focusMainView();
            QTest::keyClick(&run.mainView(), Qt::Key_U);
            QVERIFY(run.document.disagreementShown());
            QVERIFY(run.window.actions().action(ActionId::disagreement)->isChecked());
            QTest::keyClick(&run.mainView(), Qt::Key_Space);
            QTRY_COMPARE(run.document.storageState(), StorageState::stored);
            run.window.close();
        }
        WindowRun again(folder.path());
        again.show();
        again.open(folder / "study");
        SliceStrip& strip = again.window.sliceStrip();
        QTRY_VERIFY(strip.mark(slice).disagreement.has_value());
        QCOMPARE(strip.describe(slice), QString("Slice %1 · agreement 71 %").arg(slice + 1));
        again.document.setSlice(again.document.mainPlane(), 2);
        again.window.views().focusMainView();
        QTest::keyClick(&again.window, Qt::Key_Up, Qt::ControlModifier);
        QTest::keyClick(&again.window, Qt::Key_Down, Qt::ControlModifier);
        QCOMPARE(again.document.slice(again.document.mainPlane()), slice); // the only place
        again.document.setSlice(again.document.mainPlane(), 2);
        int y = 0;
        while (strip.sliceAt(y) != slice) {
            ++y;
        }
        QTest::mouseClick(&strip, Qt::LeftButton, {}, QPoint(12, y + 1)); // on the coloured band
        QCOMPARE(again.document.slice(again.document.mainPlane()), slice);
    }

    void Disagreement_WithoutAnyVote_IsExplained()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        run.open(folder / "study");
        run.window.sidePanel().toasts().closeAll();
        run.window.views().focusMainView();
        QTest::keyClick(&run.mainView(), Qt::Key_U);
        QVERIFY(run.document.disagreementShown());
        QCOMPARE(run.window.sidePanel().toasts().count(), 1);
        QTest::keyClick(&run.mainView(), Qt::Key_U);
        QVERIFY(!run.document.disagreementShown());
        QVERIFY(!run.window.actions().action(ActionId::disagreement)->isChecked());
    }

    void LabelName_FoundByCommandSearch_AsksAndCanBeDeletedInTheList()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        run.open(folder / "study");
        run.document.renameLabel(run.document.activeLabel(), QStringLiteral("Putamen"));
        CommandSearch& search = run.window.commandSearch();
        run.trigger(ActionId::findCommand);
        QTest::keyClicks(&search.input(), QStringLiteral("find label"));
        QVERIFY(search.list().count() >= 1);
        QTest::keyClick(&search.input(), Qt::Key_Return);
        QTRY_VERIFY(run.document.proposal() != nullptr && !run.document.isAsking());
        PromptsPanel& prompts = run.window.sidePanel().prompts();
        QCOMPARE(prompts.model().rowCount(), 1);
        const QModelIndex row = prompts.model().index(0);
        QCOMPARE(row.data().toString(), QString("Label: Putamen"));
        QTest::mouseClick(prompts.list().viewport(), Qt::LeftButton, {},
                          StepDelegate::crossRect(prompts.list().visualRect(row)).center());
        QCOMPARE(prompts.model().rowCount(), 0);
        QVERIFY(run.document.proposal() == nullptr);
    }

    void PromptList_SelectsGoesThereFlipsAndDeletes()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        run.open(folder / "study");
        run.trigger(ActionId::toolPoint);
        const auto click = [&run](double x, double y) {
            SliceView& view = run.mainView();
            QTest::mouseClick(&view, Qt::LeftButton, {}, QPoint(qRound(x * view.width()), qRound(y * view.height())));
        };
        click(0.4, 0.4);
        click(0.55, 0.5);
        PromptsPanel& prompts = run.window.sidePanel().prompts();
        QCOMPARE(prompts.model().rowCount(), 2);
        const int slice = run.document.slice(run.document.mainPlane());
        run.document.setSlice(run.document.mainPlane(), slice - 5);
        QTest::mouseClick(prompts.list().viewport(), Qt::LeftButton, {},
                          prompts.list().visualRect(prompts.model().index(0)).center());
        QCOMPARE(run.document.slice(run.document.mainPlane()), slice);
        QCOMPARE(run.document.selectedPrompt(), std::optional(prompts.model().promptAt(0)));
        prompts.list().setFocus();
        QTest::keyClick(&prompts.list(), Qt::Key_X);
        QCOMPARE(prompts.model().index(0).data().toString(), QString("Outside 1"));
        QTest::keyClick(&prompts.list(), Qt::Key_X);
        QTest::keyClick(&prompts.list(), Qt::Key_Delete);
        QCOMPARE(prompts.model().rowCount(), 1);
        QTRY_VERIFY(run.document.proposal() != nullptr && !run.document.isAsking());
        QCOMPARE(run.document.proposal()->prompts.size(), std::size_t{1});
    }

    void EngineSwitches_AreRememberedAndAskForANewEngine()
    {
        const TemporaryFolder folder;
        {
            WindowRun run(folder.path());
            run.show();
            QSignalSpy changed(&run.window, &MainWindow::engineOptionsChanged);
            QVERIFY(run.window.actions().action(ActionId::useBasicExperts)->isChecked());
            run.trigger(ActionId::useSemanticExperts);
            run.trigger(ActionId::useVote);
            QCOMPARE(changed.count(), 2);
            run.trigger(ActionId::useLabelName);
            QVERIFY(!run.document.usesLabelName());
        }
        WindowRun again(folder.path());
        again.show();
        QVERIFY(again.settings.usesExperts(VoterKind::basic) && !again.settings.usesExperts(VoterKind::semantic));
        QVERIFY(!again.settings.usesVote());
        QVERIFY(again.window.actions().action(ActionId::useAdaptiveExperts)->isChecked());
        QVERIFY(!again.window.actions().action(ActionId::useSemanticExperts)->isChecked());
        QVERIFY(!again.window.actions().action(ActionId::useVote)->isChecked());
        QVERIFY(!again.document.usesLabelName());
        QVERIFY(!again.window.actions().action(ActionId::useLabelName)->isChecked());
    }

    void LabelList_AddsRenamesHidesAndLocks()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        run.open(folder / "study");
        LabelsPanel& labels = run.window.sidePanel().labels();
        const int rows = labels.model().rowCount();
        run.trigger(ActionId::addLabel);
        QCOMPARE(labels.model().rowCount(), rows + 1);
        auto* editor = labels.list().findChild<QLineEdit*>();
        QVERIFY(editor != nullptr);
        editor->setText(QStringLiteral("Caudate"));
        QTest::keyClick(editor, Qt::Key_Return);
        const QModelIndex row = labels.model().index(rows);
        QTRY_COMPARE(row.data().toString(), QString("Caudate"));
        const QRect cell = labels.list().visualRect(row);
        QTest::mouseClick(labels.list().viewport(), Qt::LeftButton, {}, LabelDelegate::lockRect(cell).center());
        QVERIFY(row.data(LabelTableModel::lockedRole).toBool());
        QTest::mouseClick(labels.list().viewport(), Qt::LeftButton, {}, LabelDelegate::eyeRect(cell).center());
        QVERIFY(!row.data(LabelTableModel::visibleRole).toBool());
        QTest::keyClick(&run.window, Qt::Key_1);
        QCOMPARE(run.document.activeLabel(), labels.model().labelAt(0));
    }

    void History_Clicked_GoesToThatStep()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        run.open(folder / "study");
        run.document.addLabel(QStringLiteral("One"));
        run.document.addLabel(QStringLiteral("Two"));
        HistoryPanel& history = run.window.sidePanel().history();
        QCOMPARE(history.model().rowCount(), 3);
        QTest::mouseClick(history.list().viewport(), Qt::LeftButton, {},
                          history.list().visualRect(history.model().index(1)).center());
        QCOMPARE(run.document.undoStack().index(), 1);
        QVERIFY(history.model().index(2).data(HistoryModel::undoneRole).toBool());
    }

    void History_ShowsWhichPromptAStepIsAbout()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        run.open(folder / "study");
        const auto iconOfTheLastStep = [&] {
            const auto& model = run.window.sidePanel().history().model();
            return model.index(model.rowCount() - 1).data(HistoryModel::iconRole).toString();
        };
        const int slice = run.document.slice(Plane::axial);
        run.document.addPrompt({0, Plane::axial, slice, PointPrompt{{2, 2}, true}});
        QCOMPARE(iconOfTheLastStep(), QStringLiteral("inside"));
        const PromptId outside = run.document.addPrompt({0, Plane::axial, slice, PointPrompt{{4, 4}, false}});
        QCOMPARE(iconOfTheLastStep(), QStringLiteral("outside"));
        run.document.addPrompt({0, Plane::axial, slice, BoxPrompt{1, 1, 5, 5}});
        QCOMPARE(iconOfTheLastStep(), QStringLiteral("box"));
        run.document.removePrompt(outside);
        QCOMPARE(iconOfTheLastStep(), QStringLiteral("outside"));
        run.document.clearPrompts();
        QCOMPARE(iconOfTheLastStep(), QStringLiteral("trash"));
    }

    void SliceStrip_ClickedAndSteppedByKeys_MovesTheMainView()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        run.open(folder / "study");
        SliceStrip& strip = run.window.sliceStrip();
        QTest::mouseClick(&strip, Qt::LeftButton, {}, QPoint(strip.width() / 2, 40));
        QVERIFY(run.document.slice(run.document.mainPlane()) > 35); // the last slices are at the top
        const int slice = run.document.slice(run.document.mainPlane());
        run.window.views().focusMainView();
        QTest::keyClick(&run.mainView(), Qt::Key_Down);
        QCOMPARE(run.document.slice(run.document.mainPlane()), slice - 1);
        QCOMPARE(strip.value(), slice - 1);
    }

    void NarrowWindow_FoldsStudiesFirst_ThenTheRightPanel()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        run.open(folder / "study");
        QVERIFY(!run.window.studiesFolded() && !run.window.sideFolded());
        run.window.resize(1450, 900);
        QTRY_VERIFY(run.window.studiesFolded());
        QVERIFY(!run.window.sideFolded());
        run.window.resize(1280, 720);
        QTRY_VERIFY(run.window.sideFolded());
        QCOMPARE(run.window.size(), QSize(1280, 720)); // nothing keeps it wider
        run.trigger(ActionId::toggleRightPanel);
        QVERIFY(!run.window.sideFolded());
    }

    void CommandSearch_TypedWords_RunTheCommand()
    {
        const TemporaryFolder folder;
        WindowRun run(folder.path());
        run.show();
        CommandSearch& search = run.window.commandSearch();
        run.trigger(ActionId::findCommand);
        QTest::keyClicks(&search.input(), QStringLiteral("light theme"));
        QCOMPARE(search.list().count(), 1);
        QTest::keyClick(&search.input(), Qt::Key_Return);
        QCOMPARE(theme(), Theme::light);
        QVERIFY(!search.isVisible());
        run.trigger(ActionId::toggleTheme);
        QCOMPARE(theme(), Theme::dark);
    }

    void KeyTable_Searched_ShowsMatchingRowsOnly()
    {
        const TemporaryFolder folder;
        WindowRun run(folder.path());
        run.show();
        KeyTable table(run.window.actions(), nullptr);
        table.input().setText(QStringLiteral("eraser"));
        int shown = 0;
        for (int row = 0; row < table.table().rowCount(); ++row) {
            shown += table.table().isRowHidden(row) ? 0 : 1;
        }
        QCOMPARE(shown, 1);
    }

    void EmptyFolder_Opened_SaysWhatToDo()
    {
        const TemporaryFolder folder;
        std::filesystem::create_directory(folder / "empty");
        WindowRun run(folder.path());
        run.show();
        run.window.openPaths({QString::fromStdString((folder / "empty").string())});
        QTRY_COMPARE(run.window.sidePanel().toasts().count(), 1);
        QVERIFY(!run.window.sideFolded()); // a message is never out of sight
        run.window.showError(
            {ErrorCode::decodeFailed, "Slice 42 could not be decoded", "0042.dcm", "The other 180 are usable"});
        auto* copy = run.window.sidePanel().toasts().findChildren<QPushButton*>().last();
        QTest::mouseClick(copy, Qt::LeftButton);
        QVERIFY(QGuiApplication::clipboard()->text().contains(QLatin1String("decodeFailed")));
        QCOMPARE(nameless(run.window), QStringList());
    }

    void ReadOnlyDatabase_IsTold_AndWorkGoesOn()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        { // makes the file
            WindowRun first(folder.path());
            first.show();
        }
        WindowRun run(folder.path(), true);
        run.show();
        run.window.setDatabase(
            folder / "masks.sqlite",
            Error{ErrorCode::databaseReadOnly, "masks.sqlite cannot be written", "masks.sqlite", "Store elsewhere"});
        QVERIFY(run.window.warnStrip().isVisible());
        QVERIFY(run.window.warnStrip().text().contains(QLatin1String("read-only")));
        run.open(folder / "study");
        run.trigger(ActionId::toolBox);
        run.drag({0.35, 0.35}, {0.6, 0.6});
        QTRY_VERIFY(run.document.proposal() != nullptr);
        run.document.acceptProposal();
        QTRY_COMPARE(run.document.storageState(), StorageState::notStored);
        QVERIFY(!run.document.segmentation().mask(run.document.activeLabel()).empty());
        int asked = 0;
        run.window.setAskBeforeLoss([&asked] {
            ++asked;
            return asked > 1;
        });
        QVERIFY(!run.window.close());
        QVERIFY(run.window.close());
        QCOMPARE(asked, 2);
    }

    void NoWeights_BarOffersToImportThem()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        EngineState none;
        none.activity = EngineActivity::noWeights;
        run.engine.setState(none);
        run.show();
        run.open(folder / "study");
        QTRY_VERIFY(
            run.window.proposalBar().sentence().contains(QLatin1String("No engine weights. Drawing by hand works.")));
        QVERIFY(run.window.actions().action(ActionId::toolBox)->isEnabled());
    }

    void Export_OfAcceptedMask_IsReadBackBeforeItIsCalledDone()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        run.open(folder / "study");
        run.trigger(ActionId::toolBox);
        run.drag({0.35, 0.35}, {0.6, 0.6});
        QTRY_VERIFY(run.document.proposal() != nullptr);
        run.document.acceptProposal();
        run.trigger(ActionId::exportMasks);
        auto* dialog = run.window.findChild<ExportDialog*>();
        QVERIFY(dialog != nullptr);
        QCOMPARE(nameless(*dialog), QStringList());
        dialog->fileField().setText(QString::fromStdString((folder / "out.dcm").string()));
        QTest::mouseClick(&dialog->exportButton(), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(dialog->resultLabel().text().contains(QLatin1String("read back")), 20000);
        QVERIFY(std::filesystem::exists(folder / "out.dcm"));
        QTest::mouseClick(&dialog->exportButton(), Qt::LeftButton); // the file is there now
        QTRY_VERIFY_WITH_TIMEOUT(dialog->exportButton().isEnabled(), 20000);
        QVERIFY(!dialog->resultLabel().text().contains(QLatin1String("read back")));
    }

    void FilesDropped_AreOpened()
    {
        const TemporaryFolder folder;
        writeStudy(folder / "study", study());
        WindowRun run(folder.path());
        run.show();
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(QString::fromStdString((folder / "study").string()))});
        QDragEnterEvent enter(QPoint(400, 400), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(&run.window, &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent drop(QPointF(400, 400), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(&run.window, &drop);
        QTRY_VERIFY_WITH_TIMEOUT(run.document.isOpen(), 20000);
    }

    void About_SaysForResearchOnly()
    {
        AboutDialog about(nullptr);
        const auto* label = about.findChild<QLabel*>(QStringLiteral("researchOnly"));
        QVERIFY(label != nullptr);
        QVERIFY(label->text().contains(QLatin1String("For research, not a medical device")));
    }

    void Settings_AreRememberedAndPrivate()
    {
        const TemporaryFolder folder;
        {
            WindowSettings settings(folder / "window.ini");
            settings.setTheme(Theme::light);
            settings.setAnnotator(QStringLiteral("AW"));
            for (int i = 0; i < 7; ++i) {
                settings.addRecent(
                    {QStringLiteral("/study/%1").arg(i), QStringLiteral("NAME"), QStringLiteral("Patient"), {}});
            }
        }
        const WindowSettings again(folder / "window.ini");
        QCOMPARE(again.theme(), Theme::light);
        QCOMPARE(again.annotator(), QString("AW"));
        QCOMPARE(again.recent().size(), 5);
        QCOMPARE(again.recent().front().path, QString("/study/6"));
        const auto mode = std::filesystem::status(folder / "window.ini").permissions();
        QCOMPARE(static_cast<unsigned>(mode & std::filesystem::perms::all), 0600U);
    }
};

int main(int argc, char** argv)
{
    VtkWidget::prepareApplication();
    QApplication application(argc, argv);
    WindowTest test;
    return QTest::qExec(&test, argc, argv);
}

#include "window_test.moc"
