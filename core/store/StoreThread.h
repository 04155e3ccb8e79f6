#pragma once

#include "core/engine/Segmenter.h"
#include "core/store/AnnotationStore.h"

#include <functional>
#include <memory>

namespace icmoe {

/// Owns the AnnotationStore on a thread of its own. run() never waits: the job runs on the store thread in order, and
/// what it returns (a function, may be empty) is posted back through `post`. The destructor finishes queued jobs.
class StoreThread {
public:
    using Continuation = std::function<void()>;
    using Job = std::function<Continuation(AnnotationStore&)>;
    using Opened = std::function<void(Status)>;

    /// Opens the database on the thread; `opened` is posted with the outcome. Jobs given before or after wait in order;
    /// where opening failed they are dropped and `failed` (see run) is posted.
    StoreThread(std::filesystem::path file, AnnotationStore::Options options, Post post, Opened opened);
    ~StoreThread();

    void run(Job job, std::function<void(const Error&)> failed = {});
    /// Jobs not yet done.
    [[nodiscard]] std::size_t pending() const;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace icmoe
