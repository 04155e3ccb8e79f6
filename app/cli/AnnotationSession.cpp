#include "app/cli/AnnotationSession.h"

#include "core/base/Sha256.h"

namespace icmoe::app {

namespace {

/// What a segmentation holds now on the slices of a patch.
SegmentationPatch sameSlices(const Segmentation& segmentation, const SegmentationPatch& patch)
{
    SegmentationPatch same;
    for (const auto& [label, slices] : patch.slices) {
        for (const auto& [k, mask] : slices) {
            same.slices[label][k] = segmentation.mask(label).slice(k);
        }
    }
    return same;
}

/// A series without masks has the size of its volume.
Segmentation sized(Segmentation segmentation, Size3 size)
{
    if (segmentation.size() == size) {
        return segmentation;
    }
    Segmentation empty(size);
    empty.labels() = segmentation.labels();
    return empty;
}

} // namespace

SeriesIdentity identityOf(const OpenedSeries& opened)
{
    SeriesIdentity identity;
    identity.studyUid = opened.study.uid;
    identity.seriesUid = opened.series.uid;
    identity.splitKey = opened.series.splitKey;
    identity.frameOfReferenceUid = opened.series.frameOfReferenceUid;
    identity.modality = opened.series.modality;
    identity.size = opened.volume->size();
    Sha256 hash;
    for (int k = 0; k < identity.size.depth; ++k) {
        hash.update(opened.volume->sliceBytes(k));
    }
    identity.pixelHash = hash.hex();
    if (identity.seriesUid.empty()) {
        identity.seriesUid = pictureUid(identity.pixelHash); // as the store does
    }
    return identity;
}

Result<AnnotationSession> AnnotationSession::open(const std::filesystem::path& database, OpenedSeries opened,
                                                  const AnnotationStore::Options& options)
{
    auto store = AnnotationStore::open(database, options);
    if (!store) {
        return fail(store.error());
    }
    const auto key = (*store)->openSeries(identityOf(opened));
    if (!key) {
        return fail(key.error());
    }
    AnnotationSession session(std::move(*store), *key, std::move(opened));
    if (auto loaded = session.reload(); !loaded) {
        return fail(loaded.error());
    }
    return session;
}

Status AnnotationSession::reload()
{
    auto segmentation = m_store->load(m_key);
    if (!segmentation) {
        return fail(segmentation.error());
    }
    m_segmentation = sized(std::move(*segmentation), m_opened.volume->size());
    return {};
}

Result<RevisionId> AnnotationSession::append(const StepRecord& step, Segmentation next)
{
    auto revision = m_store->append(m_key, step);
    if (revision) {
        m_segmentation = std::move(next);
    }
    return revision;
}

Result<RevisionId> AnnotationSession::changeLabels(const std::string& stepName, LabelId label, LabelSet labels)
{
    StepRecord step;
    step.kind = StepKind::label;
    step.name = stepName;
    step.label = label;
    step.labelsBefore = m_segmentation.labels();
    step.labelsAfter = labels;
    Segmentation next = m_segmentation;
    next.labels() = std::move(labels);
    return append(step, std::move(next));
}

Result<LabelId> AnnotationSession::ensureLabel(const std::string& name)
{
    if (const Label* label = m_segmentation.labels().findByName(name)) {
        return label->id;
    }
    LabelSet labels = m_segmentation.labels();
    const auto id = labels.add(name);
    if (!id) {
        return fail(id.error());
    }
    const auto revision = changeLabels(name + " added", *id, std::move(labels));
    return revision ? Result<LabelId>(*id) : fail(revision.error());
}

Result<RevisionId> AnnotationSession::combine(StepRecord step, const SlicePlane& plane, int slice,
                                              const SliceMask& region, CombineMode mode)
{
    Segmentation next = m_segmentation;
    auto before = next.combine(step.label, plane, slice, region, mode, OverlapRule::activeLabelWins);
    if (!before) {
        return fail(before.error());
    }
    step.after = sameSlices(next, *before);
    step.before = std::move(*before);
    step.plane = plane.plane();
    step.slice = slice;
    step.mode = mode;
    if (step.kind == StepKind::accept) {
        const Mask& mask = next.mask(step.label);
        step.accepted = mask.empty() ? SliceMask(plane.width(), plane.height()) : mask.cut(plane, slice);
    }
    return append(step, std::move(next));
}

Result<RevisionId> AnnotationSession::import(const Segmentation& masks, const std::string& stepName)
{
    auto imported = importOf(masks, m_segmentation);
    if (!imported) {
        return fail(imported.error());
    }
    StepRecord step;
    step.kind = StepKind::import_;
    step.name = stepName;
    step.label = imported->first;
    step.labelsBefore = m_segmentation.labels();
    step.labelsAfter = imported->labels;
    Segmentation next = m_segmentation;
    next.labels() = std::move(imported->labels);
    step.before = next.exchange(std::move(imported->patch));
    step.after = sameSlices(next, step.before);
    return append(step, std::move(next));
}

Result<std::optional<RevisionId>> AnnotationSession::undo()
{
    auto revision = m_store->undo(m_key);
    if (revision && *revision) {
        if (auto loaded = reload(); !loaded) {
            return fail(loaded.error());
        }
    }
    return revision;
}

Result<std::optional<RevisionId>> AnnotationSession::redo()
{
    auto revision = m_store->redo(m_key);
    if (revision && *revision) {
        if (auto loaded = reload(); !loaded) {
            return fail(loaded.error());
        }
    }
    return revision;
}

Result<std::map<LabelId, AlgorithmType>> algorithmsOf(const AnnotationStore& store, SeriesKey key)
{
    const auto history = store.history(key);
    if (!history) {
        return fail(history.error());
    }
    std::map<LabelId, AlgorithmType> algorithms;
    for (const StoredStep& stored : *history) {
        if (!stored.undone && stored.step.kind == StepKind::accept) {
            algorithms[stored.step.label] = AlgorithmType::semiautomatic;
        }
    }
    return algorithms;
}

} // namespace icmoe::app
