#include "inference/training/Curves.h"

#include "core/base/AtomicFile.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace icmoe::training {
namespace {

constexpr int kEvery = 10;
constexpr double kWidth = 720;
constexpr double kHeight = 320;
constexpr double kMargin = 44;
constexpr const char* kHeader = "step,loss,first_dice,corrected_dice";

double across(int step, int last)
{
    return kMargin + (kWidth - 2 * kMargin) * step / std::max(1, last);
}

double down(double value, double top)
{
    return kHeight - kMargin - (kHeight - 2 * kMargin) * std::clamp(value / top, 0.0, 1.0);
}

std::string text(double x, double y, const char* anchor, const std::string& words, const char* colour = "#444")
{
    std::ostringstream out;
    out << "<text x=\"" << x << "\" y=\"" << y << "\" text-anchor=\"" << anchor << "\" fill=\"" << colour << "\">"
        << words << "</text>\n";
    return out.str();
}

std::string number(double value)
{
    std::array<char, 16> out{};
    std::snprintf(out.data(), out.size(), "%.2g", value);
    return out.data();
}

} // namespace

Curves::Curves(std::filesystem::path table)
    : m_table(std::move(table))
{
    std::ifstream in(m_table);
    std::string row;
    while (std::getline(in, row)) {
        int step = 0;
        Point point;
        if (std::sscanf(row.c_str(), "%d,%lf,%lf,%lf", &step, &point.loss, &point.firstDice, &point.correctedDice) ==
            4) {
            m_points[step] = point;
        }
    }
}

Status Curves::add(const StepReport& report)
{
    if (report.step % kEvery != 0 && report.step != report.steps) {
        return {};
    }
    m_points.erase(m_points.lower_bound(report.step), m_points.end()); // a run that went back a little
    m_points[report.step] = {report.loss, report.firstDice, report.correctedDice};
    std::ostringstream out;
    out << kHeader << '\n';
    for (const auto& [step, point] : m_points) {
        out << step << ',' << point.loss << ',' << point.firstDice << ',' << point.correctedDice << '\n';
    }
    const std::string all = out.str();
    return writeFileAtomically(m_table, std::as_bytes(std::span(all)), {.replace = true, .mode = 0600});
}

std::string Curves::line(double Point::*value, double top, const char* colour) const
{
    std::ostringstream out;
    out << "<polyline fill=\"none\" stroke=\"" << colour << "\" stroke-width=\"2\" points=\"";
    const int last = m_points.empty() ? 1 : m_points.rbegin()->first;
    for (const auto& [step, point] : m_points) {
        out << across(step, last) << ',' << down(point.*value, top) << ' ';
    }
    out << "\"/>\n";
    return out.str();
}

std::string Curves::picture(const std::string& title) const
{
    double most = 1e-6;
    for (const auto& [step, point] : m_points) {
        most = std::max(most, point.loss);
    }
    const int last = m_points.empty() ? 1 : m_points.rbegin()->first;
    std::ostringstream out;
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << kWidth << ' ' << kHeight
        << "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
    for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
        const double y = down(share, 1);
        out << "<line x1=\"" << kMargin << "\" x2=\"" << kWidth - kMargin << "\" y1=\"" << y << "\" y2=\"" << y
            << "\" stroke=\"#ddd\"/>\n"
            << text(kMargin - 6, y + 4, "end", number(share), "#1f6fb4")
            << text(kWidth - kMargin + 6, y + 4, "start", number(share * most), "#999");
    }
    out << text(kMargin, 18, "start", title) << text(kMargin, kHeight - 12, "start", "step 0")
        << text(kWidth - kMargin, kHeight - 12, "end", "step " + std::to_string(last))
        << text(kWidth - kMargin, 18, "end", "loss (right)", "#999")
        << text(kWidth - kMargin - 90, 18, "end", "Dice after one correction", "#2a8f5c")
        << text(kWidth - kMargin - 250, 18, "end", "Dice of the first answer", "#1f6fb4")
        << line(&Point::loss, most, "#bbb") << line(&Point::firstDice, 1, "#1f6fb4")
        << line(&Point::correctedDice, 1, "#2a8f5c") << "</svg>\n";
    return out.str();
}

} // namespace icmoe::training
