#pragma once

#include "core/base/Result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace icmoe {

struct Colour {
    std::uint8_t red = 0;
    std::uint8_t green = 0;
    std::uint8_t blue = 0;
    bool operator==(const Colour&) const = default;
};

/// A coded concept: ("10200004", "SCT", "Liver").
struct Code {
    std::string value;
    std::string scheme;
    std::string meaning;
    bool operator==(const Code&) const = default;
};

using LabelId = int; ///< 1, 2, … : the number shown beside the colour; 0 is background

struct Label {
    LabelId id = 0;
    std::string name;
    Colour colour;
    Code category{"85756007", "SCT", "Tissue"}; ///< Segmented Property Category
    Code type{"85756007", "SCT", "Tissue"};     ///< Segmented Property Type
    bool visible = true;
    bool locked = false; ///< never overwritten
    bool operator==(const Label&) const = default;
};

/// Colour of the n-th label (1-based) by the palette of window.md; from 13 on colours repeat.
[[nodiscard]] Colour paletteColour(LabelId id);
[[nodiscard]] int paletteSize();

/// Labels in their order; ids are unique and never used again within a set.
class LabelSet {
public:
    [[nodiscard]] const std::vector<Label>& labels() const { return m_labels; }
    [[nodiscard]] const Label* find(LabelId id) const;
    [[nodiscard]] const Label* findByName(std::string_view name) const;
    /// Adds a label with the next id and palette colour. invalidArgument for an empty or taken name.
    Result<LabelId> add(std::string name);
    /// Adds or replaces by id, keeping all fields (imports, undo).
    void put(Label label);
    Status remove(LabelId id);
    /// The id that add() will give, and the way to keep it where a set is stored: ids below `next` are not given again.
    [[nodiscard]] LabelId nextId() const { return m_next; }
    void reserveIds(LabelId next) { m_next = m_next < next ? next : m_next; }
    bool operator==(const LabelSet&) const = default;

private:
    std::vector<Label> m_labels;
    LabelId m_next = 1;
};

} // namespace icmoe
