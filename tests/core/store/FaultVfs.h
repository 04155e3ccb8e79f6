#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace icmoe::test {

/// A file system for SQLite that passes everything on to the real one, writes down what was done, and fails where it is
/// told to. It also knows what a power cut would leave: what was flushed, and any part of what was not. One at a time,
/// one thread.
class FaultVfs {
public:
    enum class Kind { create, write, truncate, sync, remove };
    /// One thing done to a disk; these are counted from 0.
    struct Operation {
        Kind kind = Kind::write;
        std::filesystem::path file;
        bool zeroesHeader = false; ///< a write that makes a rollback journal invalid
        bool flushesFolder = false;
        [[nodiscard]] bool onJournal() const { return file.native().ends_with("-journal"); }
    };
    enum class Fault {
        diskFull,    ///< the operation fails (a write after half of it), the next ones do not
        staysFull,   ///< all later ones fail too, but for flushing and for removing
        ioError,     ///< fails once, half written
        staysBroken, ///< all later ones fail too
    };

    explicit FaultVfs(std::string name);
    ~FaultVfs();
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;

    [[nodiscard]] const std::string& name() const;
    [[nodiscard]] const std::vector<Operation>& operations() const;
    /// Lets the n-th operation fail.
    void failAt(std::size_t operation, Fault fault);
    [[nodiscard]] bool hasFailed() const;

    /// Files with something that a power cut now could undo: unflushed bytes, a name that the folder does not hold yet.
    [[nodiscard]] std::vector<std::string> unflushed() const;
    /// The files as a power cut now leaves them, into another folder: each unflushed change is there, half there or
    /// missing, by chance.
    void copyAfterPowerCut(const std::filesystem::path& folder, std::mt19937& random) const;

    struct Private;

private:
    std::unique_ptr<Private> d;
};

} // namespace icmoe::test
