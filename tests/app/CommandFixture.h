#pragma once

#include "tests/support/TestSupport.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <string>

namespace icmoe::test {

/// Runs the real program with a data folder of its own.
class CommandTest : public ::testing::Test {
protected:
    static std::string quoted(const std::filesystem::path& path) { return "'" + path.string() + "'"; }
    [[nodiscard]] std::filesystem::path file(const std::string& name) const { return m_folder / name; }
    [[nodiscard]] std::filesystem::path dataFolder() const { return m_folder / "data"; }

    /// `arguments` as a shell would read them.
    [[nodiscard]] CommandResult icmoe(const std::string& arguments) const { return run(commandLine(arguments)); }
    /// The same with a terminal for stderr, whose text is in `errors`.
    [[nodiscard]] CommandResult icmoeOnATerminal(const std::string& arguments) const
    {
        write("command.sh", commandLine(arguments) + " >" + quoted(file("stdout")));
        CommandResult result = run("script -qefc \"sh " + quoted(file("command.sh")) + "\" /dev/null </dev/null");
        result.errors = std::move(result.output);
        std::ifstream in(file("stdout"));
        result.output.assign(std::istreambuf_iterator<char>(in), {});
        return result;
    }
    /// Another copy of the program from here on.
    void useProgram(std::filesystem::path program) { m_program = std::move(program); }
    [[nodiscard]] nlohmann::json json(const std::string& arguments) const
    {
        const CommandResult result = icmoe(arguments + " --json");
        EXPECT_EQ(result.exitCode, 0) << result.errors;
        auto object = nlohmann::json::parse(result.output, nullptr, false);
        EXPECT_TRUE(object.is_object()) << result.output;
        return object;
    }
    /// Exit code, one line on stderr that holds `words`, and the error's code in the JSON on stdout.
    void expectFailure(const std::string& arguments, const std::string& code, const std::string& words) const
    {
        const CommandResult result = icmoe(arguments + " --json");
        EXPECT_EQ(result.exitCode, 1) << arguments << '\n' << result.errors;
        EXPECT_TRUE(result.errors.starts_with("icmoe: ")) << result.errors;
        EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
        EXPECT_NE(result.errors.find(words), std::string::npos) << result.errors;
        const auto object = nlohmann::json::parse(result.output, nullptr, false);
        ASSERT_TRUE(object.is_object()) << result.output;
        EXPECT_EQ(object.value("error", nlohmann::json::object()).value("code", ""), code) << result.output;
    }
    void expectWrongUsage(const std::string& arguments) const
    {
        const CommandResult result = icmoe(arguments);
        EXPECT_EQ(result.exitCode, 2) << arguments << '\n' << result.errors;
        EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
        EXPECT_NE(result.errors.find("--help"), std::string::npos) << result.errors;
        EXPECT_TRUE(result.output.empty()) << result.output;
    }
    /// Weights by a link, so that no copy of them is made for each test. False where there are none.
    [[nodiscard]] bool useWeights() const
    {
        const auto weights = std::filesystem::path(ICMOE_SOURCE_DIR) / "third_party" / "weights";
        if (!std::filesystem::exists(weights / "lite_medsam.safetensors") ||
            !std::filesystem::exists(std::filesystem::path(ICMOE_BINARY_DIR) / "libicmoe_inference.so")) {
            return false;
        }
        std::filesystem::create_directories(dataFolder());
        std::filesystem::create_directory_symlink(std::filesystem::canonical(weights), dataFolder() / "weights");
        return true;
    }
    void write(const std::string& name, const std::string& text) const { std::ofstream(file(name)) << text; }
    [[nodiscard]] std::string commandLine(const std::string& arguments) const
    {
        return "timeout 240 " + quoted(m_program) + " --data-dir " + quoted(dataFolder()) + " --threads 2 " + arguments;
    }

    TemporaryFolder m_folder;

private:
    std::filesystem::path m_program = std::filesystem::path(ICMOE_BINARY_DIR) / "icmoe";
};

} // namespace icmoe::test

#define ICMOE_NEEDS_ENGINE()                                                                                           \
    if (!useWeights()) {                                                                                               \
        GTEST_SKIP() << "the engine or its weights are missing: run installer/setup and build icmoe_inference";        \
    }                                                                                                                  \
    static_assert(true)
