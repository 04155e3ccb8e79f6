#include "FaultVfs.h"
#include "StoreModel.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <sqlite3.h>
#include <unistd.h>

namespace icmoe::test {
namespace {

constexpr unsigned kSeed = 20261122;

/// In memory where the machine has such a folder: the faults are made, no disk has to wait for them.
class QuickFolder {
public:
    QuickFolder()
    {
        std::string pattern = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/icmoe-test-XXXXXX"
                                                              : std::filesystem::temp_directory_path() / "icmoe-XXXXXX";
        m_path = ::mkdtemp(pattern.data());
    }
    ~QuickFolder() { std::filesystem::remove_all(m_path); }
    QuickFolder(const QuickFolder&) = delete;
    QuickFolder& operator=(const QuickFolder&) = delete;
    [[nodiscard]] std::filesystem::path file() const { return m_path / "annotations.sqlite"; }
    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

private:
    std::filesystem::path m_path;
};

/// What a scenario acknowledged, and the one operation that failed and may be there or not.
struct Acknowledged {
    bool series = false;
    StoreModel model;
    std::optional<StoreOperation> unsure;
    std::size_t failures = 0;
    std::size_t successesAfterwards = 0;
};

/// Opens a store and does `count` operations; goes on after failures, and expects each to say what it should.
Acknowledged runScenario(const std::filesystem::path& file, const FaultVfs& vfs, int count, ErrorCode expected)
{
    Acknowledged acknowledged;
    auto store = AnnotationStore::open(file, {.readOnly = false, .checkIntegrity = true, .vfs = vfs.name()});
    const auto fails = [&](const Error& error) {
        EXPECT_TRUE(vfs.hasFailed()) << error.oneLine();
        EXPECT_EQ(error.code, expected) << error.oneLine();
        EXPECT_FALSE(error.hint.empty());
        ++acknowledged.failures;
    };
    if (!store) {
        fails(store.error());
        return acknowledged;
    }
    auto series = (*store)->openSeries(someSeries());
    if (!series) {
        fails(series.error());
        series = (*store)->openSeries(someSeries());
        if (!series) {
            return acknowledged;
        }
    }
    acknowledged.series = true;
    std::mt19937 random(kSeed);
    for (int i = 0; i < count; ++i) {
        const StoreOperation operation = acknowledged.model.next(random, "step " + std::to_string(i));
        const Status done = perform(**store, *series, operation);
        if (done) {
            acknowledged.model.apply(operation);
            acknowledged.successesAfterwards += acknowledged.failures > 0 ? 1 : 0;
            EXPECT_TRUE(vfs.hasFailed() || vfs.unflushed().empty());
            continue;
        }
        fails(done.error());
        if (acknowledged.failures > 2) {
            break; // it stays broken
        }
        // An error while the journal is closed leaves open whether the step is there: look, as the window does.
        StoreModel with = acknowledged.model;
        with.apply(operation);
        if (with.difference(**store, *series).empty()) {
            acknowledged.model = with;
        } else if (const std::string difference = acknowledged.model.difference(**store, *series);
                   !difference.empty()) {
            acknowledged.unsure = operation; // not even reading works
            break;
        }
    }
    return acknowledged;
}

/// The database holds what was acknowledged, or that and the operation that is unsure.
void expectNothingLost(const std::filesystem::path& file, const Acknowledged& acknowledged)
{
    const auto store = AnnotationStore::open(file);
    ASSERT_TRUE(store) << store.error().oneLine();
    const Status sound = (*store)->verify();
    ASSERT_TRUE(sound) << sound.error().oneLine();
    const auto found = valueOf((*store)->findSeries(someSeries().seriesUid));
    if (!acknowledged.series) {
        EXPECT_TRUE((*store)->openSeries(someSeries())) << "it can be used";
        return;
    }
    ASSERT_TRUE(found);
    std::string difference = acknowledged.model.difference(**store, found->key);
    if (!difference.empty() && acknowledged.unsure) {
        StoreModel with = acknowledged.model;
        with.apply(*acknowledged.unsure);
        difference = with.difference(**store, found->key);
    }
    EXPECT_EQ(difference, "");
}

TEST(Durability, EveryChange_IsFlushedBeforeItIsAcknowledged)
{
    const QuickFolder folder;
    const FaultVfs vfs("icmoe-flushes");
    auto store = openStore(folder.file(), {.readOnly = false, .checkIntegrity = true, .vfs = vfs.name()});
    const auto flushed = [&](const char* what) {
        const auto open = vfs.unflushed();
        EXPECT_TRUE(open.empty()) << what << ": " << (open.empty() ? "" : open.front());
    };
    flushed("opening");
    const SeriesKey series = valueOf(store->openSeries(someSeries()));
    flushed("adding a series");
    StoreModel model;
    std::mt19937 random(kSeed);
    for (int i = 0; i < 60; ++i) {
        const StoreOperation operation = model.next(random, "step " + std::to_string(i));
        const std::size_t before = vfs.operations().size();
        ASSERT_TRUE(perform(*store, series, operation));
        model.apply(operation);
        flushed("a step");
        EXPECT_GT(vfs.operations().size(), before);
    }
    ASSERT_TRUE(store->saveViewState(series, {}));
    flushed("the view");
    store.reset();
    EXPECT_FALSE(std::filesystem::exists(folder.file().string() + "-journal"));
    EXPECT_EQ(vfs.operations().back().kind, FaultVfs::Kind::remove);
    EXPECT_TRUE(vfs.operations().back().flushesFolder) << "what synchronous=EXTRA adds";
    flushed("closing");
}

TEST(Durability, OneStep_FlushesJournalThenDatabaseThenTheEndOfTheJournal)
{
    const QuickFolder folder;
    const FaultVfs vfs("icmoe-order");
    const auto store = openStore(folder.file(), {.readOnly = false, .checkIntegrity = true, .vfs = vfs.name()});
    const SeriesKey series = valueOf(store->openSeries(someSeries()));
    using Kind = FaultVfs::Kind;
    const auto& all = vfs.operations();
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const auto& operation) {
        return operation.kind == Kind::sync && operation.onJournal() && operation.flushesFolder;
    })) << "the journal's name is on the disk too";
    Segmentation now(kSize);
    const std::size_t first = all.size();
    ASSERT_TRUE(store->append(series, paintStep(now, 1, 3, disc(9, 9), "Brushed")));
    const std::vector<FaultVfs::Operation> step(all.begin() + static_cast<std::ptrdiff_t>(first), all.end());
    const auto index = [&](auto matches, bool last) {
        std::ptrdiff_t found = -1;
        for (std::size_t i = 0; i < step.size(); ++i) {
            if (matches(step[i]) && (last || found < 0)) {
                found = static_cast<std::ptrdiff_t>(i);
            }
        }
        return found;
    };
    const auto journalEnds = [](const auto& o) { return o.onJournal() && o.kind == Kind::write && o.zeroesHeader; };
    const auto writesDatabase = [](const auto& o) { return !o.onJournal() && o.kind == Kind::write; };
    const auto ends = index(journalEnds, true);
    const auto firstWrite = index(writesDatabase, false);
    const auto lastWrite = index(writesDatabase, true);
    ASSERT_GE(firstWrite, 0);
    ASSERT_GT(ends, lastWrite) << "the commit comes after the last page";
    const auto flushes = [&](bool journal, std::ptrdiff_t from, std::ptrdiff_t to) {
        return std::any_of(step.begin() + from, step.begin() + to,
                           [&](const auto& o) { return o.kind == Kind::sync && o.onJournal() == journal; });
    };
    EXPECT_EQ(std::count_if(step.begin(), step.begin() + firstWrite,
                            [](const auto& o) { return o.kind == Kind::sync && o.onJournal(); }),
              2)
        << "the old pages, then their number, are safe before the first new one is written";
    EXPECT_TRUE(flushes(false, lastWrite, ends)) << "the new pages are safe before the old ones are given up";
    EXPECT_TRUE(flushes(true, ends, static_cast<std::ptrdiff_t>(step.size())))
        << "and that is safe before append returns";
}

TEST(Durability, UnflushedWrites_AreNoticedByTheVfs)
{
    const QuickFolder folder;
    const FaultVfs vfs("icmoe-control");
    sqlite3* database = nullptr;
    ASSERT_EQ(
        sqlite3_open_v2(folder.file().c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "icmoe-control"),
        SQLITE_OK);
    sqlite3_exec(database, "PRAGMA synchronous = OFF; CREATE TABLE t (a); INSERT INTO t VALUES (1)", nullptr, nullptr,
                 nullptr);
    EXPECT_FALSE(vfs.unflushed().empty()) << "else the tests above would prove nothing";
    sqlite3_close(database);
}

class FailingDisk : public ::testing::TestWithParam<std::pair<FaultVfs::Fault, ErrorCode>> {};

TEST_P(FailingDisk, AtEveryOperation_NothingAcknowledgedIsLost)
{
    constexpr int kOperations = 5;
    const auto [fault, code] = GetParam();
    std::size_t runs = 0;
    for (std::size_t n = 0;; ++n) {
        const QuickFolder folder;
        FaultVfs vfs("icmoe-faults");
        vfs.failAt(n, fault);
        const Acknowledged acknowledged = runScenario(folder.file(), vfs, kOperations, code);
        if (!vfs.hasFailed()) {
            break; // the scenario ends before
        }
        const bool lasts = fault == FaultVfs::Fault::staysFull || fault == FaultVfs::Fault::staysBroken;
        EXPECT_TRUE(lasts || acknowledged.failures <= 1) << "one failure breaks one step, not the connection";
        expectNothingLost(folder.file(), acknowledged);
        ++runs;
        ASSERT_FALSE(HasFailure()) << "at operation " << n << " on " << vfs.operations().at(n).file;
    }
    std::cout << runs << " places to fail\n";
    EXPECT_GT(runs, 100U);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, FailingDisk,
                         ::testing::Values(std::pair(FaultVfs::Fault::diskFull, ErrorCode::diskFull),
                                           std::pair(FaultVfs::Fault::staysFull, ErrorCode::diskFull),
                                           std::pair(FaultVfs::Fault::ioError, ErrorCode::databaseFailed),
                                           std::pair(FaultVfs::Fault::staysBroken, ErrorCode::databaseFailed)));

TEST(Durability, PowerCutAtEveryOperation_LosesNothingAcknowledged)
{
    constexpr int kOperations = 5;
    constexpr int kChances = 3;
    std::mt19937 chance(kSeed);
    std::size_t cuts = 0;
    for (std::size_t n = 0;; ++n) {
        const QuickFolder folder;
        FaultVfs vfs("icmoe-cuts");
        vfs.failAt(n, FaultVfs::Fault::staysBroken); // nothing gets to the disk from here on
        const Acknowledged acknowledged = runScenario(folder.file(), vfs, kOperations, ErrorCode::databaseFailed);
        if (!vfs.hasFailed()) {
            break;
        }
        for (int i = 0; i < kChances; ++i) {
            const QuickFolder after;
            vfs.copyAfterPowerCut(after.path(), chance);
            expectNothingLost(after.file(), acknowledged);
            ++cuts;
        }
        ASSERT_FALSE(HasFailure()) << "at operation " << n;
    }
    std::cout << cuts << " power cuts, seed " << kSeed << "\n";
    EXPECT_GT(cuts, 400U);
}

TEST(Durability, DiskFull_SaysSoAndGoesOnOnceThereIsSpace)
{
    const QuickFolder folder;
    FaultVfs vfs("icmoe-full");
    const auto store = openStore(folder.file(), {.readOnly = false, .checkIntegrity = true, .vfs = vfs.name()});
    const SeriesKey series = valueOf(store->openSeries(someSeries()));
    Segmentation now(kSize);
    ASSERT_TRUE(store->append(series, paintStep(now, 1, 3, disc(9, 9), "Stored")));
    Segmentation attempted = now;
    const StepRecord step = paintStep(attempted, 1, 4, disc(9, 9), "Later");
    vfs.failAt(vfs.operations().size(), FaultVfs::Fault::diskFull);
    const auto full = store->append(series, step);
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, ErrorCode::diskFull);
    EXPECT_EQ(full.error().where, folder.file().string());
    EXPECT_EQ(valueOf(store->load(series)), now);
    ASSERT_TRUE(store->append(series, step));
    EXPECT_EQ(valueOf(store->load(series)), attempted);
    EXPECT_TRUE(store->verify());
}

TEST(Durability, MigrationFailingAnywhere_LeavesTheOldDatabaseOrTheNewOne)
{
    const QuickFolder made;
    std::ifstream script(std::filesystem::path(ICMOE_TEST_DATA) / "store" / "version1.sql");
    ASSERT_TRUE(script) << "the dump of a version 1 database";
    tamper(made.file(), std::string(std::istreambuf_iterator<char>(script), {}));
    std::size_t runs = 0;
    for (std::size_t n = 0;; ++n) {
        const QuickFolder folder;
        std::filesystem::copy_file(made.file(), folder.file());
        {
            FaultVfs vfs("icmoe-migration");
            vfs.failAt(n, n % 2 == 0 ? FaultVfs::Fault::staysFull : FaultVfs::Fault::staysBroken);
            const auto store =
                AnnotationStore::open(folder.file(), {.readOnly = false, .checkIntegrity = true, .vfs = vfs.name()});
            if (!vfs.hasFailed()) {
                break;
            }
            if (!store) {
                EXPECT_EQ(store.error().code, n % 2 == 0 ? ErrorCode::diskFull : ErrorCode::databaseFailed);
            }
        }
        const auto store = AnnotationStore::open(folder.file());
        ASSERT_TRUE(store) << store.error().oneLine();
        ASSERT_TRUE((*store)->verify());
        ++runs;
    }
    EXPECT_GT(runs, 5U);
}

} // namespace
} // namespace icmoe::test
