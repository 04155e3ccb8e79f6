#include "core/study/Study.h"

#include <algorithm>

namespace icmoe {

HealthLevel HealthReport::level() const
{
    const auto worst = std::max_element(checks.begin(), checks.end(),
                                        [](const HealthCheck& a, const HealthCheck& b) { return a.level < b.level; });
    return worst == checks.end() ? HealthLevel::ok : worst->level;
}

std::string HealthReport::badge() const
{
    const auto warning = std::find_if(checks.begin(), checks.end(),
                                      [](const HealthCheck& check) { return check.level == HealthLevel::warning; });
    return warning == checks.end() ? "Sound" : warning->text;
}

const HealthCheck* HealthReport::find(HealthKind kind) const
{
    const auto found =
        std::find_if(checks.begin(), checks.end(), [&](const HealthCheck& check) { return check.kind == kind; });
    return found == checks.end() ? nullptr : &*found;
}

std::string Series::displayName() const
{
    if (!description.empty()) {
        return description;
    }
    if (!sequence.empty()) {
        return sequence;
    }
    const std::string kind = modality.empty() ? "Series" : modality;
    return number > 0 ? kind + " " + std::to_string(number) : kind;
}

} // namespace icmoe
