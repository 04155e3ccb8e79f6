#pragma once

#include "app/cli/SeriesChoice.h"
#include "core/export/Export.h"
#include "core/store/AnnotationStore.h"

#include <memory>
#include <string>

namespace icmoe::app {

/// A series with its annotations in a database: the window's edits without a window. Every edit is in the database when
/// the function returns; where storing fails nothing has changed. One thread.
class AnnotationSession {
public:
    /// Errors of AnnotationStore::open() and openSeries().
    [[nodiscard]] static Result<AnnotationSession> open(const std::filesystem::path& database, OpenedSeries opened,
                                                        const AnnotationStore::Options& options = {});

    [[nodiscard]] const OpenedSeries& opened() const { return m_opened; }
    [[nodiscard]] const Segmentation& segmentation() const { return m_segmentation; }
    [[nodiscard]] const AnnotationStore& store() const { return *m_store; }
    [[nodiscard]] SeriesKey key() const { return m_key; }

    /// The id of a label by name; it is added (a step of its own) where it is new.
    Result<LabelId> ensureLabel(const std::string& name);
    Result<RevisionId> changeLabels(const std::string& stepName, LabelId label, LabelSet labels);
    /// Combines a region of one slice into a label; `step` tells the rest (kind, name, prompts, engine).
    Result<RevisionId> combine(StepRecord step, const SlicePlane& plane, int slice, const SliceMask& region,
                               CombineMode mode);
    /// Takes masks on the same grid over; labels meet by their names. Their voxels replace those of the same name.
    Result<RevisionId> import(const Segmentation& masks, const std::string& stepName);
    Result<std::optional<RevisionId>> undo();
    Result<std::optional<RevisionId>> redo();

private:
    AnnotationSession(std::unique_ptr<AnnotationStore> store, SeriesKey key, OpenedSeries opened)
        : m_store(std::move(store))
        , m_key(key)
        , m_opened(std::move(opened))
    {
    }
    Result<RevisionId> append(const StepRecord& step, Segmentation next);
    Status reload();

    std::unique_ptr<AnnotationStore> m_store;
    SeriesKey m_key = 0;
    OpenedSeries m_opened;
    Segmentation m_segmentation;
};

/// Which picture annotations belong to, with the hash of its stored values.
[[nodiscard]] SeriesIdentity identityOf(const OpenedSeries& opened);

/// How each label was made, by the steps of its series: semiautomatic where a proposal was accepted, else manual.
[[nodiscard]] Result<std::map<LabelId, AlgorithmType>> algorithmsOf(const AnnotationStore& store, SeriesKey key);

} // namespace icmoe::app
