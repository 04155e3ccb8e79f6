#include "app/cli/CommandLine.h"

#include "app/Log.h"
#include "app/Window.h"
#include "app/cli/Command.h"
#include "app/cli/Interrupt.h"

#include <iostream>
#include <sys/stat.h>

namespace icmoe::app {

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr int kInterrupted = 130;

constexpr const char* kAbout =
    "icmoe " ICMOE_VERSION ": annotates medical images with LiteMedSAM. For research, not a medical device.";

int exitCodeOf(const Error& error)
{
    return error.code == ErrorCode::cancelled ? kInterrupted : kFailed;
}

void addCommands(CommandTable& table)
{
    addListCommand(table);
    addSegmentCommand(table);
    addConvertCommand(table);
    addImportCommand(table);
    addExportCommand(table);
    addEvaluateCommand(table);
    addVerifyCommand(table);
    addAnnotateCommand(table);
    addWeightsCommand(table);
    addTrainCommand(table);
    addSelfCheckCommand(table);
}

int wrongUsage(const CLI::App& program, const CLI::ParseError& error)
{
    std::string path = "icmoe";
    const CLI::App* app = &program;
    while (!app->get_subcommands().empty()) {
        app = app->get_subcommands().front();
        path += " " + app->get_name();
    }
    std::string text = error.what();
    for (char& c : text) {
        c = c == '\n' ? ' ' : c;
    }
    std::cerr << "icmoe: " << text << ". See " << path << " --help\n";
    return kWrongUsage;
}

int openWindow(int argc, char** argv, const CommonOptions& common, const std::vector<std::filesystem::path>& paths)
{
    auto folder = DataFolder::open(common.dataFolder);
    if (!folder) {
        Console(common.console).error(folder.error());
        return kFailed;
    }
    openLog(*folder);
    return runWindow(argc, argv, {paths, *folder, common.threads});
}

/// The log is opened only where its folder is there already or the command needs it: `icmoe list` makes no folder.
void logFailure(const CommonOptions& common, const Error& error)
{
    if (error.code == ErrorCode::cancelled) {
        return;
    }
    if (const auto folder = DataFolder::open(common.dataFolder)) {
        openLog(*folder);
        logError(error);
    }
}

int runCommand(const CommandFunction& command, const CommonOptions& common)
{
    Console console(common.console);
    const CommandContext context{common, console, stopOnInterrupt()};
    Status status;
    try {
        status = command(context);
    } catch (const std::exception& exception) { // memory, or a library's: nothing of ours throws
        status = fail(ErrorCode::internal, exception.what(), {}, "Please report this with the command that was given");
    }
    console.endProgress();
    if (status) {
        return 0;
    }
    console.error(status.error());
    logFailure(common, status.error());
    return exitCodeOf(status.error());
}

} // namespace

int runCommandLine(int argc, char** argv)
{
    ::umask(077); // database, exports and logs are for their owner alone
    CommonOptions common;
    std::vector<std::filesystem::path> paths;
    CLI::App program(kAbout, "icmoe");
    program.set_version_flag("--version", std::string("icmoe " ICMOE_VERSION));
    program.add_option("PATH", paths, "Folder, file or DICOMDIR to open in the window");
    addCommonOptions(program, common);
    program.require_subcommand(0, 1);
    CommandTable table(program, common);
    addCommands(table);
    try {
        program.parse(argc, argv);
    } catch (const CLI::Success& success) { // --help, --version
        return program.exit(success);
    } catch (const CLI::ParseError& error) {
        return wrongUsage(program, error);
    }
    if (const CommandFunction command = table.chosen()) {
        return runCommand(command, common);
    }
    return openWindow(argc, argv, common, paths);
}

} // namespace icmoe::app
