#include "StoreFixture.h"
#include "core/base/Sha256.h"

#include <fstream>
#include <regex>
#include <sys/stat.h>
#include <unistd.h>

namespace icmoe::test {
namespace {

LabelSet twoLabels()
{
    LabelSet labels;
    EXPECT_EQ(labels.add("Putamen").value(), 1);
    EXPECT_EQ(labels.add("Lateral ventricles").value(), 2);
    Label coded = *labels.find(2);
    coded.category = {"123037004", "SCT", "Anatomical Structure"};
    coded.type = {"66720007", "SCT", "Lateral ventricle"};
    coded.visible = false;
    coded.locked = true;
    labels.put(coded);
    return labels;
}

std::string permissions(const std::filesystem::path& path)
{
    struct ::stat status = {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    char text[8];
    std::snprintf(text, sizeof text, "%04o", status.st_mode & 07777U);
    return text;
}

ViewState atSlice(int axial)
{
    ViewState state;
    state.sliceAxial = axial;
    return state;
}

/// A store in a folder of its own, its series open.
class Store : public ::testing::Test {
protected:
    void reopen()
    {
        m_store.reset();
        m_store = openStore(m_file);
    }
    [[nodiscard]] Segmentation loaded() const { return valueOf(m_store->load(m_series)); }
    RevisionId append(const StepRecord& step) { return valueOf(m_store->append(m_series, step)); }
    void close() { m_store.reset(); }

    TemporaryFolder m_folder;
    std::filesystem::path m_file = m_folder / "annotations.sqlite";
    std::unique_ptr<AnnotationStore> m_store = openStore(m_file);
    SeriesKey m_series = valueOf(m_store->openSeries(someSeries()));
    Segmentation m_now{kSize}; ///< what the window would hold
};

TEST_F(Store, NewDatabase_FileAndFolder_AreForTheUserOnly)
{
    const auto file = m_folder / "new" / "deep" / "a.sqlite";
    const auto store = openStore(file);
    EXPECT_EQ(permissions(file), "0600");
    EXPECT_EQ(permissions(file.parent_path()), "0700");
    EXPECT_EQ(permissions(file.parent_path().parent_path()), "0700");
    ASSERT_TRUE(store->openSeries(someSeries()));
    EXPECT_EQ(permissions(file.string() + "-journal"), "0600");
    EXPECT_EQ(store->file(), file);
    EXPECT_FALSE(store->isReadOnly());
    EXPECT_EQ(store->schemaVersion(), 3);
}

TEST_F(Store, NewDatabase_Pragmas_AreAsPromised)
{
    close();
    EXPECT_EQ(tamper(m_file, "PRAGMA application_id"), "1768123759");
    EXPECT_EQ(tamper(m_file, "PRAGMA user_version"), "3");
    EXPECT_EQ(tamper(m_file, "PRAGMA journal_mode"), "delete");
    EXPECT_FALSE(std::filesystem::exists(m_file.string() + "-journal")) << "closing leaves one file";
}

TEST_F(Store, OpenSeries_Twice_IsTheSameSeries)
{
    EXPECT_EQ(valueOf(m_store->openSeries(someSeries())), m_series);
    SeriesIdentity part = someSeries();
    part.splitKey = "echo 2";
    const SeriesKey other = valueOf(m_store->openSeries(part));
    EXPECT_NE(other, m_series);
    reopen();
    EXPECT_EQ(valueOf(m_store->openSeries(part)), other);
    EXPECT_EQ(valueOf(m_store->series()).size(), 2U);
    const auto found = valueOf(m_store->findSeries("1.2.840.1", "echo 2"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->key, other);
    EXPECT_EQ(found->identity.studyUid, "1.2.840.99");
    EXPECT_EQ(found->identity.frameOfReferenceUid, "1.2.840.77");
    EXPECT_EQ(found->identity.modality, "MR");
    EXPECT_EQ(found->identity.size, kSize);
    EXPECT_TRUE(std::regex_match(found->openedUtc, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")));
    EXPECT_FALSE(valueOf(m_store->findSeries("1.2.840.2")));
}

TEST_F(Store, OpenSeries_PictureWithoutUid_GetsOneFromItsPixelHash)
{
    SeriesIdentity photograph;
    photograph.pixelHash = sha256({});
    photograph.size = {640, 480, 1};
    const SeriesKey key = valueOf(m_store->openSeries(photograph));
    const auto stored = valueOf(m_store->findSeries(pictureUid(photograph.pixelHash)));
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->key, key);
    EXPECT_TRUE(stored->identity.seriesUid.starts_with("2.25."));
    EXPECT_TRUE(stored->identity.studyUid.starts_with("2.25."));
    EXPECT_LE(stored->identity.seriesUid.size(), 64U);
    EXPECT_EQ(valueOf(m_store->openSeries(photograph)), key);
    photograph.pixelHash = std::string(64, 'f');
    EXPECT_NE(valueOf(m_store->openSeries(photograph)), key);
}

TEST_F(Store, OpenSeries_HashKnownLater_IsFilledInOnce)
{
    SeriesIdentity early = someSeries("1.2.3");
    early.pixelHash.clear();
    const SeriesKey key = valueOf(m_store->openSeries(early));
    EXPECT_EQ(valueOf(m_store->openSeries(someSeries("1.2.3"))), key);
    EXPECT_EQ(valueOf(m_store->openSeries(early)), key) << "still loading, the next time";
    EXPECT_EQ(valueOf(m_store->findSeries("1.2.3"))->identity.pixelHash, std::string(64, 'a'));
}

TEST_F(Store, OpenSeries_OtherPicturesUnderTheSameUid_AreRefused)
{
    SeriesIdentity changed = someSeries();
    changed.pixelHash = std::string(64, 'e');
    EXPECT_EQ(m_store->openSeries(changed).error().code, ErrorCode::imageChanged);
    SeriesIdentity longer = someSeries();
    longer.size.depth += 1;
    EXPECT_EQ(m_store->openSeries(longer).error().code, ErrorCode::geometryMismatch);
}

TEST_F(Store, OpenSeries_WithoutUidAndHash_IsRefused)
{
    SeriesIdentity nobody;
    nobody.size = kSize;
    EXPECT_EQ(m_store->openSeries(nobody).error().code, ErrorCode::invalidArgument);
    SeriesIdentity empty = someSeries("1.2.3.4");
    empty.size.depth = 0;
    EXPECT_EQ(m_store->openSeries(empty).error().code, ErrorCode::limitExceeded);
    SeriesIdentity huge = someSeries("1.2.3.4");
    huge.size.width = 65536;
    EXPECT_EQ(m_store->openSeries(huge).error().code, ErrorCode::limitExceeded);
}

TEST_F(Store, UnknownSeries_EveryFunction_SaysNotFound)
{
    const SeriesKey unknown = 777;
    EXPECT_EQ(m_store->load(unknown).error().code, ErrorCode::notFound);
    EXPECT_EQ(m_store->history(unknown).error().code, ErrorCode::notFound);
    EXPECT_EQ(m_store->append(unknown, paintStep(m_now, 1, 1, disc(9, 9), "x")).error().code, ErrorCode::notFound);
    EXPECT_EQ(m_store->undo(unknown).error().code, ErrorCode::notFound);
    EXPECT_EQ(m_store->redo(unknown).error().code, ErrorCode::notFound);
    EXPECT_EQ(m_store->saveViewState(unknown, {}).error().code, ErrorCode::notFound);
    EXPECT_EQ(m_store->viewState(unknown).error().code, ErrorCode::notFound);
}

TEST_F(Store, Append_EveryKindOfStep_SurvivesARestart)
{
    const std::vector<StepRecord> steps{
        labelStep(m_now, twoLabels(), "Labels added"),
        paintStep(m_now, 1, 3, disc(10, 10), "Putamen brushed"),
        acceptStep(m_now, 2, 4, disc(20, 20), disc(21, 20), "Lateral ventricles accepted"),
        paintStep(m_now, 1, 3, nothing(), "Putamen erased"),
        votedStep(m_now, 1, 5, disc(12, 14), "Putamen accepted"),
    };
    std::vector<RevisionId> revisions;
    for (const StepRecord& step : steps) {
        revisions.push_back(append(step));
    }
    EXPECT_TRUE(std::is_sorted(revisions.begin(), revisions.end()));
    reopen();
    const auto history = valueOf(m_store->history(m_series));
    ASSERT_EQ(history.size(), steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
        EXPECT_EQ(history[i].revision, revisions[i]);
        EXPECT_FALSE(history[i].undone);
        expectSame(history[i].step, steps[i]);
    }
    EXPECT_TRUE(history[1].step.utc.ends_with("Z")) << "filled in by the store";
    EXPECT_EQ(loaded(), m_now);
    EXPECT_TRUE(m_store->verify());
}

TEST_F(Store, Append_VoteWithoutAMap_SurvivesARestart)
{
    StepRecord step = votedStep(m_now, 1, 3, disc(9, 9), "Accepted");
    step.vote->disagreement.clear();
    append(step);
    reopen();
    expectSame(valueOf(m_store->history(m_series)).back().step, step);
}

TEST_F(Store, Append_StepOverManySlicesAndLabels_IsOneStep)
{
    StepRecord step;
    step.kind = StepKind::import_;
    step.name = "Masks imported";
    for (int k = 0; k < kSize.depth; ++k) {
        for (LabelId label = 1; label <= 3; ++label) {
            step.after.slices[label][k] = disc(10 + label * 3, 12 + k);
        }
    }
    step.before = m_now.exchange(step.after);
    append(step);
    EXPECT_EQ(loaded(), m_now);
    ASSERT_TRUE(valueOf(m_store->undo(m_series)));
    EXPECT_EQ(loaded(), Segmentation(kSize));
    EXPECT_TRUE(m_store->verify());
}

TEST_F(Store, Append_ExaminedAndEmpty_IsKeptAsData)
{
    append(labelStep(m_now, twoLabels(), "Labels added"));
    append(acceptStep(m_now, 2, 6, disc(9, 9), nothing(), "Nothing there"));
    reopen();
    const auto history = valueOf(m_store->history(m_series));
    ASSERT_TRUE(history.back().step.accepted);
    EXPECT_TRUE(history.back().step.accepted->empty());
    EXPECT_EQ(history.back().step.accepted->width(), kSize.width);
    EXPECT_EQ(history.back().step.after, patchOf(2, 6, nothing()));
    EXPECT_EQ(valueOf(m_store->series()).front().labelsDone, 1) << "examined counts as done";
    ASSERT_TRUE(valueOf(m_store->undo(m_series)));
    EXPECT_EQ(valueOf(m_store->series()).front().labelsDone, 0);
}

TEST_F(Store, LabelsDone_CountsLabelsOfThePresentSet)
{
    append(paintStep(m_now, 9, 1, disc(9, 9), "Before any label set"));
    EXPECT_EQ(valueOf(m_store->series()).front().labelsDone, 1);
    append(labelStep(m_now, twoLabels(), "Labels added"));
    EXPECT_EQ(valueOf(m_store->series()).front().labelsDone, 0) << "label 9 is none of the set";
    append(paintStep(m_now, 1, 1, disc(9, 9), "Brushed"));
    append(paintStep(m_now, 1, 2, disc(9, 9), "Brushed"));
    append(paintStep(m_now, 2, 2, disc(20, 9), "Brushed"));
    EXPECT_EQ(valueOf(m_store->series()).front().labelsDone, 2);
}

TEST_F(Store, Append_MisfitSteps_AreRefusedAndChangeNothing)
{
    append(paintStep(m_now, 1, 3, disc(10, 10), "Brushed"));
    const auto refused = [this](const StepRecord& step) {
        const auto result = m_store->append(m_series, step);
        EXPECT_FALSE(result);
        return result ? ErrorCode::internal : result.error().code;
    };
    Segmentation scratch = m_now;
    StepRecord otherSlices = paintStep(scratch, 1, 3, disc(12, 12), "x");
    otherSlices.before = patchOf(1, 4, nothing());
    EXPECT_EQ(refused(otherSlices), ErrorCode::invalidArgument);
    StepRecord otherLabel = paintStep(scratch, 1, 3, disc(12, 12), "x");
    otherLabel.before = patchOf(2, 3, nothing());
    EXPECT_EQ(refused(otherLabel), ErrorCode::invalidArgument);
    StepRecord beyond;
    beyond.before = beyond.after = patchOf(1, kSize.depth, nothing());
    EXPECT_EQ(refused(beyond), ErrorCode::geometryMismatch);
    StepRecord background;
    background.before = background.after = patchOf(0, 1, nothing());
    EXPECT_EQ(refused(background), ErrorCode::geometryMismatch);
    StepRecord narrow;
    narrow.before = narrow.after = patchOf(1, 1, SliceMask(8, 8));
    EXPECT_EQ(refused(narrow), ErrorCode::geometryMismatch);
    StepRecord foreignProposal = acceptStep(scratch, 1, 3, SliceMask(7, 9), disc(9, 9), "x");
    EXPECT_EQ(refused(foreignProposal), ErrorCode::geometryMismatch);
    StepRecord halfLabels;
    halfLabels.kind = StepKind::label;
    halfLabels.labelsAfter = twoLabels();
    EXPECT_EQ(refused(halfLabels), ErrorCode::invalidArgument);
    StepRecord acceptsNothing = acceptStep(scratch, 1, 3, disc(9, 9), disc(9, 9), "x");
    acceptsNothing.accepted.reset();
    EXPECT_EQ(refused(acceptsNothing), ErrorCode::invalidArgument);
    StepRecord infinite = paintStep(scratch, 1, 3, disc(9, 9), "x");
    infinite.windowWidth = std::numeric_limits<double>::infinity();
    EXPECT_EQ(refused(infinite), ErrorCode::invalidArgument);
    StepRecord nanPrompt = acceptStep(scratch, 1, 3, disc(9, 9), disc(9, 9), "x");
    nanPrompt.prompts = {{1, Plane::axial, 1, BoxPrompt{std::nan(""), 1, 2, 3}}};
    EXPECT_EQ(refused(nanPrompt), ErrorCode::invalidArgument);
    StepRecord narrowMap = votedStep(scratch, 1, 3, disc(9, 9), "x");
    narrowMap.vote->disagreement.pop_back();
    EXPECT_EQ(refused(narrowMap), ErrorCode::geometryMismatch);
    StepRecord voteOnNothing = votedStep(scratch, 1, 3, disc(9, 9), "x");
    voteOnNothing.proposal.reset();
    EXPECT_EQ(refused(voteOnNothing), ErrorCode::invalidArgument);
    StepRecord nanWeight = votedStep(scratch, 1, 3, disc(9, 9), "x");
    nanWeight.vote->voters.front().weight = std::nan("");
    EXPECT_EQ(refused(nanWeight), ErrorCode::invalidArgument);
    StepRecord beyondOne = votedStep(scratch, 1, 3, disc(9, 9), "x");
    beyondOne.vote->boundaryDisagreement = 1.5;
    EXPECT_EQ(refused(beyondOne), ErrorCode::invalidArgument);
    StepRecord unknownKind = paintStep(scratch, 1, 3, disc(9, 9), "x");
    unknownKind.kind = static_cast<StepKind>(99);
    EXPECT_EQ(refused(unknownKind), ErrorCode::invalidArgument);

    EXPECT_EQ(valueOf(m_store->history(m_series)).size(), 1U);
    EXPECT_EQ(loaded(), m_now);
    EXPECT_TRUE(m_store->verify());
}

TEST_F(Store, Append_NoiseOfMillionsOfRuns_IsRefused)
{
    SeriesIdentity wide = someSeries("1.2.9");
    wide.size = {8192, 4097, 1};
    const SeriesKey key = valueOf(m_store->openSeries(wide));
    std::vector<icmoe::Run> runs;
    for (std::uint32_t i = 0; i < 8192U * 4097U; i += 2) {
        runs.push_back({i, i + 1});
    }
    StepRecord noise;
    noise.before = patchOf(1, 0, SliceMask(8192, 4097));
    noise.after = patchOf(1, 0, SliceMask::fromRuns(std::move(runs), 8192, 4097));
    EXPECT_EQ(m_store->append(key, noise).error().code, ErrorCode::limitExceeded);
    EXPECT_TRUE(valueOf(m_store->history(key)).empty());
}

TEST_F(Store, UndoAndRedo_AcrossRestarts_WalkTheHistory)
{
    std::vector<Segmentation> states{m_now};
    const auto keep = [&](const StepRecord& step) {
        append(step);
        states.push_back(m_now);
    };
    keep(labelStep(m_now, twoLabels(), "Labels added"));
    keep(paintStep(m_now, 1, 3, disc(10, 10), "Brushed"));
    keep(paintStep(m_now, 1, 3, disc(20, 10), "Brushed again"));
    keep(acceptStep(m_now, 2, 3, disc(20, 20), disc(20, 21), "Accepted"));
    for (std::size_t n = states.size() - 1; n-- > 0;) {
        reopen();
        ASSERT_TRUE(valueOf(m_store->undo(m_series)));
        EXPECT_EQ(loaded(), states[n]);
    }
    EXPECT_EQ(valueOf(m_store->undo(m_series)), std::nullopt) << "nothing left to undo";
    for (std::size_t n = 1; n < states.size(); ++n) {
        reopen();
        ASSERT_TRUE(valueOf(m_store->redo(m_series)));
        EXPECT_EQ(loaded(), states[n]);
    }
    EXPECT_EQ(valueOf(m_store->redo(m_series)), std::nullopt) << "nothing left to redo";
    EXPECT_TRUE(m_store->verify());
}

TEST_F(Store, Append_AfterUndo_DropsWhatWasUndoneButKeepsItsRevision)
{
    const RevisionId first = append(paintStep(m_now, 1, 3, disc(10, 10), "First"));
    Segmentation abandoned = m_now;
    append(paintStep(abandoned, 1, 4, disc(10, 10), "Abandoned"));
    append(paintStep(abandoned, 1, 5, disc(10, 10), "Abandoned too"));
    ASSERT_TRUE(valueOf(m_store->undo(m_series)));
    ASSERT_TRUE(valueOf(m_store->undo(m_series)));
    auto history = valueOf(m_store->history(m_series));
    ASSERT_EQ(history.size(), 3U);
    EXPECT_FALSE(history[0].undone);
    EXPECT_TRUE(history[1].undone);
    EXPECT_TRUE(history[2].undone);
    const RevisionId second = append(paintStep(m_now, 2, 6, disc(15, 15), "Second"));
    EXPECT_EQ(valueOf(m_store->redo(m_series)), std::nullopt);
    history = valueOf(m_store->history(m_series));
    ASSERT_EQ(history.size(), 2U);
    EXPECT_EQ(history[0].revision, first);
    EXPECT_EQ(history[1].revision, second);
    EXPECT_EQ(loaded(), m_now);
    EXPECT_TRUE(m_store->verify());
    close();
    EXPECT_EQ(tamper(m_file, "SELECT count(*) FROM step"), "4");
    EXPECT_EQ(tamper(m_file, "SELECT count(*) FROM revision"), "6");
}

TEST_F(Store, LabelSet_RemovedLabel_IdIsNotGivenAgainAfterARestart)
{
    append(labelStep(m_now, twoLabels(), "Labels added"));
    LabelSet fewer = m_now.labels();
    ASSERT_TRUE(fewer.remove(2));
    append(labelStep(m_now, fewer, "Label removed"));
    reopen();
    LabelSet labels = loaded().labels();
    EXPECT_EQ(labels, fewer);
    EXPECT_EQ(labels.add("Third").value(), 3);
    ASSERT_TRUE(valueOf(m_store->undo(m_series)));
    EXPECT_EQ(loaded().labels(), twoLabels());
    ASSERT_TRUE(valueOf(m_store->undo(m_series)));
    EXPECT_EQ(loaded().labels(), LabelSet{});
}

TEST_F(Store, SeveralSeries_DoNotTouchEachOther)
{
    const SeriesKey other = valueOf(m_store->openSeries(someSeries("1.2.840.2")));
    Segmentation otherNow(kSize);
    append(paintStep(m_now, 1, 3, disc(10, 10), "Here"));
    valueOf(m_store->append(other, paintStep(otherNow, 1, 3, disc(30, 30), "There")));
    ASSERT_TRUE(valueOf(m_store->undo(other)));
    EXPECT_EQ(loaded(), m_now);
    EXPECT_EQ(valueOf(m_store->load(other)), Segmentation(kSize));
    append(paintStep(m_now, 1, 4, disc(10, 10), "Here again"));
    EXPECT_TRUE(valueOf(m_store->redo(other))) << "a step of one series drops nothing of another";
    EXPECT_TRUE(m_store->verify());
}

TEST_F(Store, ViewState_SavedTwice_IsTheLastOneAfterARestart)
{
    EXPECT_EQ(valueOf(m_store->viewState(m_series)), std::nullopt);
    ViewState state{.sliceAxial = 3,
                    .sliceSagittal = 17,
                    .sliceCoronal = 9,
                    .zoom = 2.5,
                    .panX = -4.25,
                    .panY = 8,
                    .windowWidth = 1500,
                    .windowLevel = -600,
                    .label = 2,
                    .layout = "2×2"};
    ASSERT_TRUE(m_store->saveViewState(m_series, {}));
    ASSERT_TRUE(m_store->saveViewState(m_series, state));
    reopen();
    EXPECT_EQ(valueOf(m_store->viewState(m_series)), state);
    state.zoom = std::numeric_limits<double>::quiet_NaN();
    EXPECT_EQ(m_store->saveViewState(m_series, state).error().code, ErrorCode::invalidArgument);
}

// ---- opening

TEST_F(Store, Open_WhileItIsOpen_SaysLocked)
{
    const auto second = AnnotationStore::open(m_file);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::databaseLocked);
    EXPECT_NE(second.error().message.find("another program"), std::string::npos);
    const auto viewer = AnnotationStore::open(m_file, {.readOnly = true, .checkIntegrity = true, .vfs = {}});
    ASSERT_FALSE(viewer);
    EXPECT_EQ(viewer.error().code, ErrorCode::databaseLocked);
    append(paintStep(m_now, 1, 3, disc(10, 10), "The first one goes on"));
    close();
    EXPECT_TRUE(AnnotationStore::open(m_file));
}

TEST_F(Store, Open_ReadOnly_ShowsEverythingAndWritesNothing)
{
    append(paintStep(m_now, 1, 3, disc(10, 10), "Brushed"));
    ASSERT_TRUE(m_store->saveViewState(m_series, atSlice(3)));
    close();
    const auto viewer = openStore(m_file, {.readOnly = true, .checkIntegrity = true, .vfs = {}});
    EXPECT_TRUE(viewer->isReadOnly());
    const SeriesKey key = valueOf(viewer->openSeries(someSeries()));
    EXPECT_EQ(valueOf(viewer->load(key)), m_now);
    EXPECT_EQ(valueOf(viewer->history(key)).size(), 1U);
    EXPECT_EQ(valueOf(viewer->viewState(key))->sliceAxial, 3);
    EXPECT_TRUE(viewer->verify());
    EXPECT_EQ(viewer->append(key, paintStep(m_now, 1, 4, disc(9, 9), "x")).error().code, ErrorCode::databaseReadOnly);
    EXPECT_EQ(viewer->undo(key).error().code, ErrorCode::databaseReadOnly);
    EXPECT_EQ(viewer->redo(key).error().code, ErrorCode::databaseReadOnly);
    EXPECT_EQ(viewer->saveViewState(key, {}).error().code, ErrorCode::databaseReadOnly);
    EXPECT_EQ(viewer->openSeries(someSeries("1.2.3")).error().code, ErrorCode::databaseReadOnly);
    EXPECT_TRUE(AnnotationStore::open(m_file, {.readOnly = true, .checkIntegrity = true, .vfs = {}}))
        << "viewers do not disturb each other";
}

TEST_F(Store, Open_ReadOnlyWithoutFile_SaysNotFound)
{
    EXPECT_EQ(AnnotationStore::open(m_folder / "missing.sqlite", {.readOnly = true, .checkIntegrity = true, .vfs = {}})
                  .error()
                  .code,
              ErrorCode::notFound);
    EXPECT_FALSE(std::filesystem::exists(m_folder / "missing.sqlite"));
}

TEST_F(Store, Open_ReadOnlyFileOrFolder_SaysReadOnlyAndCanBeViewed)
{
    append(paintStep(m_now, 1, 3, disc(10, 10), "Brushed"));
    close();
    const OrdinaryUser user(m_folder.path());
    ASSERT_EQ(::chmod(m_file.c_str(), 0400), 0);
    const auto file = AnnotationStore::open(m_file);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::databaseReadOnly);
    EXPECT_NE(file.error().oneLine().find("cannot be written"), std::string::npos);

    ASSERT_EQ(::chmod(m_file.c_str(), 0600), 0);
    ASSERT_EQ(::chmod(m_folder.path().c_str(), 0500), 0);
    EXPECT_EQ(AnnotationStore::open(m_file).error().code, ErrorCode::databaseReadOnly) << "no journal can be made";
    EXPECT_EQ(AnnotationStore::open(m_folder / "new.sqlite").error().code, ErrorCode::databaseReadOnly);
    EXPECT_EQ(AnnotationStore::open(m_folder / "folder" / "new.sqlite").error().code, ErrorCode::databaseReadOnly);
    const auto viewer = openStore(m_file, {.readOnly = true, .checkIntegrity = true, .vfs = {}});
    EXPECT_EQ(valueOf(viewer->load(m_series)), m_now);
    ASSERT_EQ(::chmod(m_folder.path().c_str(), 0700), 0);
}

TEST_F(Store, Open_FileInTheWayOfTheFolder_SaysDatabaseFailed)
{
    EXPECT_EQ(AnnotationStore::open(m_file / "below" / "a.sqlite").error().code, ErrorCode::databaseFailed);
}

TEST_F(Store, Open_NotADatabase_SaysCorrupt)
{
    const auto file = m_folder / "text.sqlite";
    std::ofstream(file) << std::string(5000, 'x');
    EXPECT_EQ(AnnotationStore::open(file).error().code, ErrorCode::databaseCorrupt);
    EXPECT_EQ(std::filesystem::file_size(file), 5000U) << "left as it was";
}

TEST_F(Store, Open_TruncatedOrOverwrittenPages_SaysCorrupt)
{
    for (int i = 0; i < 60; ++i) {
        append(paintStep(m_now, 1 + i % 3, i % kSize.depth, disc(10 + i % 20, 12), "Brushed"));
    }
    close();
    const auto size = std::filesystem::file_size(m_file);
    const auto copy = m_folder / "copy.sqlite";
    std::filesystem::copy_file(m_file, copy);
    std::filesystem::resize_file(copy, size / 4096 / 2 * 4096);
    EXPECT_EQ(AnnotationStore::open(copy).error().code, ErrorCode::databaseCorrupt);
    int found = 0;
    for (std::uintmax_t page = 1; page < size / 4096; ++page) {
        std::filesystem::copy_file(m_file, copy, std::filesystem::copy_options::overwrite_existing);
        std::fstream(copy, std::ios::in | std::ios::out | std::ios::binary)
            .seekp(static_cast<std::streamoff>(page * 4096))
            .write(std::string(4096, '\x5a').data(), 4096);
        const auto store = AnnotationStore::open(copy);
        found += !store && store.error().code == ErrorCode::databaseCorrupt ? 1 : 0;
    }
    EXPECT_EQ(found, static_cast<int>(size / 4096 - 1)) << "the check at opening sees each page";
}

TEST_F(Store, Open_NewerVersion_SaysTooNew)
{
    close();
    tamper(m_file, "PRAGMA user_version = 4");
    const auto store = AnnotationStore::open(m_file);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::databaseTooNew);
    EXPECT_NE(store.error().message.find("version 4"), std::string::npos);
    tamper(m_file, "PRAGMA user_version = -1");
    EXPECT_EQ(AnnotationStore::open(m_file).error().code, ErrorCode::databaseCorrupt);
}

TEST_F(Store, Open_DatabaseOfAnotherProgram_IsLeftAlone)
{
    const auto file = m_folder / "bookmarks.sqlite";
    tamper(file, "CREATE TABLE bookmarks (url TEXT)");
    EXPECT_EQ(AnnotationStore::open(file).error().code, ErrorCode::unknownFormat);
    EXPECT_EQ(tamper(file, "SELECT count(*) FROM sqlite_master"), "1");
}

TEST_F(Store, Open_VersionOne_IsMigratedAndKeepsEverything)
{
    const auto file = m_folder / "old.sqlite";
    std::ifstream script(std::filesystem::path(ICMOE_TEST_DATA) / "store" / "version1.sql");
    ASSERT_TRUE(script) << "the dump of a version 1 database";
    tamper(file, std::string(std::istreambuf_iterator<char>(script), {}));
    EXPECT_EQ(AnnotationStore::open(file, {.readOnly = true, .checkIntegrity = true, .vfs = {}}).error().code,
              ErrorCode::databaseReadOnly)
        << "viewing cannot migrate";
    // what the dump was made of
    Segmentation then(kSize);
    const std::vector<StepRecord> steps{labelStep(then, twoLabels(), "Labels added"),
                                        paintStep(then, 1, 3, disc(10, 10), "Putamen brushed"),
                                        acceptStep(then, 2, 4, disc(20, 20), disc(21, 20), "Accepted")};
    {
        const auto store = openStore(file);
        const SeriesKey key = valueOf(store->openSeries(someSeries()));
        EXPECT_EQ(valueOf(store->load(key)), then);
        const auto history = valueOf(store->history(key));
        ASSERT_EQ(history.size(), 4U);
        for (std::size_t i = 0; i < steps.size(); ++i) {
            expectSame(history[i].step, steps[i]);
        }
        EXPECT_TRUE(history.back().undone);
        EXPECT_TRUE(store->verify());
        ASSERT_TRUE(store->saveViewState(key, atSlice(5))) << "what version 2 added";
        EXPECT_TRUE(valueOf(store->redo(key)));
        then = valueOf(store->load(key));
        const StepRecord voted = votedStep(then, 1, 6, disc(11, 12), "Voted");
        ASSERT_TRUE(store->append(key, voted)) << "what version 3 added";
        expectSame(valueOf(store->history(key)).back().step, voted);
    }
    EXPECT_EQ(tamper(file, "PRAGMA user_version"), "3");
    EXPECT_TRUE(openStore(file)->verify());
}

TEST_F(Store, Open_VersionTwo_IsMigratedAndItsAcceptancesWereNoPreviews)
{
    const auto textOf = [](const std::filesystem::path& path) {
        std::ifstream in(path);
        EXPECT_TRUE(in) << path;
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const auto file = m_folder / "old.sqlite";
    tamper(file, textOf(std::filesystem::path(ICMOE_TEST_DATA) / "store" / "version1.sql"));
    tamper(file, textOf(std::filesystem::path(ICMOE_SOURCE_DIR) / "core" / "store" / "schema" / "002_view_state.sql"));
    tamper(file, "PRAGMA user_version = 2");
    const auto store = openStore(file);
    EXPECT_EQ(store->schemaVersion(), 3);
    const SeriesKey key = valueOf(store->openSeries(someSeries()));
    const auto history = valueOf(store->history(key));
    ASSERT_EQ(history.size(), 4U);
    EXPECT_EQ(history[2].step.kind, StepKind::accept);
    EXPECT_FALSE(history[2].step.preview);
    EXPECT_EQ(history[2].step.vote, std::nullopt);
    EXPECT_TRUE(store->verify());
}

// ---- what happened cannot be changed

TEST_F(Store, AppendOnlyTables_UpdateAndDelete_AreRefused)
{
    append(labelStep(m_now, twoLabels(), "Labels added"));
    append(votedStep(m_now, 1, 3, disc(10, 10), "Accepted"));
    close();
    const auto refused = [this](const std::string& sql) {
        try {
            tamper(m_file, sql);
            return false;
        } catch (const std::runtime_error& error) {
            return std::string(error.what()).find("append-only") != std::string::npos ||
                   std::string(error.what()).find("kept") != std::string::npos ||
                   std::string(error.what()).find("fixed") != std::string::npos;
        }
    };
    for (const std::string table :
         {"step", "annotation", "vote", "revision", "label_set", "label", "study", "series"}) {
        EXPECT_TRUE(refused("DELETE FROM " + table)) << table;
    }
    EXPECT_TRUE(refused("UPDATE step SET name = 'x'"));
    EXPECT_TRUE(refused("UPDATE annotation SET accepted = NULL, accepted_area = NULL"));
    EXPECT_TRUE(refused("UPDATE annotation SET preview = 0"));
    EXPECT_TRUE(refused("UPDATE vote SET boundary_disagreement = 0"));
    EXPECT_TRUE(refused("UPDATE revision SET utc = ''"));
    EXPECT_TRUE(refused("UPDATE label_set SET next_id = 0"));
    EXPECT_TRUE(refused("UPDATE label SET name = 'x'"));
    EXPECT_TRUE(refused("UPDATE study SET study_uid = 'x'"));
    EXPECT_TRUE(refused("UPDATE series SET width = 1"));
    EXPECT_TRUE(refused("UPDATE series SET pixel_hash = 'x'"));
    EXPECT_TRUE(openStore(m_file)->verify());
}

// ---- verify

class TamperedStore : public Store, public ::testing::WithParamInterface<const char*> {};

TEST_P(TamperedStore, Verify_FindsIt)
{
    append(labelStep(m_now, twoLabels(), "Labels added"));
    append(paintStep(m_now, 1, 3, disc(10, 10), "Brushed"));
    append(votedStep(m_now, 2, 4, disc(10, 10), "Accepted"));
    ASSERT_TRUE(valueOf(m_store->undo(m_series)));
    ASSERT_TRUE(m_store->verify());
    close();
    tamper(m_file, GetParam());
    const auto found = openStore(m_file)->verify();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::databaseCorrupt) << found.error().oneLine();
    EXPECT_EQ(found.error().where, m_file.string());
}

INSTANTIATE_TEST_SUITE_P(
    Everything, TamperedStore,
    ::testing::Values(
        "DELETE FROM segment_slice", "UPDATE segment_slice SET slice = 4", "UPDATE segment_slice SET mask = X'0004'",
        "UPDATE segment_slice SET mask = X'00301E010A01'", "UPDATE step_state SET state = 'undone' WHERE step_id = 2",
        "DELETE FROM step_state WHERE step_id = 3", "UPDATE present_labels SET label_set_id = 1",
        "PRAGMA foreign_keys = OFF; UPDATE present_labels SET label_set_id = 99",
        "DROP TRIGGER step_is_fixed; UPDATE step SET after_patch = X'0001010103' WHERE id = 2",
        "DROP TRIGGER step_is_fixed; UPDATE step SET before_patch = CAST (after_patch || X'00' AS BLOB) WHERE id = 2",
        "DROP TRIGGER step_is_fixed; UPDATE step SET before_patch = X'0000' WHERE id = 3",
        "DROP TRIGGER annotation_is_fixed; UPDATE annotation SET proposal = X'00'",
        "DROP TRIGGER annotation_is_fixed; UPDATE annotation SET accepted = X'00070800'",
        "DROP TRIGGER annotation_is_fixed; UPDATE annotation SET prompts = '[{\"id\": 1}]'",
        "DROP TRIGGER vote_is_fixed; UPDATE vote SET voters = '{}'",
        "DROP TRIGGER vote_is_fixed; UPDATE vote SET disagreement = X'0001'",
        "DROP TRIGGER annotation_is_fixed; UPDATE annotation SET proposal = NULL, proposal_area = NULL",
        "DROP TRIGGER revision_is_kept; DELETE FROM revision WHERE id = 4",
        "DROP TRIGGER revision_is_kept; DELETE FROM step_state WHERE step_id = 3; DELETE FROM revision "
        "WHERE step_id = 3"));

TEST_F(Store, Load_DamagedMask_SaysCorrupt)
{
    append(paintStep(m_now, 1, 3, disc(10, 10), "Brushed"));
    close();
    tamper(m_file, "UPDATE segment_slice SET mask = X'00300A00'"); // 48 × 10
    m_store = openStore(m_file);
    EXPECT_EQ(m_store->load(m_series).error().code, ErrorCode::databaseCorrupt);
}

} // namespace
} // namespace icmoe::test
