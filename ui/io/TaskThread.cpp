#include "ui/io/TaskThread.h"

namespace icmoe::ui {

TaskThread::TaskThread()
    : m_thread([this](const std::stop_token& stop) { work(stop); })
{
}

TaskThread::~TaskThread()
{
    cancelAll();
    m_thread.request_stop();
}

void TaskThread::run(Task task)
{
    const std::lock_guard lock(m_mutex);
    m_tasks.push_back(std::move(task));
    m_wake.notify_one();
}

void TaskThread::cancelAll()
{
    const std::lock_guard lock(m_mutex);
    m_tasks.clear();
    m_current.request_stop();
}

void TaskThread::work(const std::stop_token& stop)
{
    while (true) {
        Task task;
        std::stop_token taskStop;
        {
            std::unique_lock lock(m_mutex);
            if (!m_wake.wait(lock, stop, [this] { return !m_tasks.empty(); })) {
                return;
            }
            task = std::move(m_tasks.front());
            m_tasks.pop_front();
            m_current = std::stop_source();
            taskStop = m_current.get_token();
        }
        task(taskStop);
    }
}

} // namespace icmoe::ui
