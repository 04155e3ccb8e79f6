#include "core/image/Plane.h"
#include "core/study/Scan.h"
#include "tests/support/DicomPhantom.h"
#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <sys/stat.h>

using namespace icmoe;
using namespace icmoe::test;

namespace {

constexpr auto kCases = "data/dicom/";

ScanResult scanned(const std::vector<std::filesystem::path>& paths)
{
    auto result = scan(paths);
    EXPECT_TRUE(result) << result.error().oneLine();
    return result ? std::move(*result) : ScanResult{};
}

std::vector<Series> allSeries(const ScanResult& result)
{
    std::vector<Series> all;
    for (const auto& study : result.studies) {
        all.insert(all.end(), study.series.begin(), study.series.end());
    }
    return all;
}

std::vector<Series> dicomSeries(const ScanResult& result)
{
    auto all = allSeries(result);
    std::erase_if(all, [](const Series& series) { return series.format != SourceFormat::dicom; });
    return all;
}

/// Real files beside the checkout. Missing: skipped, with the reason.
#define ICMOE_CASE(variable, caseName)                                                                                 \
    const auto variable = shared(std::string(kCases) + (caseName));                                                    \
    if (variable.empty()) {                                                                                            \
        GTEST_SKIP() << "the real data is not beside the checkout";                                                    \
    }

std::shared_ptr<const Volume> loaded(const Series& series)
{
    auto volume = loadVolume(series);
    EXPECT_TRUE(volume) << volume.error().oneLine();
    return volume ? *volume : nullptr;
}

void expectSameVoxels(const Volume& found, const Volume& wanted)
{
    ASSERT_EQ(found.size(), wanted.size());
    ASSERT_EQ(found.type(), wanted.type());
    EXPECT_EQ(std::memcmp(found.data(), wanted.data(), wanted.byteSize()), 0);
}

/// The one series of a phantom that was just written.
Series onlySeries(const std::filesystem::path& folder)
{
    const auto series = allSeries(scanned({folder}));
    EXPECT_EQ(series.size(), 1U);
    return series.empty() ? Series{} : series.front();
}

} // namespace

TEST(Scan, MissingPath_IsNotFound)
{
    const auto result = scan({"/no/such/folder"});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::notFound);
}

TEST(Scan, FoldersAndFilesWithoutPermission_AreRefusedAndTheOthersRead)
{
    const TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder / "open"));
    ASSERT_TRUE(writeDicomPhantom(folder / "closed"));
    const auto file = folder / "closed.dcm";
    std::filesystem::copy_file(std::filesystem::directory_iterator(folder / "open")->path(), file);
    const OrdinaryUser user(folder.path());
    ASSERT_EQ(::chmod((folder / "closed").c_str(), 0), 0);
    ASSERT_EQ(::chmod(file.c_str(), 0), 0);
    const auto all = scanned({folder.path()});
    EXPECT_EQ(dicomSeries(all).size(), 1U);
    ASSERT_EQ(all.refusals.size(), 2U);
    for (const auto& refusal : all.refusals) {
        EXPECT_EQ(refusal.error.code, ErrorCode::permissionDenied) << refusal.file;
    }
    const auto alone = scanned({folder / "closed"});
    ASSERT_EQ(alone.refusals.size(), 1U);
    EXPECT_EQ(alone.refusals[0].error.code, ErrorCode::permissionDenied);
    EXPECT_EQ(::chmod((folder / "closed").c_str(), 0700), 0);
}

TEST(Scan, StopRequest_EndsWithCancelled)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder.path(), {.size = {8, 8, 5}}));
    std::stop_source stop;
    ScanOptions options;
    options.stop = stop.get_token();
    options.threads = 1;
    std::size_t calls = 0;
    options.progress = [&](Progress progress) {
        ++calls;
        EXPECT_EQ(progress.total, 5U);
        stop.request_stop();
    };
    const auto result = scan({folder.path()}, options);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    EXPECT_EQ(calls, 1U);
}

TEST(Scan, FoldersInFolders_AreSearchedAndTextIsNoError)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder / "a/b/c", {.size = {8, 8, 3}}));
    std::ofstream(folder / "a/notes.txt") << "not a picture";
    const auto result = scanned({folder.path()});
    ASSERT_EQ(allSeries(result).size(), 1U);
    EXPECT_EQ(result.others.size(), 1U);
    EXPECT_TRUE(result.refusals.empty());
}

TEST(Scan, StudyAndSeries_CarryTheirTexts)
{
    TemporaryFolder folder;
    DicomPhantomOptions options{.modality = "MR", .size = {8, 8, 3}};
    options.texts.patientName = "MÜLLER^ÄNNE";
    options.texts.patientId = "4711";
    options.texts.seriesDescription = "T1 größer";
    options.texts.studyDate = "20240229";
    ASSERT_TRUE(writeDicomPhantom(folder.path(), options));
    const auto result = scanned({folder.path()});
    ASSERT_EQ(result.studies.size(), 1U);
    const Study& study = result.studies.front();
    EXPECT_EQ(study.patientName, "MÜLLER^ÄNNE");
    EXPECT_EQ(study.patientId, "4711");
    EXPECT_EQ(study.date, "20240229");
    const Series& series = study.series.front();
    EXPECT_EQ(series.displayName(), "T1 größer");
    EXPECT_EQ(series.modality, "MR");
    EXPECT_EQ(series.splitKey, "");
    EXPECT_FALSE(series.frameOfReferenceUid.empty());
}

TEST(Scan, All24Orientations_ReadWithRightGeometryAndVoxels)
{
    for (const auto& orientation : axisAlignedOrientations()) {
        SCOPED_TRACE(orientation.name);
        TemporaryFolder folder;
        const auto phantom = writeDicomPhantom(folder.path(), {.orientation = orientation});
        ASSERT_TRUE(phantom);
        const Series series = onlySeries(folder.path());
        ASSERT_TRUE(series.geometry);
        EXPECT_TRUE(series.geometry->sameGrid(phantom->volume->geometry(), 1e-6));
        EXPECT_EQ(series.health.level(), HealthLevel::ok);
        const auto volume = loaded(series);
        ASSERT_TRUE(volume);
        expectSameVoxels(*volume, *phantom->volume);
        // The object that a reader sees in patient space is the one that was put there.
        const Mask mask = phantomMask(volume->geometry());
        std::size_t inside = 0;
        for (int k = 0; k < volume->size().depth; ++k) {
            for (int j = 0; j < volume->size().height; ++j) {
                for (int i = 0; i < volume->size().width; ++i) {
                    const bool bright = volume->value({i, j, k}) > 300;
                    ASSERT_EQ(bright, mask.contains({i, j, k}));
                    inside += bright ? 1 : 0;
                }
            }
        }
        EXPECT_GT(inside, 300U);
    }
}

TEST(Scan, All24Orientations_ShowTheRightLettersAtTheRightPlaces)
{
    for (const auto& orientation : axisAlignedOrientations()) {
        SCOPED_TRACE(orientation.name);
        TemporaryFolder folder;
        ASSERT_TRUE(writeDicomPhantom(folder.path(), {.orientation = orientation}));
        const auto volume = loaded(onlySeries(folder.path()));
        ASSERT_TRUE(volume);
        const Geometry& geometry = volume->geometry();
        EXPECT_EQ("row " + letterOf(geometry.rowDirection()) + " column " + letterOf(geometry.columnDirection()),
                  orientation.name);
        const struct {
            Plane plane;
            std::string x;
            std::string y;
        } wanted[] = {{Plane::axial, "L", "P"}, {Plane::coronal, "L", "I"}, {Plane::sagittal, "P", "I"}};
        for (const auto& [plane, x, y] : wanted) {
            const SlicePlane cut(geometry, plane);
            EXPECT_EQ(letterOf(cut.directionX()), x);
            EXPECT_EQ(letterOf(cut.directionY()), y);
        }
        // The tip of the arm to the left is found on the axial slice by its millimetres, and read out as such.
        const Vec3 tip{12 + 20, -8 + 2, 25 - 3};
        const Vec3 voxel = geometry.toVoxel(tip);
        const Index3 nearest{static_cast<int>(std::lround(voxel.x)), static_cast<int>(std::lround(voxel.y)),
                             static_cast<int>(std::lround(voxel.z))};
        ASSERT_TRUE(volume->contains(nearest));
        EXPECT_GT(volume->value(nearest), 300);
        EXPECT_LT(length(geometry.toPatient(voxel) - tip), 1e-6);
        EXPECT_EQ(lettersOf(tip), "L 32 A 6 S 22");
        const Vec3 mirrored = geometry.toVoxel({12 - 20, -8 + 2, 25 - 3});
        EXPECT_LT(volume->value({static_cast<int>(std::lround(mirrored.x)), static_cast<int>(std::lround(mirrored.y)),
                                 static_cast<int>(std::lround(mirrored.z))}),
                  300);
    }
}

TEST(Scan, ObliqueTiltedAndUneven_KeepTrueGeometry)
{
    const DicomPhantomOptions cases[] = {{.orientation = obliqueOrientation()},
                                         {.tiltDegrees = 18.5},
                                         {.uneven = true},
                                         {.orientation = obliqueOrientation(), .tiltDegrees = -12, .uneven = true}};
    for (const auto& options : cases) {
        TemporaryFolder folder;
        const auto phantom = writeDicomPhantom(folder.path(), options);
        ASSERT_TRUE(phantom);
        const Series series = onlySeries(folder.path());
        ASSERT_TRUE(series.geometry);
        EXPECT_TRUE(series.geometry->sameGrid(phantom->volume->geometry(), 1e-6));
        const auto volume = loaded(series);
        ASSERT_TRUE(volume);
        expectSameVoxels(*volume, *phantom->volume);
    }
}

TEST(Health, RegularSeries_IsSound)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder.path()));
    const HealthReport health = onlySeries(folder.path()).health;
    EXPECT_EQ(health.level(), HealthLevel::ok);
    EXPECT_EQ(health.badge(), "Sound");
    ASSERT_NE(health.find(HealthKind::missingSlices), nullptr);
    EXPECT_EQ(health.find(HealthKind::missingSlices)->detail, "20 / 20");
    EXPECT_EQ(health.find(HealthKind::gantryTilt), nullptr);
    ASSERT_NE(health.find(HealthKind::oblique), nullptr);
    EXPECT_EQ(health.find(HealthKind::oblique)->detail, "L P S");
    ASSERT_NE(health.find(HealthKind::noFrameOfReference), nullptr);
    EXPECT_EQ(health.find(HealthKind::noFrameOfReference)->level, HealthLevel::ok);
}

TEST(Health, MissingSlices_AreCounted)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder.path(), {.missing = {4, 11}}));
    const HealthReport health = onlySeries(folder.path()).health;
    EXPECT_EQ(health.badge(), "2 slices missing");
    EXPECT_EQ(health.find(HealthKind::missingSlices)->detail, "18 / 20");
}

TEST(Health, UnevenSlices_AreAWarning)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder.path(), {.uneven = true}));
    const HealthReport health = onlySeries(folder.path()).health;
    ASSERT_NE(health.find(HealthKind::unevenSlices), nullptr);
    EXPECT_EQ(health.find(HealthKind::unevenSlices)->level, HealthLevel::warning);
    EXPECT_EQ(health.find(HealthKind::unevenSlices)->detail, "1.50 to 4.50 mm");
}

TEST(Health, TiltAndObliqueness_AreNamedWithTheirAngle)
{
    TemporaryFolder tilted;
    ASSERT_TRUE(writeDicomPhantom(tilted.path(), {.tiltDegrees = 18.5}));
    const auto tilt = onlySeries(tilted.path()).health;
    ASSERT_NE(tilt.find(HealthKind::gantryTilt), nullptr);
    EXPECT_EQ(tilt.find(HealthKind::gantryTilt)->detail, "18.5°");
    EXPECT_EQ(tilt.find(HealthKind::oblique), nullptr);
    TemporaryFolder oblique;
    ASSERT_TRUE(writeDicomPhantom(oblique.path(), {.orientation = obliqueOrientation()}));
    const auto turned = onlySeries(oblique.path()).health;
    ASSERT_NE(turned.find(HealthKind::oblique), nullptr);
    EXPECT_EQ(turned.find(HealthKind::oblique)->level, HealthLevel::note);
}

TEST(Health, RepeatedSlices_AreAWarningAndNothingIsLost)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder.path(), {.repeated = {5, 6}}));
    const auto parts = allSeries(scanned({folder.path()}));
    ASSERT_EQ(parts.size(), 2U);
    EXPECT_EQ(parts[0].instances.size(), 20U);
    EXPECT_EQ(parts[1].instances.size(), 2U);
    ASSERT_NE(parts[0].health.find(HealthKind::duplicateSlices), nullptr);
    EXPECT_EQ(parts[0].health.badge(), "2 positions more than once");
}

TEST(Health, CopiedFile_IsReadOnce)
{
    TemporaryFolder folder;
    const auto phantom = writeDicomPhantom(folder.path(), {.size = {8, 8, 4}});
    ASSERT_TRUE(phantom);
    std::filesystem::copy_file(phantom->files.front(), folder / "copy.dcm");
    const Series series = onlySeries(folder.path());
    EXPECT_EQ(series.instances.size(), 4U);
    ASSERT_NE(series.health.find(HealthKind::duplicateSlices), nullptr);
    EXPECT_EQ(series.health.find(HealthKind::duplicateSlices)->text, "1 file twice, read once");
}

TEST(Health, NoFrameOfReference_IsNoted)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder.path(), {.size = {8, 8, 3}, .frameOfReference = false}));
    const Series series = onlySeries(folder.path());
    EXPECT_TRUE(series.frameOfReferenceUid.empty());
    ASSERT_NE(series.health.find(HealthKind::noFrameOfReference), nullptr);
    EXPECT_EQ(series.health.find(HealthKind::noFrameOfReference)->level, HealthLevel::note);
}

TEST(Health, LocalizerAndBurntInText_AreNamed)
{
    TemporaryFolder folder;
    DicomPhantomOptions options{.size = {8, 8, 3}};
    options.texts.imageType = "ORIGINAL\\PRIMARY\\LOCALIZER";
    options.edits = {{0x0028, 0x0301, "YES"}};
    ASSERT_TRUE(writeDicomPhantom(folder.path(), options));
    const HealthReport health = onlySeries(folder.path()).health;
    EXPECT_NE(health.find(HealthKind::localizer), nullptr);
    EXPECT_NE(health.find(HealthKind::burntInText), nullptr);
    EXPECT_EQ(health.level(), HealthLevel::warning);
}

TEST(Split, TwoOrientationsInOneSeries_BecomeTwoAndSaySo)
{
    TemporaryFolder folder;
    const auto orientations = axisAlignedOrientations();
    ASSERT_TRUE(writeDicomPhantom(folder.path(), {.size = {8, 8, 3}, .fileNameStart = "a"}));
    // same UIDs but for the instances
    const auto second = phantomVolume({.size = {8, 8, 3}, .orientation = orientations[5]});
    std::vector<InstancePlan> plan;
    for (int k = 0; k < 3; ++k) {
        plan.push_back({.slice = k, .instanceNumber = 100 + k, .fileName = "b" + std::to_string(k), .edits = {}});
    }
    ASSERT_TRUE(writeDicomSeries(*second, {.uidSeed = "phantom", .modality = "CT"}, folder.path(), plan));
    const auto parts = allSeries(scanned({folder.path()}));
    ASSERT_EQ(parts.size(), 2U);
    EXPECT_NE(parts[0].splitKey, parts[1].splitKey);
    EXPECT_NE(parts[0].health.find(HealthKind::mixedOrientations), nullptr);
}

namespace {

/// Two volumes on the same positions in one series, told apart by one attribute.
std::vector<Series> twoVolumes(const std::filesystem::path& folder, const std::vector<AttributeEdit>& first,
                               const std::vector<AttributeEdit>& second)
{
    const auto volume = phantomVolume({.modality = "MR", .size = {8, 8, 4}});
    std::vector<InstancePlan> plan;
    for (int k = 0; k < 4; ++k) {
        plan.push_back({.slice = k, .instanceNumber = 2 * k + 1, .fileName = "a" + std::to_string(k), .edits = second});
        plan.push_back({.slice = k, .instanceNumber = 2 * k + 2, .fileName = "b" + std::to_string(k), .edits = first});
    }
    EXPECT_TRUE(writeDicomSeries(*volume, {.uidSeed = "two"}, folder, plan));
    return allSeries(scanned({folder}));
}

} // namespace

TEST(Split, RepeatedPositions_AreToldApartByTheFirstAttributeThatDoes)
{
    const struct {
        std::vector<AttributeEdit> first;
        std::vector<AttributeEdit> second;
        std::string firstKey;
    } cases[] = {
        {{{0x0020, 0x0100, "1"}, {0x0018, 0x0086, "9"}}, {{0x0020, 0x0100, "2"}, {0x0018, 0x0086, "8"}}, "time 1"},
        {{{0x0018, 0x0086, "1"}}, {{0x0018, 0x0086, "2"}}, "echo 1"},
        {{{0x0018, 0x9087, "0"}}, {{0x0018, 0x9087, "1000"}}, "b-value 0"},
        {{{0x0020, 0x0012, "3"}}, {{0x0020, 0x0012, "4"}}, "acquisition 3"},
        {{{0x0008, 0x0032, "101500"}}, {{0x0008, 0x0032, "101600"}}, "time 101500"},
    };
    for (const auto& [first, second, firstKey] : cases) {
        SCOPED_TRACE(firstKey);
        TemporaryFolder folder;
        const auto parts = twoVolumes(folder.path(), first, second);
        ASSERT_EQ(parts.size(), 2U);
        EXPECT_EQ(parts[0].splitKey, firstKey);
        EXPECT_EQ(parts[0].instances.size(), 4U);
        EXPECT_EQ(parts[0].instances.front().file.filename().string()[0], 'b');
        EXPECT_EQ(parts[1].instances.front().file.filename().string()[0], 'a');
        EXPECT_EQ(parts[0].health.find(HealthKind::duplicateSlices), nullptr);
    }
}

TEST(Split, AttributeThatDiffersWithoutRepeats_DoesNotSplit)
{
    TemporaryFolder folder;
    const auto volume = phantomVolume({.modality = "MR", .size = {8, 8, 4}});
    std::vector<InstancePlan> plan;
    for (int k = 0; k < 4; ++k) {
        plan.push_back({.slice = k,
                        .instanceNumber = k + 1,
                        .fileName = std::to_string(k),
                        .edits = {{0x0020, 0x0012, std::to_string(k + 1)}}});
    }
    ASSERT_TRUE(writeDicomSeries(*volume, {.uidSeed = "one"}, folder.path(), plan));
    EXPECT_EQ(onlySeries(folder.path()).instances.size(), 4U);
}

TEST(Split, EmptySeriesUids_FallBackToTheFolder)
{
    TemporaryFolder folder;
    const std::vector<AttributeEdit> empty{{0x0020, 0x000d, ""}, {0x0020, 0x000e, ""}, {0x0008, 0x0018, ""}};
    ASSERT_TRUE(writeDicomPhantom(folder / "one", {.size = {8, 8, 3}, .edits = empty}));
    ASSERT_TRUE(writeDicomPhantom(folder / "two", {.size = {8, 8, 4}, .edits = empty}));
    const auto result = scanned({folder.path()});
    ASSERT_EQ(result.studies.size(), 2U);
    EXPECT_EQ(result.studies[0].series.front().instances.size(), 3U);
    EXPECT_EQ(result.studies[1].series.front().instances.size(), 4U);
    EXPECT_TRUE(result.studies[0].series.front().uid.empty());
}

TEST(Load, MiddleSlicesComeFirstWithProgress)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder.path(), {.size = {8, 8, 9}}));
    const Series series = onlySeries(folder.path());
    std::shared_ptr<const Volume> early;
    std::vector<std::size_t> steps;
    bool middleFirst = false;
    LoadOptions options;
    options.threads = 1;
    options.allocated = [&](std::shared_ptr<const Volume> volume) {
        early = std::move(volume);
        EXPECT_EQ(early->loadedCount(), 0);
    };
    options.progress = [&](Progress progress) {
        steps.push_back(progress.done);
        middleFirst = middleFirst || (progress.done == 1 && early->isLoaded(4));
    };
    const auto volume = loadVolume(series, options);
    ASSERT_TRUE(volume);
    EXPECT_EQ(early, *volume);
    EXPECT_TRUE(middleFirst);
    EXPECT_EQ(steps.size(), 9U);
    EXPECT_TRUE((*volume)->isComplete());
}

TEST(Load, StopRequest_EndsWithCancelled)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder.path(), {.size = {8, 8, 9}}));
    std::stop_source stop;
    LoadOptions options;
    options.threads = 1;
    options.stop = stop.get_token();
    options.progress = [&](Progress) { stop.request_stop(); };
    const auto volume = loadVolume(onlySeries(folder.path()), options);
    ASSERT_FALSE(volume);
    EXPECT_EQ(volume.error().code, ErrorCode::cancelled);
}

TEST(Load, VanishedSlice_IsReportedAndTheOthersStay)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder.path(), {.size = {8, 8, 5}}));
    const Series series = onlySeries(folder.path());
    std::filesystem::remove(series.instances[3].file);
    LoadOptions options;
    std::vector<int> failed;
    options.sliceFailed = [&](int k, const Error& error) {
        failed.push_back(k);
        EXPECT_EQ(error.code, ErrorCode::notFound);
    };
    const auto volume = loadVolume(series, options);
    ASSERT_TRUE(volume);
    EXPECT_EQ(failed, std::vector<int>{3});
    EXPECT_FALSE((*volume)->isLoaded(3));
    EXPECT_EQ((*volume)->loadedCount(), 4);
    EXPECT_FALSE(loadVolume(series)) << "without a callback a missing slice is an error";
}

TEST(Load, SeriesThatFitsNoVolume_IsRefused)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder / "a", {.size = {8, 8, 2}}));
    ASSERT_TRUE(writeDicomPhantom(folder / "b", {.size = {9, 8, 2}}));
    Series mixed = onlySeries(folder / "a");
    mixed.instances.push_back(onlySeries(folder / "b").instances.front());
    EXPECT_EQ(loadVolume(mixed).error().code, ErrorCode::geometryMismatch);
    EXPECT_EQ(loadVolume(Series{}).error().code, ErrorCode::emptyInput);
    Series beyond = onlySeries(folder / "a");
    beyond.instances.front().stored.reset();
    beyond.instances.front().frame = 5;
    EXPECT_EQ(loadVolume(beyond).error().code, ErrorCode::outOfRange);
}

TEST(Scan, NonsenseInMillimetres_IsNotBelieved)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(
        folder.path(), {.size = {8, 8, 1}, .edits = {{0x0020, 0x0032, "1e300\\0\\0"}, {0x0028, 0x0030, "1e-300\\1"}}}));
    const Series series = onlySeries(folder.path());
    ASSERT_TRUE(series.geometry);
    EXPECT_FALSE(series.geometry->placedInPatient());
    EXPECT_EQ(series.geometry->spacingSource(), SpacingSource::none);
    EXPECT_TRUE(makeThumbnail(series));
}

TEST(Load, SeriesMadeByHand_IsReadWithoutAScan)
{
    TemporaryFolder folder;
    const auto phantom = writeDicomPhantom(folder.path(), {.size = {8, 8, 3}, .shuffledFiles = false});
    ASSERT_TRUE(phantom);
    Series series = onlySeries(folder.path());
    for (auto& instance : series.instances) {
        instance.stored.reset();
    }
    const auto volume = loaded(series);
    ASSERT_TRUE(volume);
    expectSameVoxels(*volume, *phantom->volume);
}

TEST(Load, PerSliceRescaleWindowAndMonochrome1_AreKept)
{
    TemporaryFolder folder;
    const auto volume = phantomVolume({.modality = "MR", .size = {8, 8, 2}, .monochrome1 = true});
    const std::vector<InstancePlan> plan{
        {.slice = 0, .instanceNumber = 1, .fileName = "a", .edits = {{0x0028, 0x1052, "5"}, {0x0028, 0x1053, "2"}}},
        {.slice = 1, .instanceNumber = 2, .fileName = "b", .edits = {{0x0028, 0x1052, "0"}, {0x0028, 0x1053, "3"}}}};
    ASSERT_TRUE(writeDicomSeries(*volume, {.uidSeed = "rescaled"}, folder.path(), plan));
    const auto read = loaded(onlySeries(folder.path()));
    ASSERT_TRUE(read);
    const double stored = volume->storedValue({4, 4, 0});
    EXPECT_EQ(read->storedValue({4, 4, 0}), stored);
    EXPECT_EQ(read->value({4, 4, 0}), 2 * stored + 5);
    EXPECT_EQ(read->value({4, 4, 1}), 3 * volume->storedValue({4, 4, 1}));
    EXPECT_TRUE(read->description().inverted);
    EXPECT_EQ(read->defaultWindow(), (WindowLevel{.width = 800, .level = 300}));
}

TEST(Load, SpacingSources_AreNamed)
{
    const struct {
        std::vector<AttributeEdit> edits;
        SpacingSource source;
        double spacingI;
    } cases[] = {
        {{}, SpacingSource::pixelSpacing, 2.0},
        {{{0x0028, 0x0030, std::nullopt}, {0x0018, 0x1164, "0.5\\0.25"}}, SpacingSource::imagerPixelSpacing, 0.25},
        {{{0x0028, 0x0030, std::nullopt}}, SpacingSource::none, 1.0}};
    for (const auto& [edits, source, spacingI] : cases) {
        TemporaryFolder folder;
        ASSERT_TRUE(writeDicomPhantom(folder.path(), {.size = {8, 8, 1}, .edits = edits}));
        const Series series = onlySeries(folder.path());
        ASSERT_TRUE(series.geometry);
        EXPECT_EQ(series.geometry->spacingSource(), source);
        EXPECT_EQ(series.geometry->spacingI(), spacingI);
        EXPECT_EQ(series.health.find(HealthKind::noSpacing) != nullptr, source != SpacingSource::pixelSpacing);
    }
}

TEST(Thumbnail, IsSmallAndInTrueProportions)
{
    TemporaryFolder folder;
    ASSERT_TRUE(writeDicomPhantom(folder.path(), {.size = {64, 64, 3}, .spacing = {1, 2, 3}}));
    const Series series = onlySeries(folder.path());
    const auto thumbnail = makeThumbnail(series, 32);
    ASSERT_TRUE(thumbnail);
    EXPECT_EQ(thumbnail->width, 16);
    EXPECT_EQ(thumbnail->height, 32);
    EXPECT_EQ(thumbnail->pixels.size(), 16U * 32U);
    EXPECT_FALSE(makeThumbnail(series, 0));
}

// --- real files

TEST(RealCases, GeGantryTilt_SplitsByImageTypeAndKeepsTheTilt)
{
    ICMOE_CASE(folder, "ct_head_ge_gantry_tilt");
    const auto parts = allSeries(scanned({folder}));
    ASSERT_EQ(parts.size(), 2U);
    EXPECT_EQ(parts[0].instances.size() + parts[1].instances.size(), 7U);
    for (const auto& part : parts) {
        ASSERT_TRUE(part.geometry);
        EXPECT_NEAR(part.geometry->tiltDegrees(), 18.5, 0.05);
        ASSERT_NE(part.health.find(HealthKind::gantryTilt), nullptr);
        EXPECT_TRUE(loaded(part));
    }
}

TEST(RealCases, Jpeg2000WithoutUids_IsOneSeriesOfTenSlices)
{
    ICMOE_CASE(folder, "ct_torso_jpeg2000");
    const auto series = dicomSeries(scanned({folder}));
    ASSERT_EQ(series.size(), 1U);
    EXPECT_EQ(series[0].instances.size(), 10U);
    EXPECT_TRUE(series[0].uid.empty());
    EXPECT_FALSE(series[0].instances[0].sopInstanceUid.empty()); // of the meta header
    const auto volume = loaded(series[0]);
    ASSERT_TRUE(volume);
    EXPECT_TRUE(volume->isComplete());
    EXPECT_EQ(volume->description().unit, "HU");
}

TEST(RealCases, SegmentationsBesidePictures_AreListedApart)
{
    ICMOE_CASE(folder, "ct_liver_with_seg");
    const auto result = scanned({folder});
    ASSERT_EQ(allSeries(result).size(), 1U);
    EXPECT_EQ(allSeries(result)[0].instances.size(), 3U);
    EXPECT_EQ(result.segmentations.size(), 2U);
    EXPECT_TRUE(result.refusals.empty());
}

TEST(RealCases, TwoTimePointsWithoutTemporalIndex_BecomeTwoVolumes)
{
    ICMOE_CASE(folder, "mr_epi_two_time_points_ge");
    const auto parts = allSeries(scanned({folder}));
    ASSERT_EQ(parts.size(), 2U);
    EXPECT_EQ(parts[0].instances.size(), 15U);
    EXPECT_EQ(parts[1].instances.size(), 15U);
    EXPECT_LT(parts[0].instances[3].instanceNumber, parts[1].instances[3].instanceNumber);
    EXPECT_EQ(parts[0].instances[3].position, parts[1].instances[3].position);
}

TEST(RealCases, EnhancedMultiFrame_ReadsFunctionalGroups)
{
    ICMOE_CASE(folder, "mr_enhanced_multiframe");
    const auto parts = allSeries(scanned({folder}));
    ASSERT_EQ(parts.size(), 4U);
    std::size_t siemens = 0;
    std::size_t philips = 0;
    for (const auto& part : parts) {
        ASSERT_TRUE(part.geometry);
        EXPECT_TRUE(part.geometry->placedInPatient());
        const auto volume = loaded(part);
        ASSERT_TRUE(volume);
        siemens += part.instances.size() == 6 ? 1 : 0;
        philips += part.instances.size() == 32 ? 1 : 0;
        if (part.splitKey.find("FIELD_MAP") != std::string::npos) {
            EXPECT_NE(volume->rescale(0).intercept, 0); // the field map is signed by its rescale
        }
    }
    EXPECT_EQ(siemens, 2U);
    EXPECT_EQ(philips, 2U);
}

TEST(RealCases, SagittalLyingOnTheLeftSide_IsSagittal)
{
    ICMOE_CASE(folder, "mr_t1_sagittal_lying_on_left_side");
    const auto series = allSeries(scanned({folder}));
    ASSERT_EQ(series.size(), 1U);
    ASSERT_TRUE(series[0].geometry);
    EXPECT_EQ(acquisitionPlaneName(*series[0].geometry), Plane::sagittal);
    EXPECT_EQ(series[0].instances.size(), 6U);
    EXPECT_TRUE(loaded(series[0]));
}

TEST(RealCases, OnePictureInManySyntaxes_DecodesEqually)
{
    ICMOE_CASE(folder, "one_picture_many_syntaxes");
    const auto volumeOf = [&](const std::string& file) { return loaded(onlySeries(folder / file)); };
    const auto reference = volumeOf("ct_implicit_le.dcm");
    ASSERT_TRUE(reference);
    for (const auto& [file, tolerance] :
         {std::pair{"ct_jpeg2000_lossless.dcm", 0}, std::pair{"ct_jpeg_lossless_sv1.dcm", 0},
          std::pair{"ct_jpegls_lossless.dcm", 0}, std::pair{"ct_jpegls_near_lossless.dcm", 1},
          std::pair{"ct_jpeg2000.dcm", 5}}) {
        SCOPED_TRACE(file);
        const auto volume = volumeOf(file);
        ASSERT_TRUE(volume);
        double most = 0;
        for (int j = 0; j < volume->size().height; ++j) {
            for (int i = 0; i < volume->size().width; ++i) {
                most = std::max(most, std::abs(volume->storedValue({i, j, 0}) - reference->storedValue({i, j, 0})));
            }
        }
        EXPECT_LE(most, tolerance);
    }
    // One pattern as palette, RGB and YBR: the same colours, lossless ones exactly.
    const auto palette = volumeOf("pattern_palette.dcm");
    const auto ybr = volumeOf("pattern_jpeg_ybr422.dcm");
    ASSERT_TRUE(palette && ybr);
    EXPECT_TRUE(palette->isColour());
    EXPECT_TRUE(ybr->isColour());
}
