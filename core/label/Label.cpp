#include "core/label/Label.h"

#include <algorithm>
#include <array>

namespace icmoe {
namespace {

constexpr std::array<Colour, 12> kPalette{Colour{0x8B, 0xCD, 0xA0}, Colour{0xCD, 0x69, 0x00}, Colour{0x07, 0x84, 0x91},
                                          Colour{0xED, 0xB3, 0xEA}, Colour{0xF1, 0xF4, 0x54}, Colour{0x55, 0x56, 0xC5},
                                          Colour{0xBC, 0x93, 0xFF}, Colour{0xEF, 0x5F, 0xBE}, Colour{0xB1, 0x9D, 0x66},
                                          Colour{0xBD, 0xC0, 0x3B}, Colour{0xB2, 0x3E, 0x0D}, Colour{0x8E, 0x56, 0x47}};

} // namespace

Colour paletteColour(LabelId id)
{
    const auto index = static_cast<std::size_t>(std::max(1, id) - 1);
    return kPalette[index % kPalette.size()];
}

int paletteSize()
{
    return static_cast<int>(kPalette.size());
}

const Label* LabelSet::find(LabelId id) const
{
    const auto found =
        std::find_if(m_labels.begin(), m_labels.end(), [id](const Label& label) { return label.id == id; });
    return found == m_labels.end() ? nullptr : &*found;
}

const Label* LabelSet::findByName(std::string_view wanted) const
{
    const auto found =
        std::find_if(m_labels.begin(), m_labels.end(), [wanted](const Label& label) { return label.name == wanted; });
    return found == m_labels.end() ? nullptr : &*found;
}

Result<LabelId> LabelSet::add(std::string labelName)
{
    if (labelName.empty()) {
        return fail(ErrorCode::invalidArgument, "a label needs a name", {}, "Type a name");
    }
    if (findByName(labelName) != nullptr) {
        return fail(ErrorCode::invalidArgument, "there is a label \"" + labelName + "\" already", {},
                    "Choose another name");
    }
    Label label;
    label.id = m_next++;
    label.name = std::move(labelName);
    label.colour = paletteColour(label.id);
    m_labels.push_back(std::move(label));
    return m_labels.back().id;
}

void LabelSet::put(Label label)
{
    m_next = std::max(m_next, label.id + 1);
    const auto found =
        std::find_if(m_labels.begin(), m_labels.end(), [&](const Label& other) { return other.id == label.id; });
    if (found != m_labels.end()) {
        *found = std::move(label);
        return;
    }
    const auto place =
        std::find_if(m_labels.begin(), m_labels.end(), [&](const Label& other) { return other.id > label.id; });
    m_labels.insert(place, std::move(label));
}

Status LabelSet::remove(LabelId id)
{
    const auto found =
        std::find_if(m_labels.begin(), m_labels.end(), [id](const Label& label) { return label.id == id; });
    if (found == m_labels.end()) {
        return fail(ErrorCode::notFound, "there is no label " + std::to_string(id));
    }
    m_labels.erase(found);
    return {};
}

} // namespace icmoe
