#include "core/base/AtomicFile.h"
#include "core/base/PrivateFolder.h"
#include "core/base/Sha256.h"
#include "tests/support/TestSupport.h"

#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace icmoe {
namespace {

std::span<const std::byte> bytes(std::string_view text)
{
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string contents(const std::filesystem::path& path)
{
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(AtomicFile, Uncommitted_LeavesNothingBehind)
{
    test::TemporaryFolder folder;
    {
        auto file = AtomicFile::create(folder / "mask.nrrd");
        ASSERT_TRUE(file);
        ASSERT_TRUE(file->write(bytes("half")));
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(AtomicFile, Committed_IsWholeAndPrivate)
{
    test::TemporaryFolder folder;
    ASSERT_TRUE(writeFileAtomically(folder / "a", bytes("whole")));
    EXPECT_EQ(contents(folder / "a"), "whole");
    struct ::stat status = {};
    ::stat((folder / "a").c_str(), &status);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(AtomicFile, ExistingFile_IsReplacedOnlyWhenAsked)
{
    test::TemporaryFolder folder;
    ASSERT_TRUE(writeFileAtomically(folder / "a", bytes("old")));
    EXPECT_EQ(writeFileAtomically(folder / "a", bytes("new")).error().code, ErrorCode::alreadyExists);
    EXPECT_EQ(contents(folder / "a"), "old");
    ASSERT_TRUE(writeFileAtomically(folder / "a", bytes("new"), {.replace = true}));
    EXPECT_EQ(contents(folder / "a"), "new");
}

TEST(AtomicFile, FileThatAppearedMeanwhile_IsNotReplaced)
{
    test::TemporaryFolder folder;
    auto file = AtomicFile::create(folder / "a");
    ASSERT_TRUE(file);
    std::ofstream(folder / "a") << "somebody else's";
    EXPECT_EQ(file->commit().error().code, ErrorCode::alreadyExists);
    EXPECT_EQ(contents(folder / "a"), "somebody else's");
}

TEST(AtomicFile, MissingFolder_IsNotFound)
{
    test::TemporaryFolder folder;
    EXPECT_EQ(AtomicFile::create(folder / "no/such/file").error().code, ErrorCode::notFound);
}

TEST(AtomicFile, FolderWithoutPermission_SaysSo)
{
    test::TemporaryFolder folder;
    const test::OrdinaryUser user(folder.path());
    ASSERT_EQ(::chmod(folder.path().c_str(), 0500), 0);
    EXPECT_EQ(writeFileAtomically(folder / "a", bytes("whole")).error().code, ErrorCode::permissionDenied);
    EXPECT_EQ(::chmod(folder.path().c_str(), 0700), 0);
}

TEST(AtomicFile, FullDisk_SaysSo)
{
    // a file size limit makes write() fail like a full disk does; the child process keeps the limit to itself
    test::TemporaryFolder folder;
    const auto child = ::fork();
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        const ::rlimit limit{10, 10};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const auto written = writeFileAtomically(folder / "a", bytes("more than ten bytes"));
        ::_exit(!written && written.error().code == ErrorCode::diskFull ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(PrivateFolder, IsMadeOrClosedToOthers_AndSaysWhatIsInTheWay)
{
    const test::TemporaryFolder folder;
    std::filesystem::create_directory(folder / "open");
    std::filesystem::permissions(folder / "open", std::filesystem::perms::all);
    for (const auto* name : {"open", "new/deeper"}) {
        ASSERT_TRUE(openPrivateFolder(folder / name, "the folder", "--work"));
        EXPECT_EQ(std::filesystem::status(folder / name).permissions(), std::filesystem::perms::owner_all);
    }
    std::ofstream(folder / "file") << "x";
    const auto opened = openPrivateFolder(folder / "file", "the folder of sessions", "--work");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::writeFailed);
    EXPECT_EQ(opened.error().message, "the folder of sessions cannot be made");
    EXPECT_EQ(opened.error().hint, "Choose another one with --work");
}

TEST(ReadWholeFile, LongerThanTheLimit_IsRefused)
{
    test::TemporaryFolder folder;
    ASSERT_TRUE(writeFileAtomically(folder / "a", bytes("0123456789")));
    EXPECT_EQ(readWholeFile(folder / "a", 10)->size(), 10U);
    EXPECT_EQ(readWholeFile(folder / "a", 9).error().code, ErrorCode::limitExceeded);
    EXPECT_EQ(readWholeFile(folder / "b", 9).error().code, ErrorCode::notFound);
    EXPECT_EQ(readWholeFile(folder.path(), 9).error().code, ErrorCode::readFailed);
}

TEST(Sha256, KnownAnswers)
{
    EXPECT_EQ(sha256(bytes("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256(bytes("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256(bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, PiecesGiveWhatTheWholeGives)
{
    const std::string text(1000, 'x');
    for (std::size_t piece = 1; piece < 200; piece += 7) {
        Sha256 hash;
        for (std::size_t at = 0; at < text.size(); at += piece) {
            hash.update(std::string_view(text).substr(at, piece));
        }
        EXPECT_EQ(hash.hex(), sha256(bytes(text)));
    }
}

TEST(Error, OneLine_HasAllThatIsKnown)
{
    const Error error{ErrorCode::truncatedFile, "12 bytes expected,\n10 found", "a.dcm, (7FE0,0010)", "Copy it again"};
    EXPECT_EQ(error.oneLine(), "12 bytes expected, 10 found (a.dcm, (7FE0,0010)). Copy it again");
    EXPECT_EQ(name(ErrorCode::truncatedFile), "truncatedFile");
    EXPECT_EQ(name(ErrorCode::internal), "internal");
}

} // namespace
} // namespace icmoe
