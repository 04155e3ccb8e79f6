#include "ui/document/EngineLink.h"

#include "ui/document/UiThread.h"

#include <QCoreApplication>
#include <QPointer>
#include <QThread>

#include <algorithm>
#include <mutex>
#include <utility>

namespace icmoe::ui {
namespace {

constexpr int kRestMilliseconds = 80;
constexpr std::size_t kKeptImages = 48;
constexpr int kPromptPriority = 10;
constexpr quint64 kHintObject = quint64{1} << 62U;

/// Runs `function` on the application's thread, at once where that is this thread.
void onThreadOf(QObject* application, std::function<void()> function)
{
    if (QThread::currentThread() == application->thread()) {
        function();
    } else {
        QMetaObject::invokeMethod(application, std::move(function), Qt::QueuedConnection);
    }
}

} // namespace

/// The value range of a volume: found once from what is loaded, and once more when all is there.
struct EngineLink::RangeCache {
    std::mutex mutex;
    std::optional<ValueRange> range;
    bool complete = false;

    ValueRange of(const Volume& volume)
    {
        const std::lock_guard lock(mutex);
        if (!range || !complete) {
            complete = volume.isComplete();
            range = engineRange(volume);
        }
        return *range;
    }
};

EngineLink::EngineLink(QObject* parent)
    : QObject(parent)
{
    m_cutter.setMaxThreadCount(1);
    m_rest.setSingleShot(true);
    m_rest.setInterval(kRestMilliseconds);
    connect(&m_rest, &QTimer::timeout, this, &EngineLink::showVisible);
}

EngineLink::~EngineLink()
{
    m_cutter.clear();
    if (m_service != nullptr && isAsking()) {
        m_service->cancel(m_job);
    }
}

void EngineLink::setService(SegmentationService* service)
{
    m_hintJob = 0; // the old engine's
    m_service = service;
    m_state = service != nullptr ? service->state() : EngineState{};
    if (service != nullptr) {
        const QPointer<EngineLink> self(this);
        service->onStateChanged([self, service](EngineState state) {
            onThreadOf(QCoreApplication::instance(), [self, service, state = std::move(state)] {
                if (self && self->m_service == service) {
                    self->m_state = state;
                    Q_EMIT self->stateChanged();
                }
            });
        });
        m_rest.start();
        if (!m_waiting.empty()) {
            ask(m_waiting);
        }
    }
    Q_EMIT stateChanged();
}

void EngineLink::setVolume(std::shared_ptr<const Volume> volume)
{
    forget();
    forgetHint();
    m_cutter.clear();
    ++m_series;
    m_images.clear();
    m_imageOrder.clear();
    m_visible.reset();
    m_range = std::make_shared<RangeCache>();
    m_volume = std::move(volume);
}

void EngineLink::slicesLoaded()
{
    if (m_volume && m_volume->isComplete()) {
        // pictures cut with the range of a part would be other pictures to the engine
        m_images.clear();
        m_imageOrder.clear();
    }
    if (!m_waiting.empty()) {
        ask(m_waiting);
    }
    if (m_volume && m_volume->isComplete() && m_visible) {
        m_rest.start();
    }
}

void EngineLink::ask(std::vector<Prompt> prompts)
{
    if (prompts.empty() || !m_volume) {
        forget();
        return;
    }
    const bool wasAsking = isAsking();
    const Place place{prompts.front().plane, prompts.front().slice};
    m_waiting = std::move(prompts);
    if (m_service == nullptr) {
        return;
    }
    ++m_lastAsked;
    const auto found = m_images.find(place);
    if (found != m_images.end()) {
        request(found->second);
    } else {
        whenCut(place, kPromptPriority, [this, sequence = m_lastAsked](const Image& image) {
            if (sequence == m_lastAsked && image) {
                request(image);
            } else if (sequence == m_lastAsked) {
                m_lastAnswered = sequence; // the slice is not loaded yet: asked again when it is
                Q_EMIT askingChanged();
            }
        });
    }
    if (!wasAsking) {
        Q_EMIT askingChanged();
    }
}

void EngineLink::forget()
{
    const bool wasAsking = isAsking();
    m_waiting.clear();
    if (m_service != nullptr && wasAsking && m_job != 0) {
        m_service->cancel(m_job);
    }
    m_job = 0;
    ++m_object;
    m_firstValid = m_lastAsked + 1;
    m_lastAnswered = m_lastAsked;
    if (wasAsking) {
        Q_EMIT askingChanged();
    }
}

void EngineLink::whenCut(Place place, int priority, std::function<void(Image)> then)
{
    const QPointer<EngineLink> self(this);
    auto* application = QCoreApplication::instance();
    m_cutter.start(
        [=, volume = m_volume, range = m_range, series = m_series] {
            assertOffUiThread("cutting a slice for the engine");
            auto cut = cutSlice(*volume, place.first, place.second, range->of(*volume));
            Image image = cut ? *cut : Image{};
            QMetaObject::invokeMethod(
                application,
                [=] {
                    if (self && self->m_series == series) {
                        if (image) {
                            self->remember(place, image);
                        }
                        then(image);
                    }
                },
                Qt::QueuedConnection);
        },
        priority);
}

void EngineLink::remember(Place place, Image image)
{
    if (m_images.insert_or_assign(place, std::move(image)).second) {
        m_imageOrder.push_back(place);
    }
    if (m_imageOrder.size() > kKeptImages) {
        m_images.erase(m_imageOrder.front());
        m_imageOrder.erase(m_imageOrder.begin());
    }
}

void EngineLink::request(const Image& image)
{
    const QPointer<EngineLink> self(this);
    const quint64 sequence = m_lastAsked;
    auto prompts = canonicalOrder(m_waiting);
    m_job = m_service->request(m_object, image, std::move(prompts), [self, sequence](JobId, Result<Proposal> answer) {
        onThreadOf(QCoreApplication::instance(), [self, sequence, answer = std::move(answer)]() mutable {
            if (self) {
                self->finish(sequence, std::move(answer));
            }
        });
    });
}

void EngineLink::finish(quint64 sequence, Result<Proposal> answer)
{
    if (sequence < m_firstValid || sequence < m_lastShown || sequence <= m_lastFull) {
        return; // forgotten, or overtaken by a newer answer
    }
    const bool preview = answer && answer->isPreview;
    if (sequence == m_lastAsked && !preview) {
        m_lastAnswered = sequence;
        m_waiting.clear();
    }
    if (answer) {
        m_lastShown = sequence;
        m_lastFull = preview ? m_lastFull : sequence;
        Q_EMIT answered(std::make_shared<const Proposal>(std::move(*answer)));
    } else if (answer.error().code != ErrorCode::cancelled && sequence == m_lastAsked) {
        Q_EMIT failed(answer.error());
    }
    if (sequence == m_lastAnswered) {
        Q_EMIT askingChanged();
    }
}

void EngineLink::askHint(std::vector<Prompt> prompts)
{
    forgetHint();
    if (m_service == nullptr || !m_volume || prompts.empty()) {
        return;
    }
    const Place place{prompts.front().plane, prompts.front().slice};
    const auto found = m_images.find(place);
    if (found != m_images.end()) {
        requestHint(found->second, std::move(prompts));
        return;
    }
    whenCut(place, kPromptPriority, [this, hint = m_hint, prompts = std::move(prompts)](const Image& image) {
        if (image && hint == m_hint && m_service != nullptr) {
            requestHint(image, prompts);
        }
    });
}

void EngineLink::requestHint(const Image& image, std::vector<Prompt> prompts)
{
    const QPointer<EngineLink> self(this);
    m_hintJob = m_service->request(kHintObject, image, canonicalOrder(std::move(prompts)),
                                   [self, hint = m_hint](JobId, Result<Proposal> answer) {
                                       // Never at once: the job's number is known only after request() has returned.
                                       QMetaObject::invokeMethod(
                                           QCoreApplication::instance(),
                                           [self, hint, answer = std::move(answer)]() mutable {
                                               if (self) {
                                                   self->showHint(hint, std::move(answer));
                                               }
                                           },
                                           Qt::QueuedConnection);
                                   });
}

void EngineLink::showHint(quint64 hint, Result<Proposal> answer)
{
    if (hint != m_hint || m_hintJob == 0) {
        return;
    }
    const JobId job = std::exchange(m_hintJob, 0);
    if (!answer) {
        return;
    }
    if (answer->isPreview && m_service != nullptr) {
        m_service->cancel(job); // a ghost needs no vote
    }
    Q_EMIT hinted(std::make_shared<const Proposal>(std::move(*answer)));
}

void EngineLink::forgetHint()
{
    ++m_hint;
    if (m_hintJob != 0 && m_service != nullptr) {
        m_service->cancel(m_hintJob);
    }
    m_hintJob = 0;
}

void EngineLink::setVisible(Plane plane, int slice, int direction)
{
    const Place place{plane, slice};
    if (m_visible == place) {
        return;
    }
    m_visible = place;
    m_direction = direction < 0 ? -1 : 1;
    m_rest.start();
}

void EngineLink::showVisible()
{
    if (m_service == nullptr || !m_volume || !m_visible) {
        return;
    }
    const auto [plane, slice] = *m_visible;
    const QPointer<EngineLink> self(this);
    auto* application = QCoreApplication::instance();
    m_cutter.start([=, volume = m_volume, range = m_range, series = m_series, direction = m_direction] {
        assertOffUiThread("cutting slices for the engine");
        const ValueRange values = range->of(*volume);
        std::vector<std::pair<Place, Image>> images;
        for (const int offset : {0, direction, -direction, 2 * direction, -2 * direction}) {
            if (auto cut = cutSlice(*volume, plane, slice + offset, values)) {
                images.emplace_back(Place{plane, slice + offset}, std::move(*cut));
            } else if (offset == 0) {
                return; // not loaded yet
            }
        }
        QMetaObject::invokeMethod(
            application,
            [self, series, images = std::move(images)] {
                if (!self || self->m_series != series || self->m_service == nullptr) {
                    return;
                }
                std::vector<Image> neighbours;
                for (const auto& [place, image] : images) {
                    self->remember(place, image);
                    neighbours.push_back(image);
                }
                const Image visible = neighbours.front();
                neighbours.erase(neighbours.begin());
                self->m_service->setVisible(visible, std::move(neighbours));
            },
            Qt::QueuedConnection);
    });
}

bool EngineLink::isEncoded(Plane plane, int slice) const
{
    const auto found = m_images.find({plane, slice});
    return m_service != nullptr && found != m_images.end() && m_service->isEncoded(found->second->key);
}

} // namespace icmoe::ui
