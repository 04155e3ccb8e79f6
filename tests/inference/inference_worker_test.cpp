#include "inference/runtime/InferenceWorker.h"

#include "FakeSegmenter.h"
#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>

#include <thread>

namespace icmoe::test {
namespace {

WorkerOptions cacheIn(std::filesystem::path folder)
{
    WorkerOptions options;
    options.cacheFolder = std::move(folder);
    return options;
}

/// A worker over a fake segmenter, and the answers that came.
class InferenceWorkerTest : public ::testing::Test {
protected:
    void start(WorkerOptions options = {}, std::string weights = "w1", std::size_t embeddingBytes = 100)
    {
        m_answers.clear(); // job numbers begin anew
        m_worker = makeInferenceWorker(
            [control = m_control, weights, embeddingBytes]() -> Result<std::unique_ptr<Segmenter>> {
                return std::make_unique<FakeSegmenter>(control, embeddingBytes, weights);
            },
            std::move(options), m_mailbox.post());
    }
    JobId ask(int slice, std::uint64_t object = 1, double side = 4)
    {
        return m_worker->request(
            object, sliceImage(slice), boxOn(slice, side),
            [this](JobId id, Result<Proposal> answer) { m_answers[id].push_back(std::move(answer)); });
    }
    [[nodiscard]] const Result<Proposal>& answerOf(JobId id)
    {
        const bool came = m_mailbox.runUntil([&] { return m_answers.contains(id); });
        EXPECT_TRUE(came) << "no answer";
        static const Result<Proposal> kNone = fail(ErrorCode::internal, "no answer came");
        return came ? m_answers[id].front() : kNone;
    }
    /// Looks at the counters each time the state changes.
    [[nodiscard]] bool waitForCounters(const std::function<bool(const EngineCounters&)>& condition)
    {
        m_worker->onStateChanged([](const EngineState&) {}); // each change posts something, which wakes the mailbox
        return m_mailbox.runUntil([&] { return condition(m_worker->counters()); });
    }

    std::shared_ptr<FakeControl> m_control = std::make_shared<FakeControl>();
    Mailbox m_mailbox;
    std::map<JobId, std::vector<Result<Proposal>>> m_answers;
    std::unique_ptr<SegmentationService> m_worker;
};

TEST_F(InferenceWorkerTest, BoxPrompt_OnNewSlice_EncodesOnceAndAnswers)
{
    start();
    const auto& answer = answerOf(ask(3, 1, 4));
    ASSERT_TRUE(answer) << answer.error().oneLine();
    EXPECT_EQ(answer->candidates.front().mask.area(), 25U);
    EXPECT_EQ(answer->slice, 3);
    EXPECT_GT(answer->encodeSeconds, 0);
    EXPECT_EQ(m_worker->counters().encodedForPrompt, 1U);
    EXPECT_EQ(m_worker->counters().cacheHits, 0U);
}

TEST_F(InferenceWorkerTest, FiftyPrompts_OnOneSlice_EncodeOnce_AndARevisitNever)
{
    start();
    m_worker->setVisible(sliceImage(5), {sliceImage(6), sliceImage(4)});
    for (int n = 0; n < 50; ++n) {
        ASSERT_TRUE(answerOf(ask(5, 1, 1 + n % 9)));
    }
    ASSERT_TRUE(waitForCounters([](const EngineCounters& c) { return c.encodedAhead == 2; }));
    EXPECT_EQ(m_worker->counters().encodedForPrompt, 1U);
    EXPECT_EQ(m_worker->counters().answered, 50U);
    EXPECT_EQ(m_control->completed("slice 5"), 1);

    m_worker->setVisible(sliceImage(6), {});
    ASSERT_TRUE(answerOf(ask(6)));
    m_worker->setVisible(sliceImage(5), {});
    const auto& revisit = answerOf(ask(5));
    ASSERT_TRUE(revisit);
    EXPECT_EQ(revisit->encodeSeconds, 0);
    EXPECT_EQ(m_worker->counters().encodedForPrompt, 1U);
    EXPECT_EQ(m_worker->counters().encodedAhead, 2U);
    EXPECT_EQ(m_control->completed("slice 5") + m_control->completed("slice 6"), 2);
}

TEST_F(InferenceWorkerTest, VisibleSlice_GoesBeforeItsNeighbours_InTheGivenOrder)
{
    start();
    m_control->hold("slice 5", 1);
    m_worker->setVisible(sliceImage(5), {sliceImage(6), sliceImage(7), sliceImage(4)});
    m_control->release("slice 5", 1);
    ASSERT_TRUE(waitForCounters([](const EngineCounters& c) { return c.encodedAhead == 3; }));
    EXPECT_EQ(m_control->events(),
              (std::vector<std::string>{"encode slice 5", "encode slice 6", "encode slice 7", "encode slice 4"}));
    EXPECT_TRUE(m_worker->isEncoded("slice 4"));
    EXPECT_FALSE(m_worker->isEncoded("slice 8"));
}

TEST_F(InferenceWorkerTest, Prompt_WithCachedEmbedding_IsAnsweredBetweenTwoStepsOfAnEncoding)
{
    start();
    ASSERT_TRUE(answerOf(ask(1)));
    m_control->hold("slice 2", 4);
    m_control->hold("slice 2", 5);
    m_worker->setVisible(sliceImage(2), {});
    ASSERT_TRUE(m_control->waitUntilHeld("slice 2", 4));
    const JobId job = ask(1);
    m_control->release("slice 2", 4);
    ASSERT_TRUE(answerOf(job)); // while the encoding stands before its fifth step
    ASSERT_TRUE(m_control->waitUntilHeld("slice 2", 5));
    EXPECT_EQ(m_control->steps("slice 2"), 4);
    EXPECT_EQ(m_control->completed("slice 2"), 0);
    m_control->release("slice 2", 5);
    ASSERT_TRUE(waitForCounters([](const EngineCounters& c) { return c.encodedForPrompt == 2; }));
    EXPECT_EQ(m_control->steps("slice 2"), FakeSegmenter::kSteps); // it went on where it was
}

TEST_F(InferenceWorkerTest, Preview_ComesBeforeTheFullAnswer)
{
    m_control->givePreviews();
    start();
    const JobId job = ask(1);
    ASSERT_TRUE(m_mailbox.runUntil([&] { return m_answers[job].size() == 2; }));
    const auto& answers = m_answers[job];
    ASSERT_TRUE(answers[0] && answers[1]);
    EXPECT_TRUE(answers[0]->isPreview);
    EXPECT_EQ(answers[0]->candidates.front().mask.area(), 1U);
    EXPECT_FALSE(answers[1]->isPreview);
    EXPECT_EQ(answers[1]->candidates.front().mask.area(), 25U);
    EXPECT_EQ(m_worker->counters().previewed, 1U);
    EXPECT_EQ(m_worker->counters().answered, 1U);
}

TEST_F(InferenceWorkerTest, NewerPrompt_StopsTheFullAnswer_OnceThePreviewIsThere)
{
    m_control->givePreviews();
    start();
    m_control->holdPrediction("slice 1");
    const JobId first = ask(1);
    ASSERT_TRUE(m_control->waitUntilHeld("slice 1"));
    const JobId second = ask(1, 1, 6); // the first one's full answer stands at its hold, and sees its stop token
    ASSERT_TRUE(m_mailbox.runUntil([&] { return m_answers[first].size() == 2; }));
    EXPECT_TRUE(m_answers[first][0]->isPreview);
    EXPECT_EQ(m_answers[first][1].error().code, ErrorCode::cancelled);
    m_control->release("slice 1");
    ASSERT_TRUE(m_mailbox.runUntil([&] { return m_answers[second].size() == 2; }));
    EXPECT_TRUE(m_answers[second][1]);
    EXPECT_EQ(m_worker->counters().superseded, 1U);
}

TEST_F(InferenceWorkerTest, NewerPrompt_OnAnotherObject_StopsNothing)
{
    m_control->givePreviews();
    start();
    m_control->holdPrediction("slice 1");
    const JobId first = ask(1, 1);
    ASSERT_TRUE(m_control->waitUntilHeld("slice 1"));
    (void)ask(1, 2);
    m_control->release("slice 1");
    ASSERT_TRUE(m_mailbox.runUntil([&] { return m_answers[first].size() == 2; }));
    EXPECT_TRUE(m_answers[first][1]);
}

TEST_F(InferenceWorkerTest, Prompt_OnAnotherSlice_InterruptsAPrefetch_WhichIsDoneLater)
{
    start();
    m_control->hold("slice 2", 3);
    m_worker->setVisible(nullptr, {sliceImage(2)});
    ASSERT_TRUE(m_control->waitUntilHeld("slice 2", 3));
    const JobId job = ask(9);
    m_control->release("slice 2", 3);
    ASSERT_TRUE(answerOf(job));
    ASSERT_TRUE(waitForCounters([](const EngineCounters& c) { return c.encodedAhead == 1; }));
    EXPECT_EQ(m_control->events(),
              (std::vector<std::string>{"encode slice 2", "encode slice 9", "answer slice 9", "encode slice 2"}));
    EXPECT_EQ(m_control->steps("slice 2"), 3 + FakeSegmenter::kSteps);
}

TEST_F(InferenceWorkerTest, Prefetch_IsAbandoned_WhenTheVisibleSliceChanges)
{
    start();
    m_control->hold("slice 6", 2);
    m_worker->setVisible(nullptr, {sliceImage(6)});
    ASSERT_TRUE(m_control->waitUntilHeld("slice 6", 2));
    m_worker->setVisible(sliceImage(40), {sliceImage(41)});
    m_control->release("slice 6", 2);
    ASSERT_TRUE(waitForCounters([](const EngineCounters& c) { return c.encodedAhead == 1; }));
    EXPECT_EQ(m_control->steps("slice 6"), 2);
    EXPECT_EQ(m_control->completed("slice 6"), 0);
    EXPECT_EQ(m_control->completed("slice 40"), 1);
}

TEST_F(InferenceWorkerTest, NewVisibleSlice_ThatIsBeingPrefetched_IsNotStartedAgain)
{
    start();
    m_control->hold("slice 6", 2);
    m_worker->setVisible(nullptr, {sliceImage(6)});
    ASSERT_TRUE(m_control->waitUntilHeld("slice 6", 2));
    m_worker->setVisible(sliceImage(6), {});
    m_control->release("slice 6", 2);
    ASSERT_TRUE(waitForCounters([](const EngineCounters& c) { return c.encodedForPrompt == 1; }));
    EXPECT_EQ(m_control->steps("slice 6"), FakeSegmenter::kSteps);
    EXPECT_EQ(m_worker->counters().encodedAhead, 0U);
}

TEST_F(InferenceWorkerTest, NewerPrompt_OnTheSameObject_SupersedesTheQueuedOne)
{
    start();
    m_control->hold("slice 1", 1);
    m_worker->setVisible(sliceImage(1), {});
    ASSERT_TRUE(m_control->waitUntilHeld("slice 1", 1));
    const JobId first = ask(1, 7, 3);
    const JobId other = ask(1, 8, 3);
    const JobId second = ask(1, 7, 5);
    m_control->release("slice 1", 1);
    const auto& newest = answerOf(second);
    ASSERT_TRUE(newest);
    EXPECT_EQ(newest->candidates.front().mask.area(), 36U);
    EXPECT_EQ(answerOf(first).error().code, ErrorCode::cancelled);
    EXPECT_TRUE(answerOf(other));
    EXPECT_EQ(m_worker->counters().superseded, 1U);
    EXPECT_EQ(m_worker->counters().answered, 2U);
}

TEST_F(InferenceWorkerTest, NewerPrompt_LeavesARunningAnswerAlone)
{
    start();
    ASSERT_TRUE(answerOf(ask(1)));
    m_control->holdPrediction("slice 1");
    const JobId running = ask(1, 7);
    ASSERT_TRUE(m_control->waitUntilHeld("slice 1"));
    const JobId newer = ask(1, 7);
    m_control->release("slice 1");
    EXPECT_TRUE(answerOf(running));
    EXPECT_TRUE(answerOf(newer));
}

TEST_F(InferenceWorkerTest, Cancel_StopsARunningAnswer)
{
    start();
    ASSERT_TRUE(answerOf(ask(1)));
    m_control->holdPrediction("slice 1");
    const JobId running = ask(1);
    ASSERT_TRUE(m_control->waitUntilHeld("slice 1"));
    m_worker->cancel(running); // the stop token is what ends the wait: nothing is released
    EXPECT_EQ(answerOf(running).error().code, ErrorCode::cancelled);
}

TEST_F(InferenceWorkerTest, Cancel_OfAQueuedPrompt_AbandonsTheEncodingThatServedIt)
{
    start();
    m_control->hold("slice 1", 2);
    const JobId job = ask(1);
    ASSERT_TRUE(m_control->waitUntilHeld("slice 1", 2));
    m_worker->cancel(job);
    m_control->release("slice 1", 2);
    EXPECT_EQ(answerOf(job).error().code, ErrorCode::cancelled);
    ASSERT_TRUE(answerOf(ask(2)));
    EXPECT_EQ(m_control->steps("slice 1"), 2);
}

TEST_F(InferenceWorkerTest, Closing_WhileTheEncoderRuns_StopsAfterTheCurrentStep)
{
    start();
    m_control->hold("slice 1", 4);
    const JobId waiting = ask(1);
    ASSERT_TRUE(m_control->waitUntilHeld("slice 1", 4));
    m_worker.reset(); // the stop token ends the fourth step
    EXPECT_EQ(m_control->steps("slice 1"), 4);
    m_mailbox.drain();
    ASSERT_EQ(m_answers[waiting].size(), 1U);
    EXPECT_EQ(m_answers[waiting].front().error().code, ErrorCode::cancelled);
}

TEST_F(InferenceWorkerTest, FailedEncoding_AnswersItsPromptsWithTheError_AndOthersGoOn)
{
    start();
    m_control->failToEncode("slice 1");
    EXPECT_EQ(answerOf(ask(1)).error().code, ErrorCode::engineFailed);
    EXPECT_EQ(m_worker->state().activity, EngineActivity::failed);
    EXPECT_TRUE(answerOf(ask(2)));
    EXPECT_FALSE(m_worker->state().error);
}

TEST_F(InferenceWorkerTest, FailedEncoding_OfTheVisibleSlice_IsNotRepeatedForEver)
{
    start();
    m_control->failToEncode("slice 1");
    m_worker->setVisible(sliceImage(1), {sliceImage(2)});
    ASSERT_TRUE(waitForCounters([](const EngineCounters& c) { return c.encodedAhead == 1; }));
    EXPECT_EQ(m_control->steps("slice 1"), FakeSegmenter::kSteps);
}

TEST_F(InferenceWorkerTest, PromptOutsideThePicture_IsRefusedWithoutEncoding)
{
    start();
    const JobId job = m_worker->request(1, sliceImage(1), {}, [this](JobId id, Result<Proposal> answer) {
        m_answers[id].push_back(std::move(answer));
    });
    EXPECT_EQ(answerOf(job).error().code, ErrorCode::emptyInput);
    EXPECT_TRUE(m_control->events().empty());
    const JobId nothing = m_worker->request(1, nullptr, boxOn(1), [this](JobId id, Result<Proposal> answer) {
        m_answers[id].push_back(std::move(answer));
    });
    EXPECT_EQ(answerOf(nothing).error().code, ErrorCode::emptyInput);
}

TEST_F(InferenceWorkerTest, MissingWeights_AnswerEveryRequestAndShowInTheState)
{
    m_worker = makeInferenceWorker(
        []() -> Result<std::unique_ptr<Segmenter>> {
            return fail(ErrorCode::weightsMissing, "no weights", "", "import them");
        },
        {}, m_mailbox.post());
    m_worker->setVisible(sliceImage(1), {});
    EXPECT_EQ(answerOf(ask(1)).error().code, ErrorCode::weightsMissing);
    EXPECT_EQ(answerOf(ask(2)).error().code, ErrorCode::weightsMissing);
    EXPECT_EQ(m_worker->state().activity, EngineActivity::noWeights);
    EXPECT_EQ(m_worker->state().error->hint, "import them");
    EXPECT_FALSE(m_worker->isEncoded("slice 1"));
}

TEST_F(InferenceWorkerTest, State_ShowsTheEncodingAndItsProgress)
{
    start();
    std::vector<EngineState> states;
    m_worker->onStateChanged([&](const EngineState& state) { states.push_back(state); });
    ASSERT_TRUE(answerOf(ask(3)));
    ASSERT_TRUE(m_mailbox.runUntil([&] { return m_worker->state().activity == EngineActivity::idle; }));
    m_mailbox.drain();
    EXPECT_EQ(states.back().text, "Fake · CPU 2 threads · fp32");
    double progress = 0;
    for (const EngineState& state : states) {
        if (state.activity == EngineActivity::encoding) {
            EXPECT_EQ(state.slice, 3);
            EXPECT_GE(state.progress, progress);
            progress = state.progress;
        }
    }
    EXPECT_EQ(progress, 1.0);
}

TEST_F(InferenceWorkerTest, DiskCache_AnswersAfterARestart_WithoutEncoding)
{
    TemporaryFolder folder;
    start(cacheIn(folder / "cache"));
    const Result<Proposal> cold = answerOf(ask(1));
    m_worker->setVisible(sliceImage(2), {}); // written before the next encoding begins
    ASSERT_TRUE(waitForCounters([](const EngineCounters& c) { return c.encodedForPrompt == 2; }));
    m_worker.reset();

    start(cacheIn(folder / "cache"));
    const auto& warm = answerOf(ask(1));
    ASSERT_TRUE(warm);
    EXPECT_EQ(warm->candidates.front().mask, cold->candidates.front().mask);
    EXPECT_EQ(m_worker->counters().encodedForPrompt, 0U);
    EXPECT_EQ(m_control->completed("slice 1"), 1);
}

TEST_F(InferenceWorkerTest, DiskCache_OfOtherWeights_IsNotUsed)
{
    TemporaryFolder folder;
    start(cacheIn(folder / "cache"));
    ASSERT_TRUE(answerOf(ask(1)));
    m_worker->setVisible(sliceImage(2), {});
    ASSERT_TRUE(waitForCounters([](const EngineCounters& c) { return c.encodedForPrompt == 2; }));
    m_worker.reset();
    start(cacheIn(folder / "cache"), "w2");
    ASSERT_TRUE(answerOf(ask(1)));
    EXPECT_EQ(m_control->completed("slice 1"), 2);
}

TEST_F(InferenceWorkerTest, DiskCache_ThatCannotBeMade_IsSaidAndTheWorkerAnswers)
{
    start(cacheIn("/dev/null/cache"));
    bool said = false;
    m_worker->onStateChanged(
        [&](const EngineState& state) { said = said || (state.error && state.error->code == ErrorCode::writeFailed); });
    EXPECT_TRUE(m_mailbox.runUntil([&] { return said; }));
    EXPECT_TRUE(answerOf(ask(1)));
}

TEST_F(InferenceWorkerTest, MemoryOfOneEmbedding_StillAnswersPromptsOnTwoSlices)
{
    WorkerOptions options;
    options.memoryCacheBytes = 100;
    start(options);
    for (int n = 0; n < 3; ++n) {
        EXPECT_TRUE(answerOf(ask(1)));
        EXPECT_TRUE(answerOf(ask(2)));
    }
    EXPECT_EQ(m_worker->counters().encodedForPrompt, 6U);
}

TEST_F(InferenceWorkerTest, ManyThreads_AskAtOnce_EachRequestGetsOneAnswer)
{
    start();
    std::mutex mutex;
    std::map<JobId, int> answers;
    std::vector<JobId> asked;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int n = 0; n < 40; ++n) {
                const JobId id = m_worker->request(static_cast<std::uint64_t>(t % 2), sliceImage(n % 5), boxOn(n % 5),
                                                   [&](JobId job, const Result<Proposal>&) { ++answers[job]; });
                m_worker->setVisible(sliceImage((n + t) % 7), {sliceImage((n + t + 1) % 7)});
                if (n % 3 == 0) {
                    m_worker->cancel(id);
                }
                (void)m_worker->isEncoded("slice 1");
                (void)m_worker->state();
                const std::lock_guard lock(mutex);
                asked.push_back(id);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_TRUE(m_mailbox.runUntil([&] { return answers.size() == 160; }));
    m_worker.reset();
    m_mailbox.drain();
    for (const JobId id : asked) {
        EXPECT_EQ(answers[id], 1);
    }
}

} // namespace
} // namespace icmoe::test
