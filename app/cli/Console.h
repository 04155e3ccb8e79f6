#pragma once

#include "core/base/Error.h"
#include "core/study/Scan.h"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

namespace icmoe::app {

struct ConsoleOptions {
    bool json = false;
    bool quiet = false;
    int verbosity = 0;
};

/// What the command line says: results on stdout, everything else on stderr. Any thread.
class Console {
public:
    explicit Console(ConsoleOptions options);

    [[nodiscard]] bool isJson() const { return m_options.json; }
    /// The command's result: one JSON object with --json, else the text.
    void result(const nlohmann::json& object, std::string_view text);
    /// A line of JSON at once (annotate).
    void line(const nlohmann::json& object);
    /// Something worth knowing; not with -q.
    void notice(std::string_view text);
    /// Details; with -v.
    void detail(std::string_view text);
    /// One line: what, where, what to do. With --json also {"error": …} on stdout, where no result is there yet.
    void error(const Error& error);
    /// A bar with the time left, on a terminal and without -q. `what`: "Reading slices".
    [[nodiscard]] ProgressFunction progress(std::string what);
    /// Wipes the bar.
    void endProgress();

private:
    void showProgress(const std::string& what, Progress progress, std::chrono::steady_clock::time_point start);

    const ConsoleOptions m_options;
    const bool m_isTerminal;
    std::mutex m_mutex;
    bool m_resultGiven = false; ///< an error is then not printed as a second object
    bool m_barShown = false;
    std::chrono::steady_clock::time_point m_lastBar;
};

/// {"code", "message", "where", "hint"}
[[nodiscard]] nlohmann::json toJson(const Error& error);
/// "3 s", "2 min 5 s"
[[nodiscard]] std::string durationText(double seconds);

} // namespace icmoe::app
