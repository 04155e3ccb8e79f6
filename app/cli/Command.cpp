#include "app/cli/Command.h"

namespace icmoe::app {

void addCommonOptions(CLI::App& command, CommonOptions& options)
{
    command.add_option("--data-dir", options.dataFolder, "Folder of database, weights and caches")->type_name("DIR");
    command.add_option("--threads", options.threads, "Threads to use (0: all cores)")->check(CLI::Range(0, 1024));
    command.add_flag("--json", options.console.json, "One JSON object on standard output");
    command.add_flag("-q,--quiet", options.console.quiet, "No progress, no notices");
    command.add_flag("-v,--verbose", options.console.verbosity, "Details");
}

CLI::App& CommandTable::prepare(CLI::App* command, CommandFunction run)
{
    addCommonOptions(*command, m_common);
    command->final_callback([this, run = std::move(run)] { m_chosen = run; });
    return *command;
}

CLI::App& CommandTable::add(const std::string& name, const std::string& description, CommandFunction run)
{
    return prepare(m_program.add_subcommand(name, description), std::move(run));
}

CLI::App& CommandTable::addBelow(const std::string& outer, const std::string& outerDescription, const std::string& name,
                                 const std::string& description, CommandFunction run)
{
    CLI::App* above = m_program.add_subcommand(outer, outerDescription);
    above->require_subcommand(1);
    return prepare(above->add_subcommand(name, description), std::move(run));
}

} // namespace icmoe::app
