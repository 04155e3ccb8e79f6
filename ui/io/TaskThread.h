#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace icmoe::ui {

/// Runs tasks one after another on a thread of its own. run() never waits. The destructor asks the running task to
/// stop, drops the queued ones and joins.
class TaskThread {
public:
    using Task = std::function<void(std::stop_token)>;

    TaskThread();
    ~TaskThread();
    TaskThread(const TaskThread&) = delete;
    TaskThread& operator=(const TaskThread&) = delete;

    void run(Task task);
    /// Asks the running task to stop and drops the queued ones; later tasks run as usual.
    void cancelAll();

private:
    void work(const std::stop_token& stop);

    std::mutex m_mutex;
    std::condition_variable_any m_wake;
    std::deque<Task> m_tasks;
    std::stop_source m_current;
    std::jthread m_thread; // last: joined before what it uses is destroyed
};

} // namespace icmoe::ui
