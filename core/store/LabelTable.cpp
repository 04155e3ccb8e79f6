#include "core/store/LabelTable.h"

#include "core/store/Query.h"
#include "core/store/StoreError.h"

namespace icmoe::store {

LabelSetKey addLabelSet(SQLite::Database& database, SeriesKey series, const LabelSet& labels)
{
    Query set(database, "INSERT INTO label_set (series_id, next_id) VALUES (?, ?) RETURNING id");
    (set << series << labels.nextId()).next();
    const LabelSetKey key = set.integer(0);
    set.next();
    Query insert(database, R"(
        INSERT INTO label (label_set_id, label_id, name, red, green, blue, category_value, category_scheme,
                           category_meaning, type_value, type_scheme, type_meaning, visible, locked)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))");
    for (const Label& label : labels.labels()) {
        insert.again();
        insert << key << label.id << label.name << label.colour.red << label.colour.green << label.colour.blue
               << label.category.value << label.category.scheme << label.category.meaning << label.type.value
               << label.type.scheme << label.type.meaning << label.visible << label.locked;
        insert.run();
    }
    return key;
}

LabelSet labelSet(SQLite::Database& database, LabelSetKey key)
{
    Query set(database, "SELECT next_id FROM label_set WHERE id = ?");
    if (!(set << key).next()) {
        throw Failure{damaged("label set " + std::to_string(key) + " is missing")};
    }
    LabelSet labels;
    Query query(database, R"(
        SELECT label_id, name, red, green, blue, category_value, category_scheme, category_meaning, type_value,
               type_scheme, type_meaning, visible, locked
        FROM label WHERE label_set_id = ? ORDER BY label_id)");
    query << key;
    const auto channel = [&](int column) { return static_cast<std::uint8_t>(query.integer(column)); };
    while (query.next()) {
        labels.put({.id = query.number(0),
                    .name = query.text(1),
                    .colour = {channel(2), channel(3), channel(4)},
                    .category = {query.text(5), query.text(6), query.text(7)},
                    .type = {query.text(8), query.text(9), query.text(10)},
                    .visible = query.integer(11) != 0,
                    .locked = query.integer(12) != 0});
    }
    labels.reserveIds(set.number(0));
    return labels;
}

std::optional<LabelSetKey> presentLabels(SQLite::Database& database, SeriesKey series)
{
    Query query(database, "SELECT label_set_id FROM present_labels WHERE series_id = ?");
    return (query << series).next() ? std::optional(query.integer(0)) : std::nullopt;
}

void setPresentLabels(SQLite::Database& database, SeriesKey series, LabelSetKey key)
{
    Query query(database, "INSERT INTO present_labels (series_id, label_set_id) VALUES (?1, ?2) "
                          "ON CONFLICT (series_id) DO UPDATE SET label_set_id = ?2");
    (query << series << key).run();
}

} // namespace icmoe::store
