#pragma once

#include <filesystem>
#include <string>

namespace icmoe::test {

/// A folder of its own for one test, removed at the end.
class TemporaryFolder {
public:
    /// Inside `parent`; without, inside the system's folder for such things.
    explicit TemporaryFolder(const std::filesystem::path& parent = std::filesystem::temp_directory_path());
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }
    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return m_path / name; }

private:
    std::filesystem::path m_path;
};

/// An ordinary user for a while, where the tests run as root (whom no permission stops); `owned` and what lies in it
/// becomes that user's.
class OrdinaryUser {
public:
    explicit OrdinaryUser(const std::filesystem::path& owned);
    ~OrdinaryUser();
    OrdinaryUser(const OrdinaryUser&) = delete;
    OrdinaryUser& operator=(const OrdinaryUser&) = delete;

private:
    bool m_changed = false;
};

/// Real data beside the checkout; empty path where it is missing (tests then skip with a reason; in CI a skip fails).
[[nodiscard]] std::filesystem::path shared(const std::string& relative);

struct CommandResult {
    int exitCode = -1;
    std::string output; ///< stdout
    std::string errors; ///< stderr
};
/// Runs a shell command and waits.
[[nodiscard]] CommandResult run(const std::string& command);
/// Is the program on the PATH?
[[nodiscard]] bool hasProgram(const std::string& name);
/// The Python of the judges' environment (pydicom, highdicom), made by installer/test; empty where missing.
[[nodiscard]] std::string judgesPython();

} // namespace icmoe::test
