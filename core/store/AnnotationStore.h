#pragma once

#include "core/base/Result.h"
#include "core/engine/Proposal.h"
#include "core/mask/Segmentation.h"
#include "core/study/Study.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace icmoe {

using SeriesKey = std::int64_t;  ///< row of a stored series
using RevisionId = std::int64_t; ///< grows with each stored change of a series

/// Which picture annotations belong to: patient identifiers stay out of the database but for UIDs.
struct SeriesIdentity {
    std::string studyUid;
    std::string seriesUid; ///< for pictures without UIDs: "2.25.…" made from the pixel hash
    std::string splitKey;
    std::string pixelHash; ///< SHA-256 of the stored values
    std::string frameOfReferenceUid;
    std::string modality;
    Size3 size;
};

enum class StepKind { accept, paint, erase, import_, label, propagate };

/// The UID of a picture that has none ("2.25.…"), from its pixel hash: the same pixels get the same UID everywhere.
[[nodiscard]] std::string pictureUid(std::string_view pixelHash);

/// One user step: what changed, and for accepted proposals all that is needed to learn from it later. Append-only.
struct StepRecord {
    StepKind kind = StepKind::paint;
    std::string name; ///< as the history shows it: "Putamen brushed"
    LabelId label = 0;
    SegmentationPatch before;             ///< what the touched slices held before; empty masks are kept as such
    SegmentationPatch after;              ///< and after
    std::optional<LabelSet> labelsBefore; ///< for label steps
    std::optional<LabelSet> labelsAfter;
    // for StepKind::accept
    std::optional<SliceMask> proposal; ///< as the engine gave it
    std::optional<SliceMask> accepted; ///< empty: "examined, nothing there"
    CombineMode mode = CombineMode::replace;
    std::vector<Prompt> prompts;
    Plane plane = Plane::acquisition;
    int slice = 0;
    double windowWidth = 0;
    double windowLevel = 0;
    EngineInfo engine;
    bool preview = false;     ///< `proposal` was a quick answer, accepted before the full one came
    std::optional<Vote> vote; ///< how `proposal` came about; none where there was no vote on it
    std::string imageKey;
    std::string author;
    double activeSeconds = 0;
    int clicks = 0;
    int strokes = 0;
    std::string utc; ///< ISO 8601, filled by the store where empty
};

struct StoredStep {
    RevisionId revision = 0; ///< what append() returned
    StepRecord step;
    bool undone = false; ///< can be redone
};

/// Where the annotator was.
struct ViewState {
    int sliceAxial = 0;
    int sliceSagittal = 0;
    int sliceCoronal = 0;
    double zoom = 1;
    double panX = 0;
    double panY = 0;
    double windowWidth = 0;
    double windowLevel = 0;
    LabelId label = 0;
    std::string layout;
    bool operator==(const ViewState&) const = default;
};

struct StoredSeries {
    SeriesKey key = 0;
    SeriesIdentity identity;
    std::string openedUtc;
    int labelsDone = 0; ///< labels of the present set that have voxels, or were examined with nothing there
};

/// The annotations of one user in one SQLite file. Lives on one thread (the store thread). Every change is one
/// transaction that is on the disk when the function returns (rollback journal, synchronous=EXTRA, exclusive lock).
class AnnotationStore {
public:
    struct Options {
        bool readOnly = false;
        bool checkIntegrity = true;
        std::string vfs; ///< tests: a fault-injecting VFS
    };
    /// databaseLocked: another program has it. databaseReadOnly: the folder or file cannot be written, or an older
    /// database would have to be migrated while readOnly. databaseCorrupt, databaseTooNew: as they say. unknownFormat:
    /// a database of another program. notFound: readOnly and no file. Creates the file (0600) and its folder (0700),
    /// rolls back what a crash left half done, migrates older versions.
    [[nodiscard]] static Result<std::unique_ptr<AnnotationStore>> open(const std::filesystem::path& file,
                                                                       const Options& options);
    [[nodiscard]] static Result<std::unique_ptr<AnnotationStore>> open(const std::filesystem::path& file)
    {
        return open(file, Options{});
    }
    ~AnnotationStore();

    // Every function: databaseFailed where the disk fails, databaseCorrupt where what is stored makes no sense,
    // notFound for an unknown series. Those that write: diskFull, databaseReadOnly. After an error nothing of the call
    // is there, but for one case: a disk that fails while the very last byte of a transaction is flushed (load()
    // tells).

    /// Finds or adds a series. Without a UID it gets pictureUid(), without a study UID one made from the series'.
    /// geometryMismatch, imageChanged: the stored annotations were made on other pictures. An empty pixel hash fits
    /// all, and is filled in once it is known. invalidArgument: neither UID nor hash.
    Result<SeriesKey> openSeries(const SeriesIdentity& identity);
    [[nodiscard]] Result<std::vector<StoredSeries>> series() const;
    [[nodiscard]] Result<std::optional<StoredSeries>> findSeries(std::string_view seriesUid,
                                                                 std::string_view splitKey = {}) const;
    /// The present state: all steps that are not undone.
    [[nodiscard]] Result<Segmentation> load(SeriesKey series) const;
    /// Steps in order, undone ones at the end.
    [[nodiscard]] Result<std::vector<StoredStep>> history(SeriesKey series) const;

    /// Appends a step and applies it; steps that were undone are dropped from the history (kept in the revisions).
    /// The slices of `before` and `after` must be the same ones; labels are given before and after or not at all; an
    /// acceptance has an accepted mask, a vote has finite numbers and a proposal that it was about (invalidArgument).
    /// geometryMismatch: masks that do not fit the series, a map of disagreement that does not fit the proposal.
    /// limitExceeded: a step of millions of runs.
    Result<RevisionId> append(SeriesKey series, const StepRecord& step);
    /// Marks the last step undone / the first undone one done again, and applies it. Returns the revision of this
    /// change (not of the step); nullopt: nothing to do.
    Result<std::optional<RevisionId>> undo(SeriesKey series);
    Result<std::optional<RevisionId>> redo(SeriesKey series);

    Status saveViewState(SeriesKey series, const ViewState& state);
    [[nodiscard]] Result<std::optional<ViewState>> viewState(SeriesKey series) const;

    /// PRAGMA integrity_check, foreign keys, every mask decodes, present state equals the replayed steps.
    [[nodiscard]] Status verify() const;
    [[nodiscard]] const std::filesystem::path& file() const;
    [[nodiscard]] bool isReadOnly() const;
    [[nodiscard]] int schemaVersion() const;

private:
    struct Private;
    explicit AnnotationStore(std::unique_ptr<Private> p);
    std::unique_ptr<Private> d;
};

} // namespace icmoe
