#include "core/store/SeriesTable.h"

#include "core/dicom/Uid.h"
#include "core/store/Query.h"
#include "core/store/StoreError.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace icmoe::store {
namespace {

constexpr const char* kSelectSeries = R"(
    SELECT series.id, study_uid, series_uid, split_key, pixel_hash, frame_of_reference_uid, modality, width, height,
           depth, opened_utc,
           (SELECT count(*) FROM (
                SELECT label_id FROM segment_slice WHERE segment_slice.series_id = series.id
                UNION
                SELECT step.label_id FROM step_state
                    JOIN step ON step.id = step_state.step_id JOIN annotation ON annotation.step_id = step.id
                    WHERE step_state.series_id = series.id AND state = 'done' AND accepted_area = 0)
            WHERE label_id IN (SELECT label_id FROM label JOIN present_labels USING (label_set_id)
                               WHERE present_labels.series_id = series.id)
               OR NOT EXISTS (SELECT 1 FROM present_labels WHERE present_labels.series_id = series.id))
    FROM series JOIN study ON study.id = study_id )";

StoredSeries seriesFrom(const Query& row)
{
    StoredSeries series;
    series.key = row.integer(0);
    series.identity.studyUid = row.text(1);
    series.identity.seriesUid = row.text(2);
    series.identity.splitKey = row.text(3);
    series.identity.pixelHash = row.text(4);
    series.identity.frameOfReferenceUid = row.text(5);
    series.identity.modality = row.text(6);
    series.identity.size = {row.number(7), row.number(8), row.number(9)};
    series.openedUtc = row.text(10);
    series.labelsDone = row.number(11);
    return series;
}

std::string sizeText(Size3 size)
{
    return std::to_string(size[0]) + " × " + std::to_string(size[1]) + " × " + std::to_string(size[2]);
}

void checkSamePictures(const SeriesIdentity& stored, const SeriesIdentity& given)
{
    if (stored.size != given.size) {
        throw Failure{{ErrorCode::geometryMismatch,
                       "the annotations were made on " + sizeText(stored.size) + " voxels, this series has " +
                           sizeText(given.size),
                       {},
                       "Open the whole series, or store elsewhere"}};
    }
    if (!stored.pixelHash.empty() && !given.pixelHash.empty() && stored.pixelHash != given.pixelHash) {
        throw Failure{{ErrorCode::imageChanged,
                       "the pictures of this series are not those that the stored annotations were made on",
                       {},
                       "Open the original pictures, or store elsewhere"}};
    }
}

std::int64_t studyKey(SQLite::Database& database, const std::string& uid)
{
    Query insert(database, "INSERT INTO study (study_uid) VALUES (?) ON CONFLICT DO NOTHING");
    (insert << uid).run();
    Query find(database, "SELECT id FROM study WHERE study_uid = ?");
    (find << uid).next();
    return find.integer(0);
}

SeriesKey addSeries(SQLite::Database& database, const SeriesIdentity& identity)
{
    const std::int64_t study = studyKey(database, identity.studyUid);
    Query insert(database, R"(
        INSERT INTO series (study_id, series_uid, split_key, pixel_hash, frame_of_reference_uid, modality, width,
                            height, depth, opened_utc)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id)");
    insert << study << identity.seriesUid << identity.splitKey << identity.pixelHash << identity.frameOfReferenceUid
           << identity.modality << identity.size[0] << identity.size[1] << identity.size[2] << utcNow();
    insert.next();
    const SeriesKey key = insert.integer(0);
    insert.next(); // to its end: a statement that waits would hold the transaction
    return key;
}

} // namespace

std::string utcNow()
{
    const auto now = std::chrono::system_clock::now();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    std::tm utc = {};
    ::gmtime_r(&seconds, &utc);
    char text[48];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(text + length, sizeof text - length, ".%03dZ", static_cast<int>(milliseconds));
    return text;
}

SeriesIdentity completed(SeriesIdentity identity)
{
    if (identity.seriesUid.empty() && identity.pixelHash.empty()) {
        throw Failure{{ErrorCode::invalidArgument,
                       "a series needs a UID or the hash of its pixels",
                       {},
                       "Load the whole picture first"}};
    }
    for (int axis = 0; axis < 3; ++axis) {
        if (identity.size[axis] < 1 || identity.size[axis] > 65535) {
            throw Failure{{ErrorCode::limitExceeded,
                           "a series of " + sizeText(identity.size) + " voxels cannot be stored",
                           {},
                           "1 to 65535 voxels a side"}};
        }
    }
    if (identity.seriesUid.empty()) {
        identity.seriesUid = pictureUid(identity.pixelHash);
    }
    if (identity.studyUid.empty()) {
        identity.studyUid = uidFromText("study of " + identity.seriesUid);
    }
    return identity;
}

SeriesKey openSeries(SQLite::Database& database, const SeriesIdentity& identity, bool write)
{
    const SeriesIdentity wanted = completed(identity);
    if (!write) {
        const auto found = findSeries(database, wanted.seriesUid, wanted.splitKey);
        if (!found) {
            throw Failure{readOnly("it does not have this series", {})};
        }
        checkSamePictures(found->identity, wanted);
        return found->key;
    }
    Transaction transaction(database);
    const auto found = findSeries(database, wanted.seriesUid, wanted.splitKey);
    SeriesKey key = 0;
    if (found) {
        checkSamePictures(found->identity, wanted);
        key = found->key;
        Query update(database, "UPDATE series SET opened_utc = ?1, "
                               "pixel_hash = CASE pixel_hash WHEN '' THEN ?2 ELSE pixel_hash END WHERE id = ?3");
        (update << utcNow() << wanted.pixelHash << key).run();
    } else {
        key = addSeries(database, wanted);
    }
    transaction.commit();
    return key;
}

std::vector<StoredSeries> allSeries(SQLite::Database& database)
{
    std::vector<StoredSeries> list;
    Query query(database, std::string(kSelectSeries) + "ORDER BY opened_utc DESC, series.id DESC");
    while (query.next()) {
        list.push_back(seriesFrom(query));
    }
    return list;
}

std::optional<StoredSeries> findSeries(SQLite::Database& database, std::string_view uid, std::string_view splitKey)
{
    Query query(database, std::string(kSelectSeries) + "WHERE series_uid = ? AND split_key = ?");
    query << std::string(uid) << std::string(splitKey);
    return query.next() ? std::optional(seriesFrom(query)) : std::nullopt;
}

Size3 sizeOf(SQLite::Database& database, SeriesKey series)
{
    Query query(database, "SELECT width, height, depth FROM series WHERE id = ?");
    if (!(query << series).next()) {
        throw Failure{
            {ErrorCode::notFound, "the database has no series " + std::to_string(series), {}, "Open the series first"}};
    }
    return {query.number(0), query.number(1), query.number(2)};
}

void saveViewState(SQLite::Database& database, SeriesKey series, const ViewState& state)
{
    sizeOf(database, series);
    for (const double value : {state.zoom, state.panX, state.panY, state.windowWidth, state.windowLevel}) {
        if (!std::isfinite(value)) {
            throw Failure{{ErrorCode::invalidArgument, "zoom, pan and window must be finite", {}, "Reset the view"}};
        }
    }
    Transaction transaction(database);
    Query query(database, R"(
        INSERT INTO view_state (series_id, slice_axial, slice_sagittal, slice_coronal, zoom, pan_x, pan_y, window_width,
                                window_level, label_id, layout, utc)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
        ON CONFLICT (series_id) DO UPDATE SET slice_axial = ?2, slice_sagittal = ?3, slice_coronal = ?4, zoom = ?5,
            pan_x = ?6, pan_y = ?7, window_width = ?8, window_level = ?9, label_id = ?10, layout = ?11, utc = ?12)");
    query << series << state.sliceAxial << state.sliceSagittal << state.sliceCoronal << state.zoom << state.panX
          << state.panY << state.windowWidth << state.windowLevel << state.label << state.layout << utcNow();
    query.run();
    transaction.commit();
}

std::optional<ViewState> viewState(SQLite::Database& database, SeriesKey series)
{
    sizeOf(database, series);
    Query query(database, R"(
        SELECT slice_axial, slice_sagittal, slice_coronal, zoom, pan_x, pan_y, window_width, window_level, label_id,
               layout
        FROM view_state WHERE series_id = ?)");
    if (!(query << series).next()) {
        return std::nullopt;
    }
    ViewState state;
    state.sliceAxial = query.number(0);
    state.sliceSagittal = query.number(1);
    state.sliceCoronal = query.number(2);
    state.zoom = query.real(3);
    state.panX = query.real(4);
    state.panY = query.real(5);
    state.windowWidth = query.real(6);
    state.windowLevel = query.real(7);
    state.label = query.number(8);
    state.layout = query.text(9);
    return state;
}

} // namespace icmoe::store
