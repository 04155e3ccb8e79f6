#include "core/export/MaskLabels.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace icmoe {
namespace {

bool overlaps(const Mask& a, const Mask& b)
{
    return std::any_of(a.slices().begin(), a.slices().end(), [&](const auto& entry) {
        const auto other = b.slices().find(entry.first);
        return other != b.slices().end() && !entry.second.intersected(other->second).empty();
    });
}

nlohmann::json codeToJson(const Code& code)
{
    return {{"value", code.value}, {"scheme", code.scheme}, {"meaning", code.meaning}};
}

Code codeFromJson(const nlohmann::json& json, const Code& otherwise)
{
    if (!json.is_object()) {
        return otherwise;
    }
    return {json.value("value", ""), json.value("scheme", ""), json.value("meaning", "")};
}

} // namespace

void nameLabel(Label& label, const ImportOptions& options, ImportedMasks& into)
{
    if (const auto given = options.labelNames.find(label.id); given != options.labelNames.end()) {
        label.name = given->second;
    }
    if (label.name.empty()) {
        label.name = "Label " + std::to_string(label.id);
    }
    const std::string wanted = label.name;
    for (int n = 2; into.segmentation.labels().findByName(label.name) != nullptr; ++n) {
        label.name = wanted + " (" + std::to_string(n) + ")";
    }
    if (label.name != wanted) {
        into.notices.push_back("two labels are called \"" + wanted + "\": the second became \"" + label.name + "\"");
    }
}

std::vector<std::vector<LabelId>> layersWithoutOverlap(const Segmentation& segmentation)
{
    std::vector<std::vector<LabelId>> layers;
    for (const Label& label : segmentation.labels().labels()) {
        const Mask& mask = segmentation.mask(label.id);
        const auto fits = std::find_if(layers.begin(), layers.end(), [&](const auto& layer) {
            return std::none_of(layer.begin(), layer.end(),
                                [&](LabelId other) { return overlaps(mask, segmentation.mask(other)); });
        });
        if (fits == layers.end()) {
            layers.push_back({label.id});
        } else {
            fits->push_back(label.id);
        }
    }
    return layers;
}

std::string labelsToJson(const LabelSet& labels)
{
    nlohmann::json list = nlohmann::json::array();
    for (const Label& label : labels.labels()) {
        list.push_back({{"id", label.id},
                        {"name", label.name},
                        {"colour", {label.colour.red, label.colour.green, label.colour.blue}},
                        {"category", codeToJson(label.category)},
                        {"type", codeToJson(label.type)}});
    }
    const nlohmann::json root = {{"icmoe", {{"version", 1}, {"labels", list}}}};
    return root.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<Label> labelsFromJson(const std::string& text)
try {
    std::vector<Label> labels;
    const auto root = nlohmann::json::parse(text, nullptr, false);
    if (!root.is_object() || !root.contains("icmoe")) {
        return {};
    }
    for (const auto& entry : root.at("icmoe").at("labels")) {
        Label label;
        label.id = entry.at("id").get<int>();
        label.name = entry.at("name").get<std::string>();
        const auto colour = entry.at("colour").get<std::array<std::uint8_t, 3>>();
        label.colour = {colour[0], colour[1], colour[2]};
        label.category = codeFromJson(entry.value("category", nlohmann::json{}), label.category);
        label.type = codeFromJson(entry.value("type", nlohmann::json{}), label.type);
        if (label.id >= 1 && label.id <= 65535) {
            labels.push_back(std::move(label));
        }
    }
    return labels;
} catch (const nlohmann::json::exception&) {
    return {};
}

} // namespace icmoe
