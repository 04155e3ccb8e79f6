#pragma once

#include "app/DataFolder.h"
#include "app/cli/Console.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

namespace icmoe::app {

/// Options that stand everywhere.
struct CommonOptions {
    std::filesystem::path dataFolder;
    int threads = 0;
    ConsoleOptions console;
};

/// What a subcommand works with.
struct CommandContext {
    const CommonOptions& options;
    Console& console;
    std::stop_token stop;
    /// Made when first asked for: `list` and `convert` need none.
    [[nodiscard]] Result<DataFolder> dataFolder() const { return DataFolder::open(options.dataFolder); }
};

/// The outcome becomes the exit code: 0, 1, or 130 for `cancelled`.
using CommandFunction = std::function<Status(const CommandContext&)>;

/// The table of subcommands; each file under app/cli adds its own.
class CommandTable {
public:
    explicit CommandTable(CLI::App& program, CommonOptions& common)
        : m_program(program)
        , m_common(common)
    {
    }
    /// Adds a subcommand with the common options; `run` is called where it was chosen.
    CLI::App& add(const std::string& name, const std::string& description, CommandFunction run);
    /// Adds a subcommand below a new one ("weights import").
    CLI::App& addBelow(const std::string& outer, const std::string& outerDescription, const std::string& name,
                       const std::string& description, CommandFunction run);
    /// What was chosen on the command line; empty: nothing.
    [[nodiscard]] CommandFunction chosen() const { return m_chosen; }

private:
    CLI::App& prepare(CLI::App* command, CommandFunction run);
    CLI::App& m_program;
    CommonOptions& m_common;
    CommandFunction m_chosen;
};

void addCommonOptions(CLI::App& command, CommonOptions& options);

void addListCommand(CommandTable& table);
void addSegmentCommand(CommandTable& table);
void addConvertCommand(CommandTable& table);
void addImportCommand(CommandTable& table);
void addExportCommand(CommandTable& table);
void addEvaluateCommand(CommandTable& table);
void addVerifyCommand(CommandTable& table);
void addSelfCheckCommand(CommandTable& table);
void addWeightsCommand(CommandTable& table);
void addAnnotateCommand(CommandTable& table);
void addTrainCommand(CommandTable& table);

} // namespace icmoe::app
