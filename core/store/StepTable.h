#pragma once

#include "core/store/AnnotationStore.h"

namespace SQLite {
class Database;
}

/// Steps, what became of them, and the log of revisions. All functions throw; those that write want a transaction.
namespace icmoe::store {

enum class Action { do_, undo, redo };

/// invalidArgument, geometryMismatch: a step that the series cannot hold.
void checkStep(const StepRecord& step, Size3 size);

/// Adds the step and its revision and drops undone steps. Does not change the present masks and labels.
RevisionId addStep(SQLite::Database& database, SeriesKey series, const StepRecord& step);

/// The step that undo or redo is about; nullopt: none.
[[nodiscard]] std::optional<RevisionId> stepToUndo(SQLite::Database& database, SeriesKey series);
[[nodiscard]] std::optional<RevisionId> stepToRedo(SQLite::Database& database, SeriesKey series);

/// Puts the present masks and labels as they are after the step (do, redo) or before it (undo).
void applyStep(SQLite::Database& database, SeriesKey series, RevisionId step, Action action);
/// Marks the step and logs the action; returns the new revision.
RevisionId logAction(SQLite::Database& database, SeriesKey series, RevisionId step, Action action);

/// Done and undone steps in order. databaseCorrupt where one does not decode.
[[nodiscard]] std::vector<StoredStep> history(SQLite::Database& database, SeriesKey series);
/// One step with everything that is stored about it.
[[nodiscard]] StepRecord readStep(SQLite::Database& database, RevisionId step, Size3 size);

} // namespace icmoe::store
