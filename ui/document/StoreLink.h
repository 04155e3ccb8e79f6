#pragma once

#include "core/image/Volume.h"
#include "core/store/StoreThread.h"

#include <QDateTime>
#include <QObject>

#include <memory>
#include <optional>
#include <vector>

namespace icmoe::ui {

enum class StorageState { nothing, storing, stored, notStored };

/// What the document knows of the store: one open series, steps that are on their way, and whether they arrived. After
/// a step could not be stored the later ones are kept back too (they build on it), until another store is given. Never
/// waits. UI thread.
class StoreLink final : public QObject {
    Q_OBJECT

public:
    /// What the store holds of a series.
    struct Found {
        Segmentation segmentation;
        std::vector<StoredStep> history;
        std::optional<ViewState> view;
    };
    using FoundFunction = std::function<void(const Found&)>;

    explicit StoreLink(QObject* parent = nullptr);

    void setStore(StoreThread* store); ///< not owned; null: nothing is stored
    [[nodiscard]] bool hasStore() const { return m_store != nullptr; }

    /// Finds the series; `found` is called later, unless another series is opened or closed before. Pictures without a
    /// UID get one from their pixels, found on another thread: give the complete volume.
    void open(SeriesIdentity identity, std::shared_ptr<const Volume> volume, FoundFunction found);
    void close();
    [[nodiscard]] bool isOpening() const { return m_opening; }

    void append(std::shared_ptr<const StepRecord> step);
    void undo();
    void redo();
    void saveView(const ViewState& view);

    [[nodiscard]] StorageState state() const;
    [[nodiscard]] const std::optional<Error>& failure() const { return m_failure; }
    [[nodiscard]] const QDateTime& storedAt() const { return m_storedAt; }
    /// Steps that are not in the database (on their way, or kept back).
    [[nodiscard]] int unstored() const { return m_pending + m_keptBack; }

Q_SIGNALS:
    void changed();
    void failed(const icmoe::Error& error);

private:
    using Work = std::function<Status(AnnotationStore&, SeriesKey)>;
    void find(SeriesIdentity identity, FoundFunction found);
    void write(Work work);
    void refuse(const Error& error);

    StoreThread* m_store = nullptr;
    quint64 m_opened = 0; ///< counts openings
    std::optional<SeriesKey> m_key;
    bool m_opening = false;
    int m_pending = 0;
    int m_keptBack = 0;
    std::optional<Error> m_failure;
    QDateTime m_storedAt;
};

} // namespace icmoe::ui
