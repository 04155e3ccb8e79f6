#include "StoreFixture.h"
#include "core/store/StoreThread.h"

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <set>
#include <thread>

namespace icmoe::test {
namespace {

/// What the window's event loop is for the store thread: functions wait here until the test runs them.
class Loop {
public:
    [[nodiscard]] Post post()
    {
        return [this](std::function<void()> function) {
            const std::lock_guard lock(m_mutex);
            m_functions.push_back(std::move(function));
            m_changed.notify_all();
        };
    }
    /// Runs what is posted until `done` says so; false after a generous limit.
    template<typename Done>
    bool runUntil(const Done& done)
    {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!done()) {
            std::function<void()> function;
            {
                std::unique_lock lock(m_mutex);
                if (!m_changed.wait_until(lock, end, [this] { return !m_functions.empty(); })) {
                    return false;
                }
                function = std::move(m_functions.front());
                m_functions.erase(m_functions.begin());
            }
            function();
        }
        return true;
    }
    /// Runs what is there now.
    void runAll()
    {
        std::vector<std::function<void()>> functions;
        {
            const std::lock_guard lock(m_mutex);
            functions.swap(m_functions);
        }
        for (const auto& function : functions) {
            function();
        }
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::vector<std::function<void()>> m_functions;
};

class StoreThreadTest : public ::testing::Test {
protected:
    TemporaryFolder m_folder;
    std::filesystem::path m_file = m_folder / "annotations.sqlite";
    Loop m_loop; // outlives every thread that posts to it
};

TEST_F(StoreThreadTest, Open_IsToldOnTheLoop)
{
    std::optional<Status> opened;
    StoreThread thread(m_file, {}, m_loop.post(), [&](Status status) { opened = std::move(status); });
    ASSERT_TRUE(m_loop.runUntil([&] { return opened.has_value(); }));
    EXPECT_TRUE(*opened);
    EXPECT_TRUE(std::filesystem::exists(m_file));
}

TEST_F(StoreThreadTest, Jobs_RunInOrderOnOneThreadAndAnswerOnTheLoop)
{
    constexpr int kJobs = 50;
    std::vector<int> ran; // by the store thread only
    std::set<std::thread::id> threads;
    std::vector<int> answered; // by the loop only
    StoreThread thread(m_file, {}, m_loop.post(), {});
    for (int i = 0; i < kJobs; ++i) {
        thread.run([&, i](AnnotationStore&) -> StoreThread::Continuation {
            ran.push_back(i);
            threads.insert(std::this_thread::get_id());
            return [&, i] { answered.push_back(i); };
        });
    }
    ASSERT_TRUE(m_loop.runUntil([&] { return answered.size() == kJobs; }));
    EXPECT_TRUE(std::is_sorted(answered.begin(), answered.end()));
    EXPECT_EQ(ran, answered);
    EXPECT_EQ(threads.size(), 1U);
    EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST_F(StoreThreadTest, Run_WhileAJobIsBusy_DoesNotWait)
{
    std::promise<void> mayGoOn;
    std::promise<void> hasBegun;
    int answers = 0;
    StoreThread thread(m_file, {}, m_loop.post(), {});
    thread.run([&](AnnotationStore&) -> StoreThread::Continuation {
        hasBegun.set_value();
        mayGoOn.get_future().wait();
        return [&] { ++answers; };
    });
    hasBegun.get_future().wait();
    for (int i = 0; i < 10; ++i) {
        thread.run([&](AnnotationStore&) -> StoreThread::Continuation { return [&] { ++answers; }; });
    }
    EXPECT_EQ(thread.pending(), 11U) << "run() came back although nothing could be done";
    EXPECT_EQ(answers, 0);
    mayGoOn.set_value();
    ASSERT_TRUE(m_loop.runUntil([&] { return answers == 11; }));
}

TEST_F(StoreThreadTest, Acknowledgement_ComesAfterTheCommit)
{
    std::optional<Result<RevisionId>> stored;
    auto thread =
        std::make_unique<StoreThread>(m_file, AnnotationStore::Options{}, m_loop.post(), StoreThread::Opened{});
    Segmentation now(kSize);
    thread->run([&, step = paintStep(now, 1, 3, disc(9, 9), "Brushed")](AnnotationStore& store) {
        auto revision = store.append(valueOf(store.openSeries(someSeries())), step);
        return [&stored, revision] { stored = revision; };
    });
    ASSERT_TRUE(m_loop.runUntil([&] { return stored.has_value(); }));
    ASSERT_TRUE(*stored);
    thread.reset();
    const auto store = openStore(m_file);
    EXPECT_EQ(valueOf(store->load(valueOf(store->openSeries(someSeries())))), now);
}

TEST_F(StoreThreadTest, FailedOpen_IsToldAndEveryJobFailsInOrder)
{
    const auto holder = openStore(m_file);
    std::vector<std::string> told;
    StoreThread thread(m_file, {}, m_loop.post(), [&](const Status& status) {
        told.push_back(status ? "opened" : std::string(name(status.error().code)));
    });
    bool ran = false;
    const auto job = [&](AnnotationStore&) -> StoreThread::Continuation {
        ran = true;
        return {};
    };
    for (int i = 0; i < 3; ++i) {
        thread.run(job,
                   [&, i](const Error& error) { told.push_back(std::string(name(error.code)) + std::to_string(i)); });
    }
    thread.run(job); // without anyone to tell
    ASSERT_TRUE(m_loop.runUntil([&] { return told.size() == 4; }));
    EXPECT_EQ(told,
              (std::vector<std::string>{"databaseLocked", "databaseLocked0", "databaseLocked1", "databaseLocked2"}));
    EXPECT_FALSE(ran);
}

TEST_F(StoreThreadTest, ThrowingJob_IsAnErrorAndTheNextOneRuns)
{
    std::optional<Error> error;
    bool next = false;
    StoreThread thread(m_file, {}, m_loop.post(), {});
    thread.run([](AnnotationStore&) -> StoreThread::Continuation { throw std::runtime_error("a slip"); },
               [&](const Error& given) { error = given; });
    thread.run([&](AnnotationStore&) -> StoreThread::Continuation { return [&] { next = true; }; });
    ASSERT_TRUE(m_loop.runUntil([&] { return next; }));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::internal);
    EXPECT_EQ(error->message, "a slip");
}

TEST_F(StoreThreadTest, Destructor_FinishesQueuedJobsAndClosesTheDatabase)
{
    constexpr int kSteps = 20;
    int acknowledged = 0;
    Segmentation now(kSize);
    {
        StoreThread thread(m_file, {}, m_loop.post(), {});
        for (int i = 0; i < kSteps; ++i) {
            thread.run(
                [&, step = paintStep(now, 1, i % kSize.depth, disc(5 + i, 9), "Brushed")](AnnotationStore& store) {
                    const bool done = store.append(valueOf(store.openSeries(someSeries())), step).has_value();
                    return [&, done] { acknowledged += done ? 1 : 0; };
                });
        }
    }
    m_loop.runAll();
    EXPECT_EQ(acknowledged, kSteps);
    const auto store = openStore(m_file); // and nobody has it
    const SeriesKey series = valueOf(store->openSeries(someSeries()));
    EXPECT_EQ(valueOf(store->history(series)).size(), static_cast<std::size_t>(kSteps));
    EXPECT_EQ(valueOf(store->load(series)), now);
}

TEST_F(StoreThreadTest, JobsFromSeveralThreads_AllRun)
{
    constexpr int kThreads = 4;
    constexpr int kJobs = 25;
    int ran = 0; // by the store thread only
    int answered = 0;
    StoreThread thread(m_file, {}, m_loop.post(), {});
    std::vector<std::thread> givers;
    for (int t = 0; t < kThreads; ++t) {
        givers.emplace_back([&] {
            for (int i = 0; i < kJobs; ++i) {
                thread.run([&](AnnotationStore&) -> StoreThread::Continuation {
                    ++ran;
                    return [&] { ++answered; };
                });
            }
        });
    }
    for (auto& giver : givers) {
        giver.join();
    }
    ASSERT_TRUE(m_loop.runUntil([&] { return answered == kThreads * kJobs; }));
    EXPECT_EQ(ran, kThreads * kJobs);
}

TEST_F(StoreThreadTest, Pending_CountsAJobUntilItsAnswerIsPosted)
{
    bool first = false;
    std::optional<std::size_t> pending;
    StoreThread thread(m_file, {}, m_loop.post(), {});
    thread.run([&](AnnotationStore&) -> StoreThread::Continuation { return [&] { first = true; }; });
    thread.run([&](AnnotationStore&) -> StoreThread::Continuation {
        return [&, count = thread.pending()] { pending = count; };
    });
    ASSERT_TRUE(m_loop.runUntil([&] { return pending.has_value(); }));
    EXPECT_EQ(*pending, 1U) << "only itself";
    EXPECT_TRUE(first);
}

} // namespace
} // namespace icmoe::test
