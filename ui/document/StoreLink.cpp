#include "ui/document/StoreLink.h"

#include "core/base/Sha256.h"
#include "core/dicom/Uid.h"
#include "ui/document/UiThread.h"

#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>

namespace icmoe::ui {
namespace {

std::string hashOf(const Volume& volume)
{
    Sha256 hash;
    for (int k = 0; k < volume.size().depth; ++k) {
        hash.update(volume.sliceBytes(k));
    }
    return hash.hex();
}

Result<StoreLink::Found> read(AnnotationStore& store, SeriesKey key)
{
    StoreLink::Found found;
    auto segmentation = store.load(key);
    if (!segmentation) {
        return fail(segmentation.error());
    }
    found.segmentation = std::move(*segmentation);
    auto history = store.history(key);
    if (!history) {
        return fail(history.error());
    }
    found.history = std::move(*history);
    if (auto view = store.viewState(key)) {
        found.view = *view;
    }
    return found;
}

} // namespace

StoreLink::StoreLink(QObject* parent)
    : QObject(parent)
{
}

void StoreLink::setStore(StoreThread* store)
{
    m_store = store;
    close();
}

void StoreLink::close()
{
    ++m_opened;
    m_key.reset();
    m_opening = false;
    m_pending = 0;
    m_keptBack = 0;
    m_failure.reset();
    m_storedAt = {};
    Q_EMIT changed();
}

void StoreLink::open(SeriesIdentity identity, std::shared_ptr<const Volume> volume, FoundFunction found)
{
    close();
    if (m_store == nullptr) {
        return;
    }
    m_opening = true;
    if (!identity.seriesUid.empty()) {
        find(std::move(identity), std::move(found));
        return;
    }
    const QPointer<StoreLink> self(this);
    auto* application = QCoreApplication::instance();
    QThreadPool::globalInstance()->start([=, opened = m_opened]() mutable {
        assertOffUiThread("hashing a volume");
        identity.pixelHash = hashOf(*volume);
        identity.seriesUid = uidFromText(identity.pixelHash);
        if (identity.studyUid.empty()) {
            identity.studyUid = uidFromText("study " + identity.pixelHash);
        }
        QMetaObject::invokeMethod(
            application,
            [=] {
                if (self && self->m_opened == opened) {
                    self->find(identity, found);
                }
            },
            Qt::QueuedConnection);
    });
}

void StoreLink::find(SeriesIdentity identity, FoundFunction found)
{
    const QPointer<StoreLink> self(this);
    const quint64 opened = m_opened;
    const auto refused = [self, opened](const Error& error) {
        if (self && self->m_opened == opened) {
            self->m_opening = false;
            self->refuse(error);
        }
    };
    m_store->run(
        [=, identity = std::move(identity),
         found = std::move(found)](AnnotationStore& store) -> StoreThread::Continuation {
            assertOffUiThread("reading the database");
            const auto key = store.openSeries(identity);
            if (!key) {
                return [=, error = key.error()] { refused(error); };
            }
            auto content = read(store, *key);
            if (!content) {
                return [=, error = content.error()] { refused(error); };
            }
            auto shared = std::make_shared<const Found>(std::move(*content));
            return [=, seriesKey = *key] {
                if (self && self->m_opened == opened) {
                    self->m_key = seriesKey;
                    self->m_opening = false;
                    found(*shared);
                    Q_EMIT self->changed();
                }
            };
        },
        refused);
}

void StoreLink::refuse(const Error& error)
{
    const bool first = !m_failure;
    m_failure = error;
    m_keptBack += m_pending;
    m_pending = 0;
    if (first) {
        Q_EMIT failed(error);
    }
    Q_EMIT changed();
}

void StoreLink::write(Work work)
{
    if (m_store == nullptr || m_failure || !m_key) {
        ++m_keptBack;
        Q_EMIT changed();
        return;
    }
    ++m_pending;
    const QPointer<StoreLink> self(this);
    const quint64 opened = m_opened;
    const auto current = [self, opened] { return self && self->m_opened == opened && !self->m_failure; };
    const auto refused = [self, current](const Error& error) {
        if (current()) {
            self->refuse(error);
        }
    };
    m_store->run(
        [=, key = *m_key, work = std::move(work)](AnnotationStore& store) -> StoreThread::Continuation {
            assertOffUiThread("writing the database");
            const Status status = work(store, key);
            if (!status) {
                return [=, error = status.error()] { refused(error); };
            }
            return [self, current] {
                if (current()) {
                    --self->m_pending;
                    self->m_storedAt = QDateTime::currentDateTime();
                    Q_EMIT self->changed();
                }
            };
        },
        refused);
    Q_EMIT changed();
}

void StoreLink::append(std::shared_ptr<const StepRecord> step)
{
    write([step = std::move(step)](AnnotationStore& store, SeriesKey key) -> Status {
        const auto revision = store.append(key, *step);
        return revision ? Status{} : fail(revision.error());
    });
}

void StoreLink::undo()
{
    write([](AnnotationStore& store, SeriesKey key) -> Status {
        const auto revision = store.undo(key);
        return revision ? Status{} : fail(revision.error());
    });
}

void StoreLink::redo()
{
    write([](AnnotationStore& store, SeriesKey key) -> Status {
        const auto revision = store.redo(key);
        return revision ? Status{} : fail(revision.error());
    });
}

void StoreLink::saveView(const ViewState& view)
{
    if (m_store != nullptr && m_key && !m_failure) {
        // where the annotator was is worth no message when it is lost
        m_store->run([key = *m_key, view](AnnotationStore& store) -> StoreThread::Continuation {
            (void)store.saveViewState(key, view);
            return {};
        });
    }
}

StorageState StoreLink::state() const
{
    if (m_failure || m_keptBack > 0) {
        return StorageState::notStored;
    }
    if (m_pending > 0) {
        return StorageState::storing;
    }
    return m_storedAt.isValid() ? StorageState::stored : StorageState::nothing;
}

} // namespace icmoe::ui
