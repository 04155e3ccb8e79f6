#include "core/store/Verification.h"

#include "core/store/Connection.h"
#include "core/store/LabelTable.h"
#include "core/store/Query.h"
#include "core/store/SegmentTable.h"
#include "core/store/SeriesTable.h"
#include "core/store/StepTable.h"
#include "core/store/StoreError.h"

namespace icmoe::store {
namespace {

enum class StepState { done, undone, dropped };

/// What the revisions of a series lead to.
struct Replayed {
    std::map<RevisionId, StepState> states;
    SegmentationPatch slices; // without empty ones
    std::optional<LabelSetKey> labels;
};

void checkForeignKeys(SQLite::Database& database)
{
    Query check(database, "PRAGMA foreign_key_check");
    if (check.next()) {
        throw Failure{damaged("a row of " + check.text(0) + " refers to nothing in " + check.text(2))};
    }
}

void put(SegmentationPatch& present, const SegmentationPatch& patch)
{
    for (const auto& [label, slices] : patch.slices) {
        auto& masks = present.slices[label];
        for (const auto& [k, mask] : slices) {
            if (mask.empty()) {
                masks.erase(k);
            } else {
                masks.insert_or_assign(k, mask);
            }
        }
        if (masks.empty()) {
            present.slices.erase(label);
        }
    }
}

/// The label sets of a step: before and after.
std::optional<std::pair<LabelSetKey, LabelSetKey>> labelKeys(SQLite::Database& database, RevisionId step)
{
    Query row(database, "SELECT labels_before, labels_after FROM step WHERE id = ? AND labels_before IS NOT NULL");
    return (row << step).next() ? std::optional(std::pair(row.integer(0), row.integer(1))) : std::nullopt;
}

void replay(SQLite::Database& database, Replayed& series, RevisionId id, const std::string& action, Size3 size)
{
    const StepRecord step = readStep(database, id, size);
    const bool undo = action == "undo";
    if (action == "do") {
        for (auto& [other, state] : series.states) {
            state = state == StepState::undone ? StepState::dropped : state;
        }
    }
    series.states[id] = undo ? StepState::undone : StepState::done;
    put(series.slices, undo ? step.before : step.after);
    if (const auto keys = labelKeys(database, id)) {
        series.labels = undo ? keys->first : keys->second;
    }
}

Replayed replayed(SQLite::Database& database, SeriesKey key, Size3 size)
{
    Replayed series;
    Query log(database, "SELECT action, step_id FROM revision WHERE series_id = ? ORDER BY id");
    log << key;
    while (log.next()) {
        replay(database, series, log.integer(1), log.text(0), size);
    }
    return series;
}

std::map<RevisionId, StepState> storedStates(SQLite::Database& database, SeriesKey key)
{
    std::map<RevisionId, StepState> states;
    Query query(database, "SELECT step_id, state FROM step_state WHERE series_id = ?");
    query << key;
    while (query.next()) {
        const std::string state = query.text(1);
        states[query.integer(0)] = state == "done"     ? StepState::done
                                   : state == "undone" ? StepState::undone
                                                       : StepState::dropped;
    }
    return states;
}

void verifySeries(SQLite::Database& database, SeriesKey key)
{
    const std::string name = "series " + std::to_string(key);
    const Replayed expected = replayed(database, key, sizeOf(database, key));
    Query steps(database, "SELECT count(*) FROM step WHERE series_id = ?");
    (steps << key).next();
    if (steps.integer(0) != static_cast<std::int64_t>(expected.states.size())) {
        throw Failure{damaged(name + " has steps without a revision")};
    }
    if (storedStates(database, key) != expected.states) {
        throw Failure{damaged("the history of " + name + " is not what its revisions lead to")};
    }
    if (presentSlices(database, key) != expected.slices) {
        throw Failure{damaged("the masks of " + name + " are not what its revisions lead to")};
    }
    if (presentLabels(database, key) != expected.labels) {
        throw Failure{damaged("the labels of " + name + " are not what its revisions lead to")};
    }
    if (expected.labels) {
        static_cast<void>(labelSet(database, *expected.labels));
    }
}

} // namespace

void verifyDatabase(SQLite::Database& database)
{
    checkIntegrity(database);
    checkForeignKeys(database);
    Query query(database, "SELECT id FROM series ORDER BY id");
    while (query.next()) {
        verifySeries(database, query.integer(0));
    }
}

} // namespace icmoe::store
