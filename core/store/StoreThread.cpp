#include "core/store/StoreThread.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace icmoe {

struct StoreThread::Private {
    struct Task {
        Job job;
        std::function<void(const Error&)> failed;
    };

    std::filesystem::path file;
    AnnotationStore::Options options;
    Post post;
    Opened opened;

    mutable std::mutex mutex; // guards what follows up to the thread; held for moments only
    std::condition_variable changed;
    std::deque<Task> tasks;
    std::size_t pending = 0; // waiting and running
    bool closing = false;

    std::thread thread;

    void work();
    void run(Result<std::unique_ptr<AnnotationStore>>& store, Task task) const;
    /// Waits for a task; nullopt: there is none and none will come.
    std::optional<Task> next();
};

std::optional<StoreThread::Private::Task> StoreThread::Private::next()
{
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return closing || !tasks.empty(); });
    if (tasks.empty()) {
        return std::nullopt;
    }
    Task task = std::move(tasks.front());
    tasks.pop_front();
    return task;
}

void StoreThread::Private::run(Result<std::unique_ptr<AnnotationStore>>& store, Task task) const
{
    Error error;
    if (store) {
        try {
            if (Continuation continuation = task.job(**store)) {
                post(std::move(continuation));
            }
            return;
        } catch (const std::exception& exception) {
            error = {ErrorCode::internal, exception.what(), {}, "Please report this"};
        }
    } else {
        error = store.error();
    }
    if (task.failed) {
        post([failed = std::move(task.failed), error = std::move(error)] { failed(error); });
    }
}

void StoreThread::Private::work()
{
    auto store = AnnotationStore::open(file, options);
    if (opened) {
        post([tell = std::move(opened), outcome = store ? Status{} : Status{fail(store.error())}] { tell(outcome); });
    }
    while (auto task = next()) {
        run(store, std::move(*task));
        const std::lock_guard lock(mutex);
        --pending;
    }
}

StoreThread::StoreThread(std::filesystem::path file, AnnotationStore::Options options, Post post, Opened opened)
    : d(std::make_unique<Private>())
{
    d->file = std::move(file);
    d->options = std::move(options);
    d->post = std::move(post);
    d->opened = std::move(opened);
    d->thread = std::thread([p = d.get()] { p->work(); });
}

StoreThread::~StoreThread()
{
    {
        const std::lock_guard lock(d->mutex);
        d->closing = true;
    }
    d->changed.notify_one();
    d->thread.join();
}

void StoreThread::run(Job job, std::function<void(const Error&)> failed)
{
    {
        const std::lock_guard lock(d->mutex);
        d->tasks.push_back({std::move(job), std::move(failed)});
        ++d->pending;
    }
    d->changed.notify_one();
}

std::size_t StoreThread::pending() const
{
    const std::lock_guard lock(d->mutex);
    return d->pending;
}

} // namespace icmoe
