#include "StoreModel.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace icmoe::test {
namespace {

using Clock = std::chrono::steady_clock;

/// A store_writer that runs beside the test.
class Writer {
public:
    Writer(const std::filesystem::path& file, unsigned seed, const std::string& round)
    {
        const std::string program = std::string(ICMOE_BINARY_DIR) + "/store_writer";
        const std::string seedText = std::to_string(seed);
        int ends[2] = {};
        if (::pipe2(ends, O_CLOEXEC) != 0) {
            throw std::runtime_error("no pipe");
        }
        m_process = ::fork();
        if (m_process == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::execl(program.c_str(), program.c_str(), file.c_str(), seedText.c_str(), round.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        m_pipe = ends[0];
    }
    ~Writer()
    {
        if (m_process > 0) {
            kill();
        }
        ::close(m_pipe);
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Listens until `count` characters have come or the time is over.
    void listen(std::size_t count, Clock::duration limit)
    {
        const auto end = Clock::now() + limit;
        while (m_heard.size() < count) {
            const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(end - Clock::now()).count();
            if (left <= 0) {
                return;
            }
            pollfd descriptor{m_pipe, POLLIN, 0};
            const timespec wait{left / 1'000'000'000, left % 1'000'000'000};
            char text[64];
            if (::ppoll(&descriptor, 1, &wait, nullptr) > 0) {
                const ssize_t size = ::read(m_pipe, text, std::min(sizeof text, count - m_heard.size()));
                if (size <= 0) {
                    return; // it ended by itself
                }
                m_heard.append(text, static_cast<std::size_t>(size));
            }
        }
    }

    /// SIGKILL, and everything that it had said. False where it had ended by itself.
    bool kill()
    {
        ::kill(m_process, SIGKILL);
        int status = 0;
        ::waitpid(m_process, &status, 0);
        m_process = 0;
        listen(std::string::npos, std::chrono::seconds(10));
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }

    [[nodiscard]] std::size_t heard(char what) const
    {
        return static_cast<std::size_t>(std::count(m_heard.begin(), m_heard.end(), what));
    }

private:
    pid_t m_process = 0;
    int m_pipe = -1;
    std::string m_heard;
};

bool hasHotJournal(const std::filesystem::path& file)
{
    std::ifstream journal(file.string() + "-journal", std::ios::binary);
    return journal.get() == 0xd9; // the first byte of a journal that is to be played back
}

unsigned chosenSeed()
{
    const char* given = std::getenv("ICMOE_SEED");
    return given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}() % 1'000'000U;
}

struct Tally {
    std::size_t acknowledged = 0;
    int inOpening = 0;
    int halfWritten = 0;
    int storedUnheard = 0;
};

/// What the database must hold after a round: what was acknowledged, and perhaps the one step that was on its way.
void checkRound(const std::filesystem::path& file, const Writer& writer, StoreModel& model, std::mt19937 random,
                int round, Tally& tally)
{
    tally.acknowledged += writer.heard('a');
    tally.inOpening += writer.heard('o') == 0 ? 1 : 0;
    tally.halfWritten += hasHotJournal(file) ? 1 : 0;
    const auto store = AnnotationStore::open(file);
    ASSERT_TRUE(store) << store.error().oneLine();
    const Status sound = (*store)->verify();
    ASSERT_TRUE(sound) << sound.error().oneLine();
    const SeriesKey series = valueOf((*store)->openSeries(someSeries()));
    for (std::size_t step = 0; step < writer.heard('a'); ++step) {
        model.apply(model.next(random, std::to_string(round) + "." + std::to_string(step)));
    }
    std::string difference = model.difference(**store, series);
    if (!difference.empty() && writer.heard('t') > writer.heard('a')) {
        model.apply(model.next(random, std::to_string(round) + "." + std::to_string(writer.heard('a'))));
        difference = model.difference(**store, series);
        ++tally.storedUnheard;
    }
    ASSERT_EQ(difference, "");
}

TEST(KilledWriter, AHundredTimesAtRandomMoments_LosesNothingAcknowledged)
{
    constexpr int kKills = 100;
    constexpr int kRoundsOnOneDatabase = 10;
    const unsigned seed = chosenSeed();
    std::cout << "ICMOE_SEED=" << seed << std::endl;
    std::mt19937 moments(seed);
    Tally tally;
    const TemporaryFolder folder;
    std::filesystem::path file;
    StoreModel model;
    for (int round = 0; round < kKills; ++round) {
        if (round % kRoundsOnOneDatabase == 0) {
            file = folder / ("annotations" + std::to_string(round) + ".sqlite");
            model = {};
        }
        Writer writer(file, seed, std::to_string(round));
        const std::size_t words = moments() % 4 == 0 ? 0 : 1 + moments() % 30;
        writer.listen(words, std::chrono::seconds(20));
        const unsigned microseconds = static_cast<unsigned>(moments()) % (words == 0 ? 30'000U : 6'000U);
        writer.listen(std::string::npos, std::chrono::microseconds(microseconds));
        ASSERT_TRUE(writer.kill()) << "the writer ended by itself in round " << round;
        checkRound(file, writer, model, std::mt19937(seed + static_cast<unsigned>(round)), round, tally);
        ASSERT_FALSE(HasFailure()) << "round " << round << ", ICMOE_SEED=" << seed;
    }
    std::cout << tally.acknowledged << " steps acknowledged; killed while opening " << tally.inOpening
              << ", with a half-written step " << tally.halfWritten << ", with a step stored but not yet acknowledged "
              << tally.storedUnheard << std::endl;
    EXPECT_GT(tally.acknowledged, 100U);
}

TEST(SecondProgram, WhileTheFirstIsIdle_IsStoppedByTheLockAndSaysSo)
{
    const TemporaryFolder folder;
    const auto file = folder / "annotations.sqlite";
    Writer writer(file, 1, "idle");
    writer.listen(1, std::chrono::seconds(20));
    ASSERT_EQ(writer.heard('o'), 1U);
    for (const bool readOnly : {false, true}) {
        const auto second = AnnotationStore::open(file, {.readOnly = readOnly, .checkIntegrity = true, .vfs = {}});
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, ErrorCode::databaseLocked);
        EXPECT_EQ(second.error().message, "another program has the database open");
        EXPECT_NE(second.error().hint.find("Close"), std::string::npos);
    }
    ASSERT_TRUE(writer.kill()) << "the first goes on";
    const auto next = AnnotationStore::open(file);
    ASSERT_TRUE(next) << "a killed program leaves no lock behind";
    EXPECT_TRUE((*next)->verify());
}

} // namespace
} // namespace icmoe::test
