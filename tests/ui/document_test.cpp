#include "tests/support/DicomPhantom.h"
#include "tests/support/FakeSegmentationService.h"
#include "tests/support/TestSupport.h"
#include "ui/commands/HistoryCommand.h"
#include "ui/document/AnnotationDocument.h"
#include "ui/document/LabelName.h"

#include <QSignalSpy>
#include <QTest>

using namespace icmoe;
using namespace icmoe::ui;
using icmoe::test::FakeSegmentationService;

namespace {

Post toEventLoop()
{
    return [](std::function<void()> function) {
        QMetaObject::invokeMethod(QCoreApplication::instance(), std::move(function), Qt::QueuedConnection);
    };
}

Series phantomSeries()
{
    Series series;
    series.uid = "1.2.840.1";
    series.modality = "CT";
    return series;
}

struct Case {
    explicit Case(bool withEngine = true)
    {
        if (withEngine) {
            document->setEngine(&engine);
        }
        QObject::connect(document.get(), &AnnotationDocument::errorOccurred, document.get(),
                         [this](const Error& error) { errors.push_back(error); });
    }
    void open() { document->openSeries(Study{}, phantomSeries(), icmoe::test::phantomVolume({})); }
    PromptId box(double x0, double y0, double x1, double y1, int slice = 10)
    {
        const PromptId id = document->addPrompt({0, Plane::axial, slice, BoxPrompt{x0, y0, x1, y1}});
        document->updatePrompt({id, Plane::axial, slice, BoxPrompt{x0, y0, x1, y1}}, false);
        return id;
    }
    [[nodiscard]] const Mask& mask() const { return document->segmentation().mask(document->activeLabel()); }

    FakeSegmentationService engine{toEventLoop()};
    std::vector<Error> errors;
    std::unique_ptr<AnnotationDocument> document = std::make_unique<AnnotationDocument>();
};

/// The names that an answer was asked with.
QStringList names(const Proposal& proposal)
{
    QStringList found;
    for (const Prompt& prompt : proposal.prompts) {
        if (const auto* label = std::get_if<LabelPrompt>(&prompt.shape)) {
            found << QString::fromStdString(label->label);
        }
    }
    return found;
}

struct Store {
    explicit Store(const std::filesystem::path& file, AnnotationStore::Options options = {})
    {
        thread = std::make_unique<StoreThread>(file, options, toEventLoop(), [](const Status&) {});
    }
    std::unique_ptr<StoreThread> thread;
};

} // namespace

class DocumentTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void Prompt_Added_ShowsTheEnginesAnswer()
    {
        Case c;
        c.open();
        c.box(4, 5, 20, 21);
        QVERIFY(c.document->isAsking());
        QTRY_VERIFY(c.document->proposal() != nullptr);
        QVERIFY(!c.document->isAsking());
        QVERIFY(c.document->proposal()->candidates.front().mask.contains(12, 13));
    }

    void Proposal_WithoutAccept_ChangesNoMask()
    {
        Case c;
        c.open();
        c.box(4, 5, 20, 21);
        QTRY_VERIFY(c.document->proposal() != nullptr);
        QVERIFY(c.mask().empty());
        c.document->discardProposal();
        QVERIFY(c.mask().empty());
        QVERIFY(c.document->proposal() == nullptr);
        QVERIFY(c.document->prompts().empty());
    }

    void Accept_OfAProposal_IsOneStepThatUndoTakesBack()
    {
        Case c;
        c.open();
        c.box(4, 5, 20, 21);
        QTRY_VERIFY(c.document->proposal() != nullptr);
        const int steps = c.document->undoStack().count();
        c.document->acceptProposal();
        QCOMPARE(c.document->undoStack().count(), steps + 1);
        QVERIFY(c.mask().contains({12, 13, 10}));
        QVERIFY(c.document->proposal() == nullptr);
        QVERIFY(c.document->prompts().empty());
        const QString accepted = c.document->lastEvent();
        c.document->undo();
        QVERIFY(c.mask().empty());
        QVERIFY(c.document->lastEvent() != accepted && c.document->lastEvent().startsWith(accepted));
        QVERIFY(c.document->proposal() != nullptr);
        QCOMPARE(c.document->prompts().size(), std::size_t{1});
        c.document->redo();
        QVERIFY(c.mask().contains({12, 13, 10}));
        QVERIFY(c.document->proposal() == nullptr);
    }

    void Accept_AsSubtract_TakesTheRegionAway()
    {
        Case c;
        c.open();
        c.box(4, 5, 20, 21);
        QTRY_VERIFY(c.document->proposal() != nullptr);
        c.document->acceptProposal();
        c.box(8, 9, 16, 17);
        QTRY_VERIFY(c.document->proposal() != nullptr);
        c.document->setCombineMode(CombineMode::subtract);
        c.document->acceptProposal();
        QVERIFY(!c.mask().contains({12, 13, 10}));
        QVERIFY(c.mask().contains({12, 6, 10}));
    }

    void Answer_OvertakenByANewerOne_IsDropped()
    {
        Case c;
        c.open();
        c.engine.hold = true;
        const PromptId id = c.document->addPrompt({0, Plane::axial, 10, BoxPrompt{2, 2, 8, 8}});
        QTRY_COMPARE(c.engine.waiting.size(), std::size_t{1});
        const auto old = c.engine.waiting.front();
        c.document->updatePrompt({id, Plane::axial, 10, BoxPrompt{12, 12, 20, 20}}, false);
        QCOMPARE(c.engine.waiting.size(), std::size_t{1});
        c.engine.answerAll();
        QTRY_VERIFY(c.document->proposal() != nullptr);
        old.answer(old.id, c.engine.proposalFor(old)); // the slow one comes last
        QVERIFY(c.document->proposal()->candidates.front().mask.contains(16, 16));
        QVERIFY(!c.document->proposal()->candidates.front().mask.contains(5, 5));
    }

    void Answer_AfterDiscard_IsDropped()
    {
        Case c;
        c.open();
        c.engine.hold = true;
        c.box(4, 5, 20, 21);
        QTRY_COMPARE(c.engine.waiting.size(), std::size_t{1});
        const auto asked = c.engine.waiting.front();
        c.document->discardProposal();
        asked.answer(asked.id, c.engine.proposalFor(asked));
        QVERIFY(c.document->proposal() == nullptr);
        QVERIFY(!c.document->isAsking());
    }

    void Answer_AfterTheDocumentIsGone_IsDropped()
    {
        Case c;
        c.open();
        c.engine.hold = true;
        c.box(4, 5, 20, 21);
        QTRY_COMPARE(c.engine.waiting.size(), std::size_t{1});
        const auto asked = c.engine.waiting.front();
        c.document.reset();
        asked.answer(asked.id, c.engine.proposalFor(asked));
        QCoreApplication::processEvents();
        QVERIFY(c.engine.waiting.empty()); // cancelled on closing
    }

    void EngineFailure_IsTold()
    {
        Case c;
        c.open();
        c.engine.error = Error{ErrorCode::engineFailed, "the network answered with nothing", {}, "Try again"};
        c.box(4, 5, 20, 21);
        QTRY_COMPARE(c.errors.size(), std::size_t{1});
        QCOMPARE(c.errors.front().code, ErrorCode::engineFailed);
        QVERIFY(!c.document->isAsking());
    }

    void Engine_ThatComesLater_AnswersWaitingPrompts()
    {
        Case c(false);
        c.open();
        c.box(4, 5, 20, 21);
        QVERIFY(c.document->proposal() == nullptr);
        c.document->setEngine(&c.engine);
        QTRY_VERIFY(c.document->proposal() != nullptr);
    }

    void Drag_OfABox_IsOneStep()
    {
        Case c;
        c.open();
        const PromptId id = c.document->addPrompt({0, Plane::axial, 10, BoxPrompt{2, 2, 3, 3}});
        for (int i = 0; i < 12; ++i) {
            c.document->updatePrompt({id, Plane::axial, 10, BoxPrompt{2, 2, 4.0 + i, 4.0 + i}}, true);
        }
        c.document->updatePrompt({id, Plane::axial, 10, BoxPrompt{2, 2, 18, 18}}, false);
        QCOMPARE(c.document->undoStack().count(), 1);
        QCOMPARE(c.document->undoStack().text(0), QStringLiteral("Box 1"));
        c.document->updatePrompt({id, Plane::axial, 10, BoxPrompt{3, 3, 18, 18}}, false);
        QCOMPARE(c.document->undoStack().count(), 2);
        c.document->undo();
        c.document->undo();
        QVERIFY(c.document->prompts().empty());
        c.document->redo();
        QCOMPARE(std::get<BoxPrompt>(c.document->prompts().front().shape).x1, 18.0);
    }

    void Prompt_OnAnotherSlice_BeginsAnotherObject()
    {
        Case c;
        c.open();
        c.box(4, 5, 20, 21, 10);
        c.box(4, 5, 20, 21, 11);
        QCOMPARE(c.document->prompts().size(), std::size_t{1});
        QCOMPARE(c.document->prompts().front().slice, 11);
    }

    void Stroke_OfTheBrush_IsOneStepOfTheRightSize()
    {
        Case c(false);
        c.open();
        QVERIFY(c.document->beginStroke(Plane::axial, 10, {10, 14}, 5.0, false)); // 2 × 2.5 mm pixels
        c.document->continueStroke({14, 14});
        c.document->endStroke();
        QCOMPARE(c.document->undoStack().count(), 1);
        QVERIFY(c.mask().contains({10, 12, 10}) && c.mask().contains({10, 16, 10})); // 5 mm = two rows of 2.5 mm
        QVERIFY(!c.mask().contains({10, 11, 10}) && !c.mask().contains({10, 17, 10}));
        QVERIFY(c.mask().contains({16, 14, 10}) && !c.mask().contains({17, 14, 10})); // 2.5 columns of 2 mm
        c.document->undo();
        QVERIFY(c.mask().empty());
        c.document->redo();
        QVERIFY(c.mask().contains({12, 14, 10}));
    }

    void Stroke_AcrossTheStoredSlices_PaintsTheSameVoxelsThatThePlaneShows()
    {
        Case c(false);
        c.open();
        const SlicePlane& plane = c.document->grid(Plane::coronal).stored();
        QVERIFY(c.document->beginStroke(Plane::coronal, 9, {15, 8}, 6.0, false));
        c.document->endStroke();
        const SliceMask expected =
            ellipseMask(plane.width(), plane.height(), {15, 8}, 6.0 / plane.spacingX(), 6.0 / plane.spacingY());
        QVERIFY(c.mask().cut(plane, 9) == expected);
        QVERIFY(c.mask().cut(plane, 10).empty());
    }

    void Stroke_OverALockedLabel_LeavesItAlone()
    {
        Case c(false);
        c.open();
        QVERIFY(c.document->beginStroke(Plane::axial, 10, {10, 14}, 6.0, false));
        c.document->endStroke();
        const LabelId first = c.document->activeLabel();
        const Mask before = c.mask();
        c.document->setLabelLocked(first, true);
        c.document->addLabel(QStringLiteral("Second"));
        QVERIFY(c.document->activeLabel() != first);
        QVERIFY(c.document->beginStroke(Plane::axial, 10, {12, 14}, 8.0, false));
        c.document->endStroke();
        QVERIFY(c.document->segmentation().mask(first) == before);
        QVERIFY(!c.mask().contains({10, 14, 10}));
        QVERIFY(c.mask().contains({15, 14, 10}));
        c.document->setActiveLabel(first);
        QVERIFY(!c.document->beginStroke(Plane::axial, 10, {12, 14}, 8.0, true));
        QCOMPARE(c.errors.back().code, ErrorCode::labelLocked);
    }

    void Labels_EditedAndRemoved_ComeBackWithTheirMasks()
    {
        Case c(false);
        c.open();
        const LabelId label = c.document->activeLabel();
        QVERIFY(c.document->beginStroke(Plane::axial, 10, {10, 14}, 6.0, false));
        c.document->endStroke();
        const Mask mask = c.mask();
        c.document->renameLabel(label, QStringLiteral("Liver"));
        c.document->recolourLabel(label, {1, 2, 3});
        c.document->removeLabel(label);
        QVERIFY(c.document->segmentation().labels().find(label) == nullptr);
        QVERIFY(c.document->segmentation().mask(label).empty());
        c.document->undo();
        QCOMPARE(c.document->segmentation().labels().find(label)->name, std::string("Liver"));
        QVERIFY(c.document->segmentation().mask(label) == mask);
        c.document->undo();
        c.document->undo();
        QCOMPARE(c.document->segmentation().labels().find(label)->name, std::string("Structure 1"));
    }

    void Label_WithATakenOrEmptyName_IsRefused()
    {
        Case c(false);
        c.open();
        c.document->addLabel(QStringLiteral("Structure 1"));
        QCOMPARE(c.errors.back().code, ErrorCode::invalidArgument);
        c.document->renameLabel(c.document->activeLabel(), QStringLiteral("  "));
        QCOMPARE(c.errors.size(), std::size_t{2});
        QCOMPARE(c.document->undoStack().count(), 0);
    }

    void Import_OnAnotherGridOrOverALockedLabel_IsRefused()
    {
        Case c(false);
        c.open();
        Segmentation other(Size3{2, 2, 2});
        QCOMPARE(c.document->importSegmentation(other, QStringLiteral("Import")).error().code,
                 ErrorCode::geometryMismatch);
        Segmentation same(c.document->segmentation().size());
        (void)same.labels().add("Structure 1");
        c.document->setLabelLocked(c.document->activeLabel(), true);
        QCOMPARE(c.document->importSegmentation(same, QStringLiteral("Import")).error().code, ErrorCode::labelLocked);
        c.document->setLabelLocked(c.document->activeLabel(), false);
        same.setMask(1, icmoe::test::phantomMask(c.document->volume()->geometry()));
        QVERIFY(c.document->importSegmentation(same, QStringLiteral("Import")).has_value());
        QVERIFY(c.mask() == same.mask(1));
        c.document->undo();
        QVERIFY(c.mask().empty());
    }

    void PreviousMask_OfTheNearestSlice_BecomesAPrompt()
    {
        Case c;
        c.open();
        QVERIFY(c.document->beginStroke(Plane::axial, 8, {10, 14}, 6.0, false));
        c.document->endStroke();
        c.document->addPreviousMaskPrompt(Plane::axial, 10);
        QCOMPARE(c.document->prompts().size(), std::size_t{1});
        QVERIFY(std::get<MaskPrompt>(c.document->prompts().front().shape).mask.contains(10, 14));
        QCOMPARE(c.document->prompts().front().slice, 10);
    }

    void Steps_WithAStore_SurviveReopeningWithTheirUndo()
    {
        const icmoe::test::TemporaryFolder folder;
        Mask brushed;
        {
            Store store(folder / "masks.sqlite");
            Case c;
            c.document->setStore(store.thread.get());
            c.open();
            QTRY_VERIFY(c.document->isReady());
            QVERIFY(c.document->beginStroke(Plane::axial, 10, {10, 14}, 6.0, false));
            c.document->endStroke();
            QCOMPARE(c.document->storageState(), StorageState::storing);
            QTRY_COMPARE(c.document->storageState(), StorageState::stored);
            QVERIFY(c.document->storageText().startsWith(QStringLiteral("stored ")));
            brushed = c.mask();
            c.box(4, 5, 20, 21);
            QTRY_VERIFY(c.document->proposal() != nullptr);
            c.document->acceptProposal();
            QTRY_COMPARE(c.document->storageState(), StorageState::stored);
            c.document->setSlice(Plane::sagittal, 5);
            c.document->setWindow({321, 123});
        }
        Store store(folder / "masks.sqlite");
        Case c;
        c.document->setStore(store.thread.get());
        c.open();
        QTRY_VERIFY(c.document->isReady());
        QCOMPARE(c.document->undoStack().count(), 2);
        QCOMPARE(c.document->slice(Plane::sagittal), 5);
        QCOMPARE(c.document->window().width, 321.0);
        QVERIFY(c.mask() != brushed);
        c.document->undo();
        QVERIFY(c.mask() == brushed);
        c.document->undo();
        QVERIFY(c.mask().empty());
        c.document->redo();
        QVERIFY(c.mask() == brushed);
        QTRY_COMPARE(c.document->storageState(), StorageState::stored);
    }

    void Accept_OfAnEmptyMask_StoresExaminedNothingThere()
    {
        const icmoe::test::TemporaryFolder folder;
        {
            Store store(folder / "masks.sqlite");
            Case c;
            c.document->setStore(store.thread.get());
            c.open();
            QTRY_VERIFY(c.document->isReady());
            c.engine.emptyAnswers = true;
            c.box(4, 5, 20, 21);
            QTRY_VERIFY(c.document->proposal() != nullptr);
            c.document->acceptProposal();
            QTRY_COMPARE(c.document->storageState(), StorageState::stored);
            QVERIFY(c.document->lastEvent().contains(QStringLiteral("nothing there")));
        }
        auto store = AnnotationStore::open(folder / "masks.sqlite");
        QVERIFY(store.has_value());
        const auto series = (*store)->series();
        QVERIFY(series.has_value() && series->size() == 1);
        const auto history = (*store)->history(series->front().key);
        QVERIFY(history.has_value() && history->size() == 1);
        QVERIFY(history->front().step.accepted.has_value());
        QVERIFY(history->front().step.accepted->empty());
        QCOMPARE(history->front().step.prompts.size(), std::size_t{1});
    }

    void Step_ThatCannotBeStored_IsSaidAndKept()
    {
        const icmoe::test::TemporaryFolder folder;
        auto held = AnnotationStore::open(folder / "masks.sqlite"); // another program has the database
        QVERIFY(held.has_value());
        Store store(folder / "masks.sqlite");
        Store other(folder / "other.sqlite");
        Case c;
        c.document->setStore(store.thread.get());
        c.open();
        QTRY_COMPARE(c.errors.size(), std::size_t{1});
        QCOMPARE(c.errors.front().code, ErrorCode::databaseLocked);
        QVERIFY(c.document->beginStroke(Plane::axial, 10, {10, 14}, 6.0, false));
        c.document->endStroke();
        QCOMPARE(c.document->storageState(), StorageState::notStored);
        QVERIFY(c.document->hasUnstoredWork());
        QVERIFY(!c.mask().empty());

        c.document->setStore(other.thread.get()); // stored elsewhere: nothing was lost
        QTRY_COMPARE(c.document->storageState(), StorageState::stored);
        QVERIFY(!c.document->hasUnstoredWork());
        QVERIFY(!c.mask().empty());
    }

    void Places_OfPromptsAndEdits_CanBeVisited()
    {
        Case c;
        c.open();
        QVERIFY(c.document->beginStroke(Plane::axial, 3, {10, 14}, 6.0, false));
        c.document->endStroke();
        c.box(4, 5, 20, 21, 15);
        const std::vector<Place> expected{{3, Place::Kind::edit}, {15, Place::Kind::prompt}};
        QVERIFY(c.document->places(Plane::axial) == expected);
        c.document->setSlice(Plane::axial, 9);
        QVERIFY(c.document->goToPlace(true));
        QCOMPARE(c.document->slice(Plane::axial), 15);
        QVERIFY(!c.document->goToPlace(true));
        QVERIFY(c.document->goToPlace(false));
        QCOMPARE(c.document->slice(Plane::axial), 3);
    }

    void Preview_ThenTheFullAnswer_KeepsAskingTheMaskAndTheChosenCandidate()
    {
        Case c;
        c.open();
        c.engine.hold = true;
        c.engine.candidates = 3;
        c.engine.previewCandidates = 2;
        c.engine.votes = true;
        c.box(4, 5, 20, 21);
        QTRY_COMPARE(c.engine.waiting.size(), std::size_t{1});
        c.engine.previewAll();
        QTRY_VERIFY(c.document->proposal() != nullptr);
        QVERIFY(c.document->proposal()->isPreview);
        QVERIFY(c.document->isAsking());
        QVERIFY(c.document->proposalVote() == nullptr);
        c.document->setCandidateIndex(1);
        bool gone = false;
        QObject::connect(c.document.get(), &AnnotationDocument::changed, c.document.get(),
                         [&] { gone = gone || c.document->proposal() == nullptr; });
        c.engine.answerAll();
        QTRY_VERIFY(!c.document->isAsking());
        QVERIFY(!gone); // something was drawn all the time
        QVERIFY(!c.document->proposal()->isPreview);
        QCOMPARE(c.document->candidateIndex(), 1);
        QVERIFY(c.document->proposalVote() == nullptr); // it was about the first candidate
        c.document->setCandidateIndex(0);
        QCOMPARE(c.document->proposalVote()->voters.size(), std::size_t{4});
    }

    void ChosenCandidate_ThatTheFullAnswerLacks_IsTheFirstAgain()
    {
        Case c;
        c.open();
        c.engine.hold = true;
        c.engine.previewCandidates = 3;
        c.box(4, 5, 20, 21);
        QTRY_COMPARE(c.engine.waiting.size(), std::size_t{1});
        c.engine.previewAll();
        QTRY_VERIFY(c.document->proposal() != nullptr);
        c.document->setCandidateIndex(2);
        c.engine.answerAll();
        QTRY_VERIFY(!c.document->isAsking());
        QCOMPARE(c.document->candidateIndex(), 0);
    }

    void Preview_OfAnOlderQuestion_DoesNotCoverANewerAnswer()
    {
        Case c;
        c.open();
        c.engine.hold = true;
        const PromptId id = c.document->addPrompt({0, Plane::axial, 10, BoxPrompt{2, 2, 8, 8}});
        QTRY_COMPARE(c.engine.waiting.size(), std::size_t{1});
        const auto old = c.engine.waiting.front();
        c.document->updatePrompt({id, Plane::axial, 10, BoxPrompt{12, 12, 20, 20}}, false);
        c.engine.previewAll();
        QTRY_VERIFY(c.document->proposal() != nullptr);
        Proposal late = c.engine.proposalFor(old);
        late.isPreview = true;
        old.answer(old.id, late);
        old.answer(old.id, c.engine.proposalFor(old));
        QCoreApplication::processEvents();
        QVERIFY(c.document->proposal()->candidates.front().mask.contains(16, 16));
        QVERIFY(c.document->isAsking());
        c.engine.answerAll();
        QTRY_VERIFY(!c.document->isAsking());
        QVERIFY(c.document->proposal()->candidates.front().mask.contains(16, 16));
    }

    void FullAnswer_ThatFails_LeavesThePreviewAndSaysWhy()
    {
        Case c;
        c.open();
        c.engine.hold = true;
        c.box(4, 5, 20, 21);
        QTRY_COMPARE(c.engine.waiting.size(), std::size_t{1});
        c.engine.previewAll();
        QTRY_VERIFY(c.document->proposal() != nullptr);
        c.engine.error = Error{ErrorCode::engineFailed, "the vote failed", {}, "Try again"};
        c.engine.answerAll();
        QTRY_COMPARE(c.errors.size(), std::size_t{1});
        QVERIFY(!c.document->isAsking());
        QVERIFY(c.document->proposal() != nullptr && c.document->proposal()->isPreview);
    }

    void Accept_OfAPreview_NeedsNoWaitingAndIsStoredAsOne()
    {
        const icmoe::test::TemporaryFolder folder;
        {
            Store store(folder / "masks.sqlite");
            Case c;
            c.document->setStore(store.thread.get());
            c.open();
            QTRY_VERIFY(c.document->isReady());
            c.engine.hold = true;
            c.engine.votes = true;
            c.box(4, 5, 20, 21);
            QTRY_COMPARE(c.engine.waiting.size(), std::size_t{1});
            const auto asked = c.engine.waiting.front();
            c.engine.previewAll();
            QTRY_VERIFY(c.document->proposal() != nullptr);
            c.document->acceptProposal();
            QVERIFY(c.mask().contains({12, 13, 10}));
            QVERIFY(!c.document->isAsking());
            QVERIFY(c.document->lastEvent().contains(QStringLiteral("before the vote")));
            asked.answer(asked.id, c.engine.proposalFor(asked)); // the vote comes too late
            QCoreApplication::processEvents();
            QVERIFY(c.document->proposal() == nullptr);
            QTRY_COMPARE(c.document->storageState(), StorageState::stored);
        }
        auto store = AnnotationStore::open(folder / "masks.sqlite");
        QVERIFY(store.has_value());
        const auto history = (*store)->history((*store)->series()->front().key);
        QVERIFY(history->front().step.preview);
        QVERIFY(!history->front().step.vote.has_value());
        QVERIFY(history->front().step.name.ends_with("accepted before the vote"));
    }

    void AcceptedPreview_Undone_IsAskedAboutAgain()
    {
        Case c;
        c.open();
        c.engine.hold = true;
        c.box(4, 5, 20, 21);
        QTRY_COMPARE(c.engine.waiting.size(), std::size_t{1});
        c.engine.previewAll();
        QTRY_VERIFY(c.document->proposal() != nullptr);
        c.document->acceptProposal();
        c.engine.hold = false;
        c.document->undo();
        QVERIFY(c.document->proposal() != nullptr && c.document->proposal()->isPreview);
        QTRY_VERIFY(!c.document->proposal()->isPreview);
        QVERIFY(c.mask().empty());
    }

    void EarlierPrompt_MovedOrDeleted_IsAskedAnewFromTheWholeSet()
    {
        Case c;
        c.open();
        const PromptId first = c.box(2, 2, 8, 8);
        const auto add = [&](decltype(Prompt::shape) shape) {
            return c.document->addPrompt({0, Plane::axial, 10, shape});
        };
        add(BoxPrompt{12, 12, 20, 20});
        const PromptId click = add(PointPrompt{{25, 25}, true});
        QTRY_VERIFY(!c.document->isAsking());
        const auto mask = [&] { return c.document->proposal()->candidates.front().mask; };
        QVERIFY(mask().contains(5, 5) && mask().contains(16, 16) && mask().contains(25, 25));
        c.document->updatePrompt({first, Plane::axial, 10, BoxPrompt{22, 2, 28, 8}}, false);
        QTRY_VERIFY(!c.document->isAsking());
        QVERIFY(mask().contains(25, 5) && !mask().contains(5, 5) && mask().contains(16, 16));
        c.document->removePrompt(first);
        QTRY_VERIFY(!c.document->isAsking());
        QVERIFY(!mask().contains(25, 5) && mask().contains(16, 16) && mask().contains(25, 25));
        c.document->flipPrompt(click);
        QTRY_VERIFY(!c.document->isAsking());
        QVERIFY(!mask().contains(25, 25));
        QCOMPARE(c.document->proposal()->prompts.size(), std::size_t{2});
    }

    void LabelName_ThatWasChosen_GoesWithEveryQuestionAndIntoTheStore()
    {
        const icmoe::test::TemporaryFolder folder;
        {
            Store store(folder / "masks.sqlite");
            Case c;
            c.document->setStore(store.thread.get());
            c.open();
            QTRY_VERIFY(c.document->isReady());
            c.box(4, 5, 20, 21);
            QTRY_VERIFY(c.document->proposal() != nullptr && !c.document->isAsking());
            QVERIFY(names(*c.document->proposal()).empty()); // "Structure 1" tells nothing
            c.document->renameLabel(c.document->activeLabel(), QStringLiteral("Putamen"));
            QTRY_VERIFY(!c.document->isAsking());
            QCOMPARE(names(*c.document->proposal()), QStringList{QStringLiteral("Putamen")}); // asked again
            QCOMPARE(c.document->prompts().size(), std::size_t{1});                           // none of the list
            c.document->setUsesLabelName(false);
            QTRY_VERIFY(!c.document->isAsking());
            QVERIFY(names(*c.document->proposal()).empty());
            c.document->setUsesLabelName(true);
            QTRY_VERIFY(!c.document->isAsking());
            c.document->acceptProposal();
            QTRY_COMPARE(c.document->storageState(), StorageState::stored);
        }
        auto store = AnnotationStore::open(folder / "masks.sqlite");
        const auto history = (*store)->history((*store)->series()->front().key);
        const auto& prompts = history->back().step.prompts;
        QCOMPARE(prompts.size(), std::size_t{2});
        QVERIFY(std::any_of(prompts.begin(), prompts.end(), [](const Prompt& p) {
            const auto* label = std::get_if<LabelPrompt>(&p.shape);
            return label != nullptr && label->label == "Putamen";
        }));
    }

    void ActiveLabel_Changed_AsksWithItsName()
    {
        Case c;
        c.open();
        c.document->addLabel(QStringLiteral("Caudate"));
        c.document->addLabel(QStringLiteral("Putamen"));
        c.box(4, 5, 20, 21);
        QTRY_VERIFY(c.document->proposal() != nullptr && !c.document->isAsking());
        QCOMPARE(names(*c.document->proposal()), QStringList{QStringLiteral("Putamen")});
        c.document->setActiveLabel(c.document->segmentation().labels().findByName("Caudate")->id);
        QTRY_VERIFY(!c.document->isAsking());
        QCOMPARE(names(*c.document->proposal()), QStringList{QStringLiteral("Caudate")});
        const int requests = c.engine.requests;
        c.document->setActiveLabel(c.document->activeLabel());
        QCOMPARE(c.engine.requests, requests);
    }

    void AutomaticLabelNames_AreNotChosen()
    {
        for (const char* name : {"Structure 1", "Label 12", ""}) {
            QVERIFY2(!isChosenLabelName(QString::fromLatin1(name)), name);
        }
        for (const char* name : {"Putamen", "Structure", "Structure 1a", "Label", "Label x", "My Label 1"}) {
            QVERIFY2(isChosenLabelName(QString::fromLatin1(name)), name);
        }
        QVERIFY(!isChosenLabelName(firstLabelName()) && !isChosenLabelName(nextLabelName(7)));
    }

    void FindLabel_AsksByNameAlone_AndIsAPromptOfTheList()
    {
        Case c;
        c.open();
        QSignalSpy notices(c.document.get(), &AnnotationDocument::notice);
        c.document->findLabel(Plane::axial, 10);
        QCOMPARE(notices.count(), 1); // a name that nobody chose says nothing
        QVERIFY(c.document->prompts().empty());
        c.document->renameLabel(c.document->activeLabel(), QStringLiteral("Putamen"));
        c.document->findLabel(Plane::axial, 10);
        QTRY_VERIFY(c.document->proposal() != nullptr && !c.document->isAsking());
        QVERIFY(!c.document->proposal()->candidates.front().mask.empty());
        QCOMPARE(c.document->promptName(c.document->prompts().front().id), QStringLiteral("Label: Putamen"));
        QVERIFY(!c.document->nudgePrompt(c.document->prompts().front().id, 1, 0));
        c.document->addPrompt({0, Plane::axial, 10, PointPrompt{{12, 13}, true}});
        c.document->addLabel(QStringLiteral("Caudate"));
        c.document->findLabel(Plane::axial, 10);
        QTRY_VERIFY(!c.document->isAsking());
        QCOMPARE(names(*c.document->proposal()), QStringList{QStringLiteral("Caudate")}); // an object has one name
        QCOMPARE(c.document->prompts().size(), std::size_t{2});
        c.document->undo();
        QTRY_VERIFY(!c.document->isAsking());
        QCOMPARE(names(*c.document->proposal()), QStringList{QStringLiteral("Putamen")});
    }

    void Hint_TakesThePreviewAndGivesTheVoteUp()
    {
        Case c;
        c.open();
        c.document->renameLabel(c.document->activeLabel(), QStringLiteral("Putamen"));
        c.engine.hold = true;
        c.document->askHint(Plane::axial, 10, {12, 13});
        QTRY_COMPARE(c.engine.waiting.size(), std::size_t{1});
        QCOMPARE(c.engine.waiting.front().prompts.size(), std::size_t{2}); // what a click would ask
        c.engine.previewAll();
        QTRY_VERIFY(c.document->hint() != nullptr);
        QVERIFY(c.document->hint()->isPreview);
        QCOMPARE(c.engine.cancelled, 1);
        QVERIFY(c.engine.waiting.empty());
        c.document->clearHint();
        QVERIFY(c.document->hint() == nullptr);

        c.document->askHint(Plane::axial, 10, {15, 13}); // the pointer goes on before there is an answer
        QTRY_COMPARE(c.engine.waiting.size(), std::size_t{1});
        c.document->clearHint();
        QCOMPARE(c.engine.cancelled, 2);
        QVERIFY(c.engine.waiting.empty());
        QVERIFY(c.document->proposal() == nullptr && !c.document->isAsking());
    }

    void Votes_OfWhatIsAccepted_AreThereAfterARestart()
    {
        const icmoe::test::TemporaryFolder folder;
        std::vector<std::uint8_t> map;
        {
            Store store(folder / "masks.sqlite");
            Case c;
            c.document->setStore(store.thread.get());
            c.open();
            QTRY_VERIFY(c.document->isReady());
            c.engine.votes = true;
            for (const auto& [slice, share] : {std::pair{8, 0.05}, std::pair{12, 0.4}}) {
                c.engine.boundaryDisagreement = share;
                c.box(4, 5, 20, 21, slice);
                QTRY_VERIFY(c.document->proposal() != nullptr && !c.document->isAsking());
                QCOMPARE(c.document->disagreements(Plane::axial).at(slice),
                         share); // the proposal's, before it is stored
                c.document->acceptProposal();
            }
            map = c.document->votes(Plane::axial, 12).front()->disagreement;
            QVERIFY(!map.empty());
            QTRY_COMPARE(c.document->storageState(), StorageState::stored);
        }
        Store store(folder / "masks.sqlite");
        Case c;
        c.document->setStore(store.thread.get());
        c.open();
        QTRY_VERIFY(c.document->isReady());
        const std::map<int, double> expected{{8, 0.05}, {12, 0.4}};
        QVERIFY(c.document->disagreements(Plane::axial) == expected);
        QVERIFY(c.document->disagreements(Plane::coronal).empty());
        QVERIFY(c.document->votes(Plane::axial, 12).front()->disagreement == map);
        const std::vector<Place> places{{8, Place::Kind::edit}, {12, Place::Kind::disagreement}};
        QVERIFY(c.document->places(Plane::axial) == places);
        c.document->setSlice(Plane::axial, 9);
        QVERIFY(c.document->goToPlace(true));
        QCOMPARE(c.document->slice(Plane::axial), 12);
        c.document->undo();
        QCOMPARE(c.document->disagreements(Plane::axial).size(), std::size_t{1});
        c.document->redo();
        QCOMPARE(c.document->disagreements(Plane::axial).size(), std::size_t{2});
    }

    void Vote_OnAnotherCandidateThanTheAcceptedOne_IsNotStored()
    {
        Case c;
        c.open();
        c.engine.votes = true;
        c.engine.candidates = 2;
        c.box(4, 5, 20, 21);
        QTRY_VERIFY(c.document->proposal() != nullptr && !c.document->isAsking());
        c.document->setCandidateIndex(1);
        QVERIFY(c.document->disagreements(Plane::axial).empty());
        c.document->acceptProposal();
        QVERIFY(c.document->disagreements(Plane::axial).empty());
    }

    void Notice_OfTheEngine_IsToldOnceForAnAnswerThatStays()
    {
        Case c;
        c.open();
        QSignalSpy notices(c.document.get(), &AnnotationDocument::notice);
        c.engine.previews = true;
        c.engine.notice = "Strokes have no expert yet";
        const PromptId id = c.box(4, 5, 20, 21);
        QTRY_VERIFY(c.document->proposal() != nullptr && !c.document->isAsking());
        QCOMPARE(notices.count(), 1);
        c.engine.notice.clear(); // an engine that has one says nothing
        c.document->nudgePrompt(id, 1, 0);
        QTRY_VERIFY(!c.document->isAsking());
        QCOMPARE(notices.count(), 1);
        QVERIFY(c.document->proposal()->notice.empty());
    }

    void Engine_ThatIsReplaced_AnswersThePresentPromptsAnew()
    {
        Case c;
        c.open();
        c.box(4, 5, 20, 21);
        QTRY_VERIFY(c.document->proposal() != nullptr && !c.document->isAsking());
        FakeSegmentationService other(toEventLoop());
        other.votes = true;
        c.document->setEngine(nullptr);
        QVERIFY(c.document->proposal() != nullptr); // stays drawn meanwhile
        c.document->setEngine(&other);
        QTRY_VERIFY(!c.document->isAsking());
        QVERIFY(c.document->proposalVote() != nullptr);
        c.document->setEngine(nullptr);
    }

    void VisibleSlice_AfterARest_GoesToTheEngineWithNeighboursAhead()
    {
        Case c;
        c.open();
        c.document->setSlice(Plane::axial, 4);
        c.document->setSlice(Plane::axial, 5);
        QTRY_VERIFY(c.engine.visible != nullptr && c.engine.visible->slice == 5);
        QCOMPARE(c.engine.neighbours.size(), std::size_t{4});
        QCOMPARE(c.engine.neighbours.front()->slice, 6); // where the annotator scrolls to
    }
};

QTEST_GUILESS_MAIN(DocumentTest)

#include "document_test.moc"
