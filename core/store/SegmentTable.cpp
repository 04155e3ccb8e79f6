#include "core/store/SegmentTable.h"

#include "core/store/MaskCodec.h"
#include "core/store/Query.h"
#include "core/store/StoreError.h"

#include <algorithm>
#include <span>

namespace icmoe::store {
namespace {

template<typename T>
T soundOf(Result<T> decoded)
{
    if (!decoded) {
        throw Failure{damaged(decoded.error().message)};
    }
    return std::move(*decoded);
}

} // namespace

void applyPatch(SQLite::Database& database, SeriesKey series, const SegmentationPatch& patch)
{
    Query erase(database, "DELETE FROM segment_slice WHERE series_id = ? AND label_id = ? AND slice = ?");
    Query put(database,
              "INSERT INTO segment_slice (series_id, label_id, slice, mask, area) VALUES (?1, ?2, ?3, ?4, ?5) "
              "ON CONFLICT DO UPDATE SET mask = ?4, area = ?5");
    for (const auto& [label, slices] : patch.slices) {
        for (const auto& [k, mask] : slices) {
            Query& query = mask.empty() ? erase : put;
            query.again();
            query << series << label << k;
            if (!mask.empty()) {
                query << std::span<const std::byte>(require(encodeMask(mask))) << mask.area();
            }
            query.run();
        }
    }
}

SegmentationPatch presentSlices(SQLite::Database& database, SeriesKey series)
{
    SegmentationPatch patch;
    Query query(database,
                "SELECT label_id, slice, mask FROM segment_slice WHERE series_id = ? ORDER BY label_id, slice");
    query << series;
    while (query.next()) {
        patch.slices[query.number(0)].emplace(query.number(1), soundOf(decodeMask(query.blob(2))));
    }
    return patch;
}

SegmentationPatch soundPatch(std::span<const std::byte> bytes, Size3 size)
{
    SegmentationPatch patch = soundOf(decodePatch(bytes));
    if (!fits(patch, size)) {
        throw Failure{damaged("a stored step lies outside its series")};
    }
    return patch;
}

SliceMask soundMask(std::span<const std::byte> bytes, Size3 size)
{
    SliceMask mask = soundOf(decodeMask(bytes));
    if (!fits(mask, size)) {
        throw Failure{damaged("a stored mask is larger or smaller than its slice")};
    }
    return mask;
}

bool fits(const SegmentationPatch& patch, Size3 size)
{
    return std::all_of(patch.slices.begin(), patch.slices.end(), [size](const auto& entry) {
        return entry.first > 0 && std::all_of(entry.second.begin(), entry.second.end(), [size](const auto& slice) {
                   return slice.first >= 0 && slice.first < size[2] && slice.second.width() == size[0] &&
                          slice.second.height() == size[1];
               });
    });
}

bool fits(const SliceMask& mask, Size3 size)
{
    const auto isSide = [size](int length) { return length == size[0] || length == size[1] || length == size[2]; };
    return isSide(mask.width()) && isSide(mask.height());
}

} // namespace icmoe::store
