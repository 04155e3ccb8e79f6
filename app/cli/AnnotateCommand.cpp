#include "app/cli/AnnotationScript.h"
#include "app/cli/Command.h"
#include "app/cli/EngineSession.h"

#include <nlohmann/json.hpp>

#include <array>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <unistd.h>

namespace icmoe::app {

namespace {

using nlohmann::json;

struct AnnotateOptions {
    std::filesystem::path script;
    std::filesystem::path database;
    EngineChoice engine;
};

/// Lines of a file, pipe or terminal; waiting for one ends when a stop is requested.
class LineReader {
public:
    explicit LineReader(int descriptor)
        : m_descriptor(descriptor)
    {
    }
    ~LineReader()
    {
        if (m_descriptor > STDIN_FILENO) {
            ::close(m_descriptor);
        }
    }
    LineReader(const LineReader&) = delete;
    LineReader& operator=(const LineReader&) = delete;

    /// Nothing at the end, or once `stop` is requested.
    std::optional<std::string> next(const std::stop_token& stop)
    {
        auto end = m_text.find('\n');
        while (end == std::string::npos && waitForBytes(stop)) {
            end = m_text.find('\n');
        }
        if (stop.stop_requested() || m_text.empty()) {
            return std::nullopt;
        }
        std::string line = m_text.substr(0, end);
        m_text.erase(0, end == std::string::npos ? end : end + 1);
        return line;
    }

private:
    bool waitForBytes(const std::stop_token& stop)
    {
        constexpr int kMilliseconds = 200; // between two looks at `stop`
        pollfd wanted{m_descriptor, POLLIN, 0};
        while (!stop.stop_requested()) {
            if (::poll(&wanted, 1, kMilliseconds) == 0) {
                continue;
            }
            std::array<char, 4096> bytes{};
            const auto count = ::read(m_descriptor, bytes.data(), bytes.size());
            if (count > 0) {
                m_text.append(bytes.data(), static_cast<std::size_t>(count));
            }
            return count > 0;
        }
        return false;
    }

    const int m_descriptor;
    std::string m_text;
};

Status run(LineReader& lines, AnnotationScript& script, const CommandContext& context)
{
    int number = 0;
    for (std::optional<std::string> line; (line = lines.next(context.stop));) {
        const std::string& text = *line;
        ++number;
        if (text.find_first_not_of(" \t\r") == std::string::npos) {
            continue;
        }
        const json request = json::parse(text, nullptr, false);
        auto done = script.perform(request);
        const std::string action = request.is_object() ? request.value("action", json()).dump() : "null";
        json answer{{"line", number}, {"action", json::parse(action)}, {"ok", done.has_value()}};
        if (!done) {
            answer["error"] = toJson(done.error());
            context.console.line(answer);
            Error error = done.error();
            error.where = "line " + std::to_string(number) + (error.where.empty() ? "" : ", " + error.where);
            return fail(std::move(error));
        }
        answer.update(*done);
        context.console.line(answer);
    }
    return context.stop.stop_requested()
               ? Status(fail(ErrorCode::cancelled, "interrupted after line " + std::to_string(number)))
               : Status{};
}

Status annotate(const AnnotateOptions& options, const CommandContext& context)
{
    std::filesystem::path database = options.database;
    if (database.empty()) {
        const auto folder = context.dataFolder();
        if (!folder) {
            return fail(folder.error());
        }
        database = folder->database();
    }
    AnnotationScript script(context, std::move(database), options.engine);
    const int descriptor = options.script == "-" ? STDIN_FILENO : ::open(options.script.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return fail(ErrorCode::notFound, "the script cannot be read", options.script.string(), "Check the path");
    }
    LineReader lines(descriptor);
    return run(lines, script, context);
}

} // namespace

void addAnnotateCommand(CommandTable& table)
{
    auto options = std::make_shared<AnnotateOptions>();
    CLI::App& command = table.add("annotate", "The window's actions without a window: JSON lines in, JSON lines out",
                                  [options](const CommandContext& context) { return annotate(*options, context); });
    command.add_option("--script", options->script, "File of JSON lines; - for standard input")
        ->required()
        ->type_name("FILE");
    command.add_option("--db", options->database, "Database (default: the data folder's)")->type_name("FILE");
    addEngineOptions(command, options->engine);
}

} // namespace icmoe::app
