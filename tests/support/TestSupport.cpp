#include "tests/support/TestSupport.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace icmoe::test {

TemporaryFolder::TemporaryFolder(const std::filesystem::path& parent)
{
    std::string pattern = (parent / "icmoe-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("no temporary folder");
    }
    m_path = pattern;
}

TemporaryFolder::~TemporaryFolder()
{
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

namespace {
constexpr ::uid_t kNobody = 65534;
}

OrdinaryUser::OrdinaryUser(const std::filesystem::path& owned)
{
    if (::geteuid() != 0) {
        return;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(owned)) {
        EXPECT_EQ(::lchown(entry.path().c_str(), kNobody, kNobody), 0);
    }
    EXPECT_EQ(::chown(owned.c_str(), kNobody, kNobody), 0);
    EXPECT_EQ(::seteuid(kNobody), 0);
    m_changed = true;
}

OrdinaryUser::~OrdinaryUser()
{
    if (m_changed) {
        EXPECT_EQ(::seteuid(0), 0);
    }
}

std::filesystem::path shared(const std::string& relative)
{
    auto path = std::filesystem::path(ICMOE_SHARED) / relative;
    return std::filesystem::exists(path) ? path : std::filesystem::path{};
}

CommandResult run(const std::string& command)
{
    TemporaryFolder folder;
    const auto out = (folder / "out").string();
    const auto err = (folder / "err").string();
    const int status =
        std::system(("{ " + command + "\n} >" + out + " 2>" + err).c_str()); // NOLINT(cert-env33-c): tests only
    const auto text = [](const std::string& path) {
        std::ifstream in(path);
        std::stringstream all;
        all << in.rdbuf();
        return all.str();
    };
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text(out), text(err)};
}

bool hasProgram(const std::string& name)
{
    return run("command -v " + name).exitCode == 0;
}

std::string judgesPython()
{
    if (const char* python = std::getenv("ICMOE_JUDGES_PYTHON")) {
        return python;
    }
    return {};
}

} // namespace icmoe::test
