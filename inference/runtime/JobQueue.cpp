#include "inference/runtime/JobQueue.h"

#include <algorithm>

namespace icmoe {

namespace {

Error cancelled(std::string message)
{
    return Error{ErrorCode::cancelled, std::move(message), {}, {}};
}

} // namespace

JobQueue::JobQueue(std::function<bool(const std::string&)> isEncoded)
    : m_isEncoded(std::move(isEncoded))
{
}

JobId JobQueue::submit(PromptJob job)
{
    const std::lock_guard lock(m_mutex);
    const auto older = std::find_if(m_prompts.begin(), m_prompts.end(),
                                    [&](const PromptJob& queued) { return queued.object == job.object; });
    if (older != m_prompts.end()) {
        refuseLocked(static_cast<std::size_t>(older - m_prompts.begin()), cancelled("a newer prompt took its place"));
        ++m_superseded;
    }
    if (m_running != 0 && m_runningIsReplaceable && m_runningObject == job.object) {
        m_runningStop.request_stop();
        m_runningIsReplaceable = false;
        ++m_superseded;
    }
    job.id = ++m_lastId;
    const JobId id = job.id;
    (job.refusal ? m_refused : m_prompts).push_back(std::move(job));
    m_changed.notify_all();
    return id;
}

void JobQueue::cancel(JobId id)
{
    const std::lock_guard lock(m_mutex);
    if (id != 0 && id == m_running) {
        m_runningStop.request_stop();
    }
    const auto queued =
        std::find_if(m_prompts.begin(), m_prompts.end(), [&](const PromptJob& job) { return job.id == id; });
    if (queued != m_prompts.end()) {
        refuseLocked(static_cast<std::size_t>(queued - m_prompts.begin()), cancelled("the prompt was taken back"));
    }
    m_changed.notify_all();
}

void JobQueue::setVisible(std::shared_ptr<const SliceImage> visible,
                          std::vector<std::shared_ptr<const SliceImage>> neighbours)
{
    const std::lock_guard lock(m_mutex);
    m_visible = std::move(visible);
    std::erase(neighbours, nullptr);
    m_neighbours.assign(neighbours.begin(), neighbours.end());
    m_changed.notify_all();
}

std::optional<Work> JobQueue::wait(std::stop_token stop)
{
    std::unique_lock lock(m_mutex);
    std::optional<Work> work;
    m_changed.wait(lock, stop, [&] { return stop.stop_requested() || (work = takeLocked()).has_value(); });
    // Work that was taken just before the stop is given out: its answer must not get lost.
    return work;
}

std::optional<Work> JobQueue::takeReady()
{
    const std::lock_guard lock(m_mutex);
    return takeReadyLocked();
}

std::optional<Work> JobQueue::takeReadyLocked()
{
    if (!m_refused.empty()) {
        PromptJob job = std::move(m_refused.front());
        m_refused.pop_front();
        return AnswerRefused{std::move(job)};
    }
    const auto ready = std::find_if(m_prompts.begin(), m_prompts.end(),
                                    [&](const PromptJob& job) { return m_isEncoded(job.image->key); });
    if (ready == m_prompts.end()) {
        return std::nullopt;
    }
    AnswerPrompt work{std::move(*ready), {}};
    m_prompts.erase(ready);
    m_running = work.job.id;
    m_runningObject = work.job.object;
    m_runningIsReplaceable = false;
    m_runningStop = std::stop_source{};
    work.stop = m_runningStop.get_token();
    return work;
}

std::optional<Work> JobQueue::takeLocked()
{
    if (auto ready = takeReadyLocked()) {
        return ready;
    }
    if (!m_prompts.empty()) {
        return EncodeImage{m_prompts.front().image, EncodePurpose::prompt};
    }
    if (m_visible) {
        return EncodeImage{m_visible, EncodePurpose::visible};
    }
    if (!m_neighbours.empty()) {
        return EncodeImage{m_neighbours.front(), EncodePurpose::neighbour};
    }
    return std::nullopt;
}

std::optional<EncodePurpose> JobQueue::purposeLocked(const std::string& imageKey) const
{
    const auto same = [&](const std::shared_ptr<const SliceImage>& image) { return image && image->key == imageKey; };
    if (std::any_of(m_prompts.begin(), m_prompts.end(), [&](const PromptJob& job) { return same(job.image); })) {
        return EncodePurpose::prompt;
    }
    if (same(m_visible)) {
        return EncodePurpose::visible;
    }
    if (std::any_of(m_neighbours.begin(), m_neighbours.end(), same)) {
        return EncodePurpose::neighbour;
    }
    return std::nullopt;
}

std::optional<EncodePurpose> JobQueue::mostUrgentLocked() const
{
    if (std::any_of(m_prompts.begin(), m_prompts.end(),
                    [&](const PromptJob& job) { return !m_isEncoded(job.image->key); })) {
        return EncodePurpose::prompt;
    }
    if (m_visible && !m_isEncoded(m_visible->key)) {
        return EncodePurpose::visible;
    }
    return m_neighbours.empty() ? std::nullopt : std::optional(EncodePurpose::neighbour);
}

bool JobQueue::shouldGoOn(const std::string& imageKey) const
{
    const std::lock_guard lock(m_mutex);
    const auto purpose = purposeLocked(imageKey);
    const auto mostUrgent = mostUrgentLocked();
    return purpose && (!mostUrgent || *purpose <= *mostUrgent);
}

std::optional<EncodePurpose> JobQueue::purposeOf(const std::string& imageKey) const
{
    const std::lock_guard lock(m_mutex);
    return purposeLocked(imageKey);
}

bool JobQueue::previewed()
{
    const std::lock_guard lock(m_mutex);
    m_runningIsReplaceable = true;
    return std::none_of(m_prompts.begin(), m_prompts.end(),
                        [&](const PromptJob& queued) { return queued.object == m_runningObject; });
}

void JobQueue::answered()
{
    const std::lock_guard lock(m_mutex);
    m_running = 0;
}

void JobQueue::encoded(const std::string& imageKey)
{
    const std::lock_guard lock(m_mutex);
    for (PromptJob& job : m_prompts) {
        job.waited = job.waited || job.image->key == imageKey;
    }
    preparedLocked(imageKey);
}

void JobQueue::prepared(const std::string& imageKey)
{
    const std::lock_guard lock(m_mutex);
    preparedLocked(imageKey);
}

void JobQueue::preparedLocked(const std::string& imageKey)
{
    if (m_visible && m_visible->key == imageKey) {
        m_visible = nullptr;
    }
    std::erase_if(m_neighbours, [&](const auto& image) { return image->key == imageKey; });
}

std::vector<PromptJob> JobQueue::takeWaitingFor(const std::string& imageKey)
{
    const std::lock_guard lock(m_mutex);
    preparedLocked(imageKey);
    std::vector<PromptJob> waiting;
    for (PromptJob& job : m_prompts) {
        if (job.image->key == imageKey) {
            waiting.push_back(std::move(job));
        }
    }
    std::erase_if(m_prompts, [](const PromptJob& job) { return job.image == nullptr; });
    return waiting;
}

void JobQueue::putBack(PromptJob job)
{
    const std::lock_guard lock(m_mutex);
    m_running = 0;
    const bool replaced = std::any_of(m_prompts.begin(), m_prompts.end(),
                                      [&](const PromptJob& queued) { return queued.object == job.object; });
    if (replaced || m_runningStop.stop_requested()) {
        job.refusal = cancelled("a newer prompt took its place");
        m_refused.push_back(std::move(job));
    } else {
        m_prompts.push_front(std::move(job));
    }
}

std::vector<PromptJob> JobQueue::takeAll()
{
    const std::lock_guard lock(m_mutex);
    std::vector<PromptJob> all(std::make_move_iterator(m_refused.begin()), std::make_move_iterator(m_refused.end()));
    std::move(m_prompts.begin(), m_prompts.end(), std::back_inserter(all));
    m_refused.clear();
    m_prompts.clear();
    m_visible = nullptr;
    m_neighbours.clear();
    return all;
}

std::uint64_t JobQueue::supersededCount() const
{
    const std::lock_guard lock(m_mutex);
    return m_superseded;
}

void JobQueue::refuseLocked(std::size_t index, Error error)
{
    const auto job = m_prompts.begin() + static_cast<std::ptrdiff_t>(index);
    job->refusal = std::move(error);
    m_refused.push_back(std::move(*job));
    m_prompts.erase(job);
}

} // namespace icmoe
