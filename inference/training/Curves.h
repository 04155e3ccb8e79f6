#pragma once

#include "core/base/Result.h"
#include "inference/training/TrainingLoop.h"

#include <filesystem>
#include <map>
#include <string>

namespace icmoe::training {

/// How a phase went, step by step, kept in a table that a run goes on with after it was stopped.
class Curves {
public:
    /// Reads what an earlier run wrote; a missing or broken table starts anew.
    explicit Curves(std::filesystem::path table);
    /// Every tenth step, and the last one, is written.
    Status add(const StepReport& report);
    /// The curves as a picture (SVG).
    [[nodiscard]] std::string picture(const std::string& title) const;
    [[nodiscard]] std::size_t size() const { return m_points.size(); }

private:
    struct Point {
        double loss = 0;
        double firstDice = 0;
        double correctedDice = 0;
    };
    [[nodiscard]] std::string line(double Point::*value, double top, const char* colour) const;
    std::filesystem::path m_table;
    std::map<int, Point> m_points; ///< by step
};

} // namespace icmoe::training
