#include "core/store/StepTable.h"

#include "core/store/LabelTable.h"
#include "core/store/MaskCodec.h"
#include "core/store/Query.h"
#include "core/store/SegmentTable.h"
#include "core/store/SeriesTable.h"
#include "core/store/StoreError.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace icmoe::store {
namespace {

constexpr std::array<std::pair<StepKind, const char*>, 6> kKinds{{{StepKind::accept, "accept"},
                                                                  {StepKind::paint, "paint"},
                                                                  {StepKind::erase, "erase"},
                                                                  {StepKind::import_, "import"},
                                                                  {StepKind::label, "label"},
                                                                  {StepKind::propagate, "propagate"}}};
constexpr std::array<std::pair<CombineMode, const char*>, 3> kModes{
    {{CombineMode::replace, "replace"}, {CombineMode::add, "add"}, {CombineMode::subtract, "subtract"}}};
constexpr std::array<std::pair<Action, const char*>, 3> kActions{
    {{Action::do_, "do"}, {Action::undo, "undo"}, {Action::redo, "redo"}}};

template<typename Table, typename Value>
std::string nameIn(const Table& table, Value value)
{
    const auto found = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.first == value; });
    if (found == table.end()) {
        throw Failure{{ErrorCode::invalidArgument, "a step has an unknown kind or mode", {}, "Please report this"}};
    }
    return found->second;
}

template<typename Table>
auto valueIn(const Table& table, const std::string& name)
{
    const auto found = std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.second == name; });
    if (found == table.end()) {
        throw Failure{damaged("unknown kind or mode \"" + name + "\"")};
    }
    return found->first;
}

bool sameSlices(const SegmentationPatch& a, const SegmentationPatch& b)
{
    const auto sameKeys = [](const auto& x, const auto& y) { return x.first == y.first; };
    return std::equal(a.slices.begin(), a.slices.end(), b.slices.begin(), b.slices.end(),
                      [&](const auto& x, const auto& y) {
                          return x.first == y.first && std::equal(x.second.begin(), x.second.end(), y.second.begin(),
                                                                  y.second.end(), sameKeys);
                      });
}

Failure unfit(ErrorCode code, const char* what)
{
    return Failure{{code, std::string("a step cannot be stored: ") + what, {}, "Please report this"}};
}

std::size_t pixelsOf(const SliceMask& mask)
{
    return static_cast<std::size_t>(mask.width()) * static_cast<std::size_t>(mask.height());
}

/// Is there anything that belongs into the annotation table?
bool isAnnotation(const StepRecord& step)
{
    return step.kind == StepKind::accept || step.proposal || step.accepted || !step.prompts.empty() ||
           step.mode != CombineMode::replace || step.engine != EngineInfo{} || step.preview || step.vote;
}

void addVote(SQLite::Database& database, RevisionId id, const Vote& vote)
{
    Query insert(database,
                 "INSERT INTO vote (step_id, voters, boundary_disagreement, disagreement) VALUES (?, ?, ?, ?)");
    insert << id << voteToJson(vote) << vote.boundaryDisagreement;
    if (vote.disagreement.empty()) {
        insert << nullptr;
    } else {
        insert << std::span<const std::byte>(encodeMap(vote.disagreement));
    }
    insert.run();
}

/// The vote on a proposal; `proposal` tells the size of its map.
std::optional<Vote> readVote(SQLite::Database& database, RevisionId id, const std::optional<SliceMask>& proposal)
{
    Query row(database, "SELECT voters, disagreement FROM vote WHERE step_id = ?");
    if (!(row << id).next()) {
        return std::nullopt;
    }
    auto vote = voteFromJson(row.text(0));
    if (!vote) {
        throw Failure{damaged(vote.error().message)};
    }
    if (!proposal) {
        throw Failure{damaged("a vote on nothing")};
    }
    if (!row.isNull(1)) {
        auto map = decodeMap(row.blob(1), pixelsOf(*proposal));
        if (!map) {
            throw Failure{damaged("a map of disagreement: " + map.error().message)};
        }
        vote->disagreement = std::move(*map);
    }
    return std::move(*vote);
}

void addAnnotation(SQLite::Database& database, RevisionId id, const StepRecord& step)
{
    Query insert(database, R"(
        INSERT INTO annotation (step_id, proposal, proposal_area, accepted, accepted_area, mode, prompts, engine,
                                weights_sha256, experts_revision, precision, device, threads, preprocessing,
                                value_range, preview)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))");
    insert << id;
    for (const auto* mask : {&step.proposal, &step.accepted}) {
        if (*mask) {
            insert << std::span<const std::byte>(require(encodeMask(**mask))) << (*mask)->area();
        } else {
            insert << nullptr << nullptr;
        }
    }
    insert << nameIn(kModes, step.mode) << promptsToJson(step.prompts) << step.engine.engine
           << step.engine.weightsSha256 << step.engine.expertsRevision << step.engine.precision << step.engine.device
           << step.engine.threads << step.engine.preprocessing << step.engine.range << (step.preview ? 1 : 0);
    insert.run();
    if (step.vote) {
        addVote(database, id, *step.vote);
    }
}

void readAnnotation(SQLite::Database& database, RevisionId id, Size3 size, StepRecord& step)
{
    Query row(database, R"(
        SELECT proposal, accepted, mode, prompts, engine, weights_sha256, experts_revision, precision, device, threads,
               preprocessing, value_range, preview
        FROM annotation WHERE step_id = ?)");
    if (!(row << id).next()) {
        return;
    }
    if (!row.isNull(0)) {
        step.proposal = soundMask(row.blob(0), size);
    }
    if (!row.isNull(1)) {
        step.accepted = soundMask(row.blob(1), size);
    }
    step.mode = valueIn(kModes, row.text(2));
    auto prompts = promptsFromJson(row.text(3));
    if (!prompts) {
        throw Failure{damaged(prompts.error().message)};
    }
    step.prompts = std::move(*prompts);
    step.engine = {.engine = row.text(4),
                   .weightsSha256 = row.text(5),
                   .expertsRevision = row.text(6),
                   .precision = row.text(7),
                   .device = row.text(8),
                   .threads = row.number(9),
                   .preprocessing = row.number(10),
                   .range = row.text(11)};
    step.preview = row.integer(12) != 0;
    step.vote = readVote(database, id, step.proposal);
}

RevisionId addRevision(SQLite::Database& database, SeriesKey series, std::optional<RevisionId> step, Action action)
{
    Query last(database, "SELECT coalesce (max (id), 0) FROM revision");
    last.next();
    const RevisionId id = last.integer(0) + 1; // the exclusive lock keeps others from taking it
    Query insert(database, "INSERT INTO revision (id, series_id, action, step_id, utc) VALUES (?, ?, ?, ?, ?)");
    (insert << id << series << nameIn(kActions, action) << step.value_or(id) << utcNow()).run();
    return id;
}

/// The rows of the label sets before and after the step; a set that is the present one is not written again.
std::pair<LabelSetKey, LabelSetKey> addLabels(SQLite::Database& database, SeriesKey series, const StepRecord& step)
{
    const auto present = presentLabels(database, series);
    const bool known = present && labelSet(database, *present) == *step.labelsBefore;
    const LabelSetKey before = known ? *present : addLabelSet(database, series, *step.labelsBefore);
    const bool same = *step.labelsAfter == *step.labelsBefore;
    return {before, same ? before : addLabelSet(database, series, *step.labelsAfter)};
}

std::optional<RevisionId> firstOf(SQLite::Database& database, SeriesKey series, const std::string& sql)
{
    Query query(database, sql);
    (query << series).next();
    return query.isNull(0) ? std::nullopt : std::optional(query.integer(0));
}

/// NaN would come back as an error.
void checkVote(const Vote& vote, const std::optional<SliceMask>& proposal)
{
    const bool finite = std::all_of(vote.voters.begin(), vote.voters.end(), [](const VoterShare& voter) {
        return std::isfinite(voter.weight) && std::isfinite(voter.predictedIou);
    });
    if (!finite || !(vote.boundaryDisagreement >= 0 && vote.boundaryDisagreement <= 1)) {
        throw unfit(ErrorCode::invalidArgument, "the numbers of its vote must be finite, a disagreement 0 to 1");
    }
    if (!proposal) {
        throw unfit(ErrorCode::invalidArgument, "a vote needs the proposal that it was about");
    }
    if (!vote.disagreement.empty() && vote.disagreement.size() != pixelsOf(*proposal)) {
        throw unfit(ErrorCode::geometryMismatch, "the map of disagreement does not fit its proposal");
    }
}

} // namespace

void checkStep(const StepRecord& step, Size3 size)
{
    if (!sameSlices(step.before, step.after)) {
        throw unfit(ErrorCode::invalidArgument, "its slices before and after are not the same");
    }
    if (!fits(step.before, size) || !fits(step.after, size) || (step.proposal && !fits(*step.proposal, size)) ||
        (step.accepted && !fits(*step.accepted, size))) {
        throw unfit(ErrorCode::geometryMismatch, "its masks do not fit the series");
    }
    if (step.labelsBefore.has_value() != step.labelsAfter.has_value()) {
        throw unfit(ErrorCode::invalidArgument, "labels are needed before and after");
    }
    if (step.kind == StepKind::accept && !step.accepted) {
        throw unfit(ErrorCode::invalidArgument, "an acceptance needs the accepted mask, be it empty");
    }
    if (!std::isfinite(step.windowWidth) || !std::isfinite(step.windowLevel) || !std::isfinite(step.activeSeconds) ||
        !promptsFromJson(promptsToJson(step.prompts))) {
        throw unfit(ErrorCode::invalidArgument, "its numbers must be finite");
    }
    if (step.vote) {
        checkVote(*step.vote, step.proposal);
    }
}

RevisionId addStep(SQLite::Database& database, SeriesKey series, const StepRecord& step)
{
    Query drop(database, "UPDATE step_state SET state = 'dropped' WHERE series_id = ? AND state = 'undone'");
    (drop << series).run();
    const RevisionId id = addRevision(database, series, std::nullopt, Action::do_);
    Query insert(database, R"(
        INSERT INTO step (id, series_id, kind, name, label_id, before_patch, after_patch, labels_before, labels_after,
                          plane, slice, window_width, window_level, image_key, author, utc, active_seconds, clicks,
                          strokes)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))");
    insert << id << series << nameIn(kKinds, step.kind) << step.name << step.label
           << std::span<const std::byte>(require(encodePatch(step.before)))
           << std::span<const std::byte>(require(encodePatch(step.after)));
    if (step.labelsBefore) {
        const auto [before, after] = addLabels(database, series, step);
        insert << before << after;
    } else {
        insert << nullptr << nullptr;
    }
    insert << std::string(name(step.plane)) << step.slice << step.windowWidth << step.windowLevel << step.imageKey
           << step.author << (step.utc.empty() ? utcNow() : step.utc) << step.activeSeconds << step.clicks
           << step.strokes;
    insert.run();
    if (isAnnotation(step)) {
        addAnnotation(database, id, step);
    }
    Query state(database, "INSERT INTO step_state (step_id, series_id, state) VALUES (?, ?, 'done')");
    (state << id << series).run();
    return id;
}

std::optional<RevisionId> stepToUndo(SQLite::Database& database, SeriesKey series)
{
    return firstOf(database, series, "SELECT max (step_id) FROM step_state WHERE series_id = ? AND state = 'done'");
}

std::optional<RevisionId> stepToRedo(SQLite::Database& database, SeriesKey series)
{
    return firstOf(database, series, "SELECT min (step_id) FROM step_state WHERE series_id = ? AND state = 'undone'");
}

void applyStep(SQLite::Database& database, SeriesKey series, RevisionId step, Action action)
{
    const std::string side = action == Action::undo ? "before" : "after";
    Query row(database, "SELECT " + side + "_patch, labels_" + side + " FROM step WHERE id = ?");
    if (!(row << step).next()) {
        throw Failure{damaged("step " + std::to_string(step) + " is missing")};
    }
    applyPatch(database, series, soundPatch(row.blob(0), sizeOf(database, series)));
    if (!row.isNull(1)) {
        setPresentLabels(database, series, row.integer(1));
    }
}

RevisionId logAction(SQLite::Database& database, SeriesKey series, RevisionId step, Action action)
{
    Query state(database, "UPDATE step_state SET state = ? WHERE step_id = ?");
    (state << std::string(action == Action::undo ? "undone" : "done") << step).run();
    return addRevision(database, series, step, action);
}

StepRecord readStep(SQLite::Database& database, RevisionId id, Size3 size)
{
    Query row(database, R"(
        SELECT kind, name, label_id, before_patch, after_patch, labels_before, labels_after, plane, slice, window_width,
               window_level, image_key, author, utc, active_seconds, clicks, strokes
        FROM step WHERE id = ?)");
    if (!(row << id).next()) {
        throw Failure{damaged("step " + std::to_string(id) + " is missing")};
    }
    const auto plane = planeFromName(row.text(7));
    if (!plane) {
        throw Failure{damaged("unknown plane \"" + row.text(7) + "\"")};
    }
    StepRecord step;
    step.kind = valueIn(kKinds, row.text(0));
    step.name = row.text(1);
    step.label = row.number(2);
    step.before = soundPatch(row.blob(3), size);
    step.after = soundPatch(row.blob(4), size);
    if (!row.isNull(5)) {
        step.labelsBefore = labelSet(database, row.integer(5));
        step.labelsAfter = labelSet(database, row.integer(6));
    }
    step.plane = *plane;
    step.slice = row.number(8);
    step.windowWidth = row.real(9);
    step.windowLevel = row.real(10);
    step.imageKey = row.text(11);
    step.author = row.text(12);
    step.utc = row.text(13);
    step.activeSeconds = row.real(14);
    step.clicks = row.number(15);
    step.strokes = row.number(16);
    readAnnotation(database, id, size, step);
    if (!sameSlices(step.before, step.after)) {
        throw Failure{damaged("step " + std::to_string(id) + " has other slices before than after")};
    }
    return step;
}

std::vector<StoredStep> history(SQLite::Database& database, SeriesKey series)
{
    const Size3 size = sizeOf(database, series);
    std::vector<StoredStep> steps;
    Query query(database, "SELECT step_id, state FROM step_state WHERE series_id = ? AND state <> 'dropped' "
                          "ORDER BY step_id"); // undone steps are always younger than done ones
    query << series;
    while (query.next()) {
        const RevisionId id = query.integer(0);
        steps.push_back({id, readStep(database, id, size), query.text(1) == "undone"});
    }
    return steps;
}

} // namespace icmoe::store
