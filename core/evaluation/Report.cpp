#include "core/evaluation/Report.h"

#include <nlohmann/json.hpp>

namespace icmoe::evaluation {

nlohmann::json toJson(const std::vector<CaseScore>& scores, const Protocol& protocol)
{
    double seconds = 0;
    for (const CaseScore& score : scores) {
        seconds += score.seconds;
    }
    const auto interval = bootstrapInterval(scores);
    const std::size_t last =
        protocol.kind == Protocol::Kind::clicks ? static_cast<std::size_t>(protocol.clicks - 1) : 0;
    nlohmann::json report{{"n", scores.size()},
                          {"mean_dice", meanDice(scores, last)},
                          {"ci95", {interval[0], interval[1]}},
                          {"seconds_per_case", scores.empty() ? 0 : seconds / double(scores.size())}};
    if (protocol.kind == Protocol::Kind::clicks) {
        if (protocol.enough >= 1) { // otherwise a case says nothing about clicks that were not needed
            for (const int clicks : {1, 3, 5, 10, 20}) {
                if (clicks <= protocol.clicks) {
                    report["clicks"][std::to_string(clicks)] = meanDice(scores, static_cast<std::size_t>(clicks - 1));
                }
            }
        }
        for (const int percent : {85, 90}) {
            const auto reached = clicksTo(scores, percent / 100.0, protocol.clicks);
            report["noc" + std::to_string(percent)] = reached.mean;
            report["noc" + std::to_string(percent) + "_never"] = reached.neverShare;
        }
        report["noc_cap"] = protocol.clicks;
    }
    return report;
}

nlohmann::json toJson(const Reliability& reliability)
{
    auto bins = nlohmann::json::array();
    for (const auto& bin : reliability.bins) {
        if (bin.count > 0) {
            bins.push_back({{"from", bin.from},
                            {"to", bin.to},
                            {"n", bin.count},
                            {"predicted", bin.mean.predicted},
                            {"actual", bin.mean.actual}});
        }
    }
    return {{"bins", std::move(bins)}, {"expected_calibration_error", reliability.calibrationError}};
}

} // namespace icmoe::evaluation
