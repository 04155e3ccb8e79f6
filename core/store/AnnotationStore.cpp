#include "core/store/AnnotationStore.h"

#include "core/dicom/Uid.h"
#include "core/store/Connection.h"
#include "core/store/LabelTable.h"
#include "core/store/Query.h"
#include "core/store/Schema.h"
#include "core/store/SegmentTable.h"
#include "core/store/SeriesTable.h"
#include "core/store/StepTable.h"
#include "core/store/StoreError.h"
#include "core/store/Verification.h"

#include <SQLiteCpp/Database.h>

namespace icmoe {

using store::guarded;

struct AnnotationStore::Private {
    std::filesystem::path path;
    std::string name; // the path, for errors
    bool readOnly = false;
    std::unique_ptr<SQLite::Database> database;

    [[nodiscard]] sqlite3* handle() const { return database->getHandle(); }

    void checkWritable() const
    {
        if (readOnly) {
            throw store::Failure{store::readOnly("it was opened for viewing", name)};
        }
    }

    /// Undo and redo differ in which step they are about.
    std::optional<RevisionId> step(SeriesKey series, store::Action action) const
    {
        checkWritable();
        store::sizeOf(*database, series);
        store::Transaction transaction(*database);
        const auto step =
            action == store::Action::undo ? store::stepToUndo(*database, series) : store::stepToRedo(*database, series);
        if (!step) {
            return std::nullopt;
        }
        const RevisionId revision = store::logAction(*database, series, *step, action);
        store::applyStep(*database, series, *step, action);
        transaction.commit();
        return revision;
    }
};

std::string pictureUid(std::string_view pixelHash)
{
    return uidFromText(pixelHash);
}

Result<std::unique_ptr<AnnotationStore>> AnnotationStore::open(const std::filesystem::path& file,
                                                               const Options& options)
{
    return guarded<Result<std::unique_ptr<AnnotationStore>>>(nullptr, file.string(), [&] {
        auto p = std::make_unique<Private>();
        p->path = file;
        p->name = file.string();
        p->readOnly = options.readOnly;
        p->database = store::connect(file, options);
        return std::unique_ptr<AnnotationStore>(new AnnotationStore(std::move(p)));
    });
}

AnnotationStore::AnnotationStore(std::unique_ptr<Private> p)
    : d(std::move(p))
{
}

AnnotationStore::~AnnotationStore() = default;

Result<SeriesKey> AnnotationStore::openSeries(const SeriesIdentity& identity)
{
    return guarded<Result<SeriesKey>>(d->handle(), d->name,
                                      [&] { return store::openSeries(*d->database, identity, !d->readOnly); });
}

Result<std::vector<StoredSeries>> AnnotationStore::series() const
{
    return guarded<Result<std::vector<StoredSeries>>>(d->handle(), d->name,
                                                      [&] { return store::allSeries(*d->database); });
}

Result<std::optional<StoredSeries>> AnnotationStore::findSeries(std::string_view seriesUid,
                                                                std::string_view splitKey) const
{
    return guarded<Result<std::optional<StoredSeries>>>(
        d->handle(), d->name, [&] { return store::findSeries(*d->database, seriesUid, splitKey); });
}

Result<Segmentation> AnnotationStore::load(SeriesKey series) const
{
    return guarded<Result<Segmentation>>(d->handle(), d->name, [&] {
        const Size3 size = store::sizeOf(*d->database, series);
        Segmentation segmentation(size);
        if (const auto labels = store::presentLabels(*d->database, series)) {
            segmentation.labels() = store::labelSet(*d->database, *labels);
        }
        SegmentationPatch slices = store::presentSlices(*d->database, series);
        if (!store::fits(slices, size)) {
            throw store::Failure{store::damaged("a stored mask lies outside its series")};
        }
        segmentation.exchange(std::move(slices));
        return segmentation;
    });
}

Result<std::vector<StoredStep>> AnnotationStore::history(SeriesKey series) const
{
    return guarded<Result<std::vector<StoredStep>>>(d->handle(), d->name,
                                                    [&] { return store::history(*d->database, series); });
}

Result<RevisionId> AnnotationStore::append(SeriesKey series, const StepRecord& step)
{
    return guarded<Result<RevisionId>>(d->handle(), d->name, [&] {
        d->checkWritable();
        store::checkStep(step, store::sizeOf(*d->database, series));
        store::Transaction transaction(*d->database);
        const RevisionId revision = store::addStep(*d->database, series, step);
        store::applyStep(*d->database, series, revision, store::Action::do_);
        transaction.commit();
        return revision;
    });
}

Result<std::optional<RevisionId>> AnnotationStore::undo(SeriesKey series)
{
    return guarded<Result<std::optional<RevisionId>>>(d->handle(), d->name,
                                                      [&] { return d->step(series, store::Action::undo); });
}

Result<std::optional<RevisionId>> AnnotationStore::redo(SeriesKey series)
{
    return guarded<Result<std::optional<RevisionId>>>(d->handle(), d->name,
                                                      [&] { return d->step(series, store::Action::redo); });
}

Status AnnotationStore::saveViewState(SeriesKey series, const ViewState& state)
{
    return guarded<Status>(d->handle(), d->name, [&] {
        d->checkWritable();
        store::saveViewState(*d->database, series, state);
    });
}

Result<std::optional<ViewState>> AnnotationStore::viewState(SeriesKey series) const
{
    return guarded<Result<std::optional<ViewState>>>(d->handle(), d->name,
                                                     [&] { return store::viewState(*d->database, series); });
}

Status AnnotationStore::verify() const
{
    return guarded<Status>(d->handle(), d->name, [&] { store::verifyDatabase(*d->database); });
}

const std::filesystem::path& AnnotationStore::file() const
{
    return d->path;
}

bool AnnotationStore::isReadOnly() const
{
    return d->readOnly;
}

int AnnotationStore::schemaVersion() const
{
    return store::schemaVersion(); // open() brings every database to it
}

} // namespace icmoe
