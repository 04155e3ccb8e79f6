#include "app/cli/Console.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <unistd.h>

namespace icmoe::app {

namespace {

using Clock = std::chrono::steady_clock;

/// Texts from files may hold bytes that are no UTF-8; they are shown as U+FFFD.
std::string dumped(const nlohmann::json& object)
{
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace

nlohmann::json toJson(const Error& error)
{
    return {{"code", std::string(name(error.code))},
            {"message", error.message},
            {"where", error.where},
            {"hint", error.hint}};
}

std::string durationText(double seconds)
{
    const long whole = std::lround(std::max(seconds, 0.0));
    return whole < 60 ? std::to_string(whole) + " s"
                      : std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
}

Console::Console(ConsoleOptions options)
    : m_options(options)
    , m_isTerminal(::isatty(STDERR_FILENO) != 0)
{
}

void Console::result(const nlohmann::json& object, std::string_view text)
{
    endProgress();
    const std::lock_guard lock(m_mutex);
    m_resultGiven = true;
    if (m_options.json) {
        std::cout << dumped(object) << '\n';
    } else {
        std::cout << text;
        if (!text.empty() && text.back() != '\n') {
            std::cout << '\n';
        }
    }
    std::cout.flush();
}

void Console::line(const nlohmann::json& object)
{
    const std::lock_guard lock(m_mutex);
    m_resultGiven = true;
    std::cout << dumped(object) << std::endl; // flushed: whoever reads it may rely on what it acknowledges
}

void Console::notice(std::string_view text)
{
    if (!m_options.quiet) {
        endProgress();
        const std::lock_guard lock(m_mutex);
        std::cerr << text << '\n';
    }
}

void Console::detail(std::string_view text)
{
    if (m_options.verbosity > 0) {
        notice(text);
    }
}

void Console::error(const Error& error)
{
    endProgress();
    const std::lock_guard lock(m_mutex);
    std::string text = error.oneLine();
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::cerr << "icmoe: " << text << '\n';
    if (m_options.json && !m_resultGiven) {
        std::cout << dumped({{"error", toJson(error)}}) << std::endl;
    }
}

ProgressFunction Console::progress(std::string what)
{
    if (!m_isTerminal || m_options.quiet) {
        return {};
    }
    return [this, what = std::move(what), start = Clock::now()](Progress progress) {
        showProgress(what, progress, start);
    };
}

void Console::showProgress(const std::string& what, Progress progress, Clock::time_point start)
{
    constexpr auto kInterval = std::chrono::milliseconds(100);
    const std::lock_guard lock(m_mutex);
    const auto now = Clock::now();
    if (m_barShown && now - m_lastBar < kInterval) {
        return;
    }
    m_lastBar = now;
    m_barShown = true;
    std::string line = what + " " + std::to_string(progress.done);
    if (progress.total > 0) {
        line += " / " + std::to_string(progress.total);
    }
    const double spent = std::chrono::duration<double>(now - start).count();
    if (progress.done > 0 && progress.total > progress.done && spent > 1) {
        const double left = spent / double(progress.done) * double(progress.total - progress.done);
        line += " · " + durationText(left) + " left";
    }
    std::cerr << '\r' << line << "\x1b[K" << std::flush;
}

void Console::endProgress()
{
    const std::lock_guard lock(m_mutex);
    if (m_barShown) {
        std::cerr << "\r\x1b[K" << std::flush;
        m_barShown = false;
    }
}

} // namespace icmoe::app
