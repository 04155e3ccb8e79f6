#include "FaultVfs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <new>
#include <optional>
#include <sqlite3.h>
#include <stdexcept>

namespace icmoe::test {
namespace {

using Bytes = std::vector<char>;

/// A change that was not flushed: bytes at an offset, or (without bytes) a new length.
struct Change {
    std::int64_t offset = 0;
    Bytes bytes;
    bool truncates = false;
};

void apply(Bytes& content, const Change& change, std::size_t part)
{
    if (change.truncates) {
        content.resize(static_cast<std::size_t>(change.offset));
        return;
    }
    const auto begin = static_cast<std::size_t>(change.offset);
    if (content.size() < begin + part) {
        content.resize(begin + part);
    }
    std::copy_n(change.bytes.begin(), part, content.begin() + static_cast<std::ptrdiff_t>(begin));
}

/// What the disk holds of one file.
struct Image {
    Bytes flushed;
    std::vector<Change> changes;
    bool isNamed = false;   // the flushed folder holds its name
    bool isRemoved = false; // but the folder in memory does not
};

/// The system call that SQLite's own file system makes where it flushes a folder.
using OpenFolder = int (*)(const char*, int*);
OpenFolder g_openFolder = nullptr;
bool g_folderOpened = false;

int openFolder(const char* file, int* descriptor)
{
    g_folderOpened = true;
    return g_openFolder(file, descriptor);
}

} // namespace

struct FaultVfs::Private {
    std::string name;
    sqlite3_vfs vfs = {};
    sqlite3_vfs* real = nullptr;
    std::vector<Operation> operations;
    std::optional<std::size_t> failing;
    Fault fault = Fault::diskFull;
    bool hasFailed = false;
    std::map<std::string, Image> images;

    /// Writes the operation down; true: it has to fail.
    bool begin(Kind kind, const std::string& file);
    [[nodiscard]] int failure(Kind kind) const;
    [[nodiscard]] bool isFull() const { return fault == Fault::diskFull || fault == Fault::staysFull; }
    [[nodiscard]] int reason() const { return isFull() ? ENOSPC : EIO; } ///< as the system would say it
    void folderFlushed();
    void load(const std::string& file);
};

namespace {

/// SQLite's file object, the real one behind it in the same allocation.
struct File {
    sqlite3_file base;
    FaultVfs::Private* owner;
    const char* path; // SQLite keeps it as long as the file is open; null: a temporary file
    [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    [[nodiscard]] Image& image() { return owner->images.at(path); }
};

File& from(sqlite3_file* file)
{
    return *reinterpret_cast<File*>(file);
}

sqlite3_file* realOf(sqlite3_file* file)
{
    return from(file).real();
}

int closeFile(sqlite3_file* file)
{
    return realOf(file)->pMethods->xClose(realOf(file));
}

int readFile(sqlite3_file* file, void* buffer, int size, sqlite3_int64 offset)
{
    return realOf(file)->pMethods->xRead(realOf(file), buffer, size, offset);
}

int writeFile(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset)
{
    File& self = from(file);
    const auto* bytes = static_cast<const char*>(data);
    const bool fails = self.owner->begin(FaultVfs::Kind::write, self.path);
    const int written = fails ? size / 2 : size;
    self.owner->operations.back().zeroesHeader =
        offset == 0 && size >= 8 && std::all_of(bytes, bytes + 8, [](char byte) { return byte == 0; });
    const int code = written > 0 ? realOf(file)->pMethods->xWrite(realOf(file), data, written, offset) : SQLITE_OK;
    if (code == SQLITE_OK) {
        self.image().changes.push_back({offset, Bytes(bytes, bytes + written), false});
    }
    return fails ? self.owner->failure(FaultVfs::Kind::write) : code;
}

int truncateFile(sqlite3_file* file, sqlite3_int64 size)
{
    File& self = from(file);
    if (self.owner->begin(FaultVfs::Kind::truncate, self.path)) {
        return self.owner->failure(FaultVfs::Kind::truncate);
    }
    self.image().changes.push_back({size, {}, true});
    return realOf(file)->pMethods->xTruncate(realOf(file), size);
}

int syncFile(sqlite3_file* file, int flags)
{
    File& self = from(file);
    if (self.owner->begin(FaultVfs::Kind::sync, self.path)) {
        return self.owner->failure(FaultVfs::Kind::sync);
    }
    g_folderOpened = false;
    const int code = realOf(file)->pMethods->xSync(realOf(file), flags);
    if (code == SQLITE_OK) {
        Image& image = self.image();
        for (const Change& change : image.changes) {
            apply(image.flushed, change, change.bytes.size());
        }
        image.changes.clear();
        self.owner->operations.back().flushesFolder = g_folderOpened;
        if (g_folderOpened) {
            self.owner->folderFlushed();
        }
    }
    return code;
}

int fileSize(sqlite3_file* file, sqlite3_int64* size)
{
    return realOf(file)->pMethods->xFileSize(realOf(file), size);
}

int lockFile(sqlite3_file* file, int level)
{
    return realOf(file)->pMethods->xLock(realOf(file), level);
}

int unlockFile(sqlite3_file* file, int level)
{
    return realOf(file)->pMethods->xUnlock(realOf(file), level);
}

int checkReserved(sqlite3_file* file, int* reserved)
{
    return realOf(file)->pMethods->xCheckReservedLock(realOf(file), reserved);
}

int controlFile(sqlite3_file* file, int operation, void* argument)
{
    return realOf(file)->pMethods->xFileControl(realOf(file), operation, argument);
}

int sectorSize(sqlite3_file* file)
{
    return realOf(file)->pMethods->xSectorSize(realOf(file));
}

int characteristics(sqlite3_file* file)
{
    return realOf(file)->pMethods->xDeviceCharacteristics(realOf(file));
}

const sqlite3_io_methods kMethods{.iVersion = 1, // no shared memory, no mapping: nothing gets past writeFile()
                                  .xClose = closeFile,
                                  .xRead = readFile,
                                  .xWrite = writeFile,
                                  .xTruncate = truncateFile,
                                  .xSync = syncFile,
                                  .xFileSize = fileSize,
                                  .xLock = lockFile,
                                  .xUnlock = unlockFile,
                                  .xCheckReservedLock = checkReserved,
                                  .xFileControl = controlFile,
                                  .xSectorSize = sectorSize,
                                  .xDeviceCharacteristics = characteristics,
                                  .xShmMap = nullptr,
                                  .xShmLock = nullptr,
                                  .xShmBarrier = nullptr,
                                  .xShmUnmap = nullptr,
                                  .xFetch = nullptr,
                                  .xUnfetch = nullptr};

FaultVfs::Private& owner(sqlite3_vfs* vfs)
{
    return *static_cast<FaultVfs::Private*>(vfs->pAppData);
}

int openFile(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* outFlags)
{
    auto& self = owner(vfs);
    auto* made = new (file) File{};
    if (path == nullptr) {
        throw std::logic_error("a temporary file: temp_store = MEMORY was promised");
    }
    const bool creates = (flags & SQLITE_OPEN_CREATE) != 0 && !std::filesystem::exists(path);
    if (creates && self.begin(FaultVfs::Kind::create, path)) {
        return self.failure(FaultVfs::Kind::create);
    }
    self.load(path);
    const int code = self.real->xOpen(self.real, path, made->real(), flags, outFlags);
    if (code == SQLITE_OK) {
        made->base.pMethods = &kMethods;
        made->owner = &self;
        made->path = path;
    }
    return code;
}

int removeFile(sqlite3_vfs* vfs, const char* path, int flushFolder)
{
    auto& self = owner(vfs);
    if (self.begin(FaultVfs::Kind::remove, path)) {
        return self.failure(FaultVfs::Kind::remove);
    }
    g_folderOpened = false;
    const int code = self.real->xDelete(self.real, path, flushFolder);
    if (code == SQLITE_OK) {
        self.load(path);
        self.images.at(path).isRemoved = true;
        self.operations.back().flushesFolder = g_folderOpened;
        if (g_folderOpened) {
            self.folderFlushed();
        }
    }
    return code;
}

int accessFile(sqlite3_vfs* vfs, const char* path, int flags, int* result)
{
    return owner(vfs).real->xAccess(owner(vfs).real, path, flags, result);
}

int fullPath(sqlite3_vfs* vfs, const char* path, int size, char* out)
{
    return owner(vfs).real->xFullPathname(owner(vfs).real, path, size, out);
}

int randomness(sqlite3_vfs* vfs, int size, char* out)
{
    return owner(vfs).real->xRandomness(owner(vfs).real, size, out);
}

int sleepFor(sqlite3_vfs* vfs, int microseconds)
{
    return owner(vfs).real->xSleep(owner(vfs).real, microseconds);
}

int currentTime(sqlite3_vfs* vfs, double* now)
{
    return owner(vfs).real->xCurrentTime(owner(vfs).real, now);
}

int lastError(sqlite3_vfs* vfs, int size, char* text)
{
    auto& self = owner(vfs);
    return self.hasFailed ? self.reason() : self.real->xGetLastError(self.real, size, text);
}

} // namespace

bool FaultVfs::Private::begin(Kind kind, const std::string& file)
{
    operations.push_back({kind, file, false, false});
    const std::size_t number = operations.size() - 1;
    if (!failing || number < *failing) {
        return false;
    }
    const bool needsSpace = kind == Kind::create || kind == Kind::write;
    const bool fails = number == *failing || fault == Fault::staysBroken || (fault == Fault::staysFull && needsSpace);
    hasFailed = hasFailed || fails;
    if (fails) {
        errno = reason();
    }
    return fails;
}

int FaultVfs::Private::failure(Kind kind) const
{
    switch (kind) {
    case Kind::create:
        return SQLITE_CANTOPEN;
    case Kind::write:
        return isFull() ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    case Kind::truncate:
        return SQLITE_IOERR_TRUNCATE;
    case Kind::sync:
        return SQLITE_IOERR_FSYNC;
    case Kind::remove:
        return SQLITE_IOERR_DELETE;
    }
    return SQLITE_IOERR;
}

void FaultVfs::Private::folderFlushed()
{
    for (auto image = images.begin(); image != images.end();) {
        if (image->second.isRemoved) {
            image = images.erase(image);
        } else {
            image->second.isNamed = true;
            ++image;
        }
    }
}

void FaultVfs::Private::load(const std::string& file)
{
    const auto found = images.find(file);
    if (found != images.end() && !found->second.isRemoved) {
        return;
    }
    Image image;
    std::ifstream in(file, std::ios::binary);
    image.flushed.assign(std::istreambuf_iterator<char>(in), {});
    image.isNamed = !image.flushed.empty(); // a file that was there before; empty: just made, by the store or by SQLite
    images.insert_or_assign(file, std::move(image));
}

FaultVfs::FaultVfs(std::string name)
    : d(std::make_unique<Private>())
{
    d->name = std::move(name);
    d->real = sqlite3_vfs_find(nullptr);
    d->vfs.iVersion = 1;
    d->vfs.szOsFile = static_cast<int>(sizeof(File)) + d->real->szOsFile;
    d->vfs.mxPathname = d->real->mxPathname;
    d->vfs.zName = d->name.c_str();
    d->vfs.pAppData = d.get();
    d->vfs.xOpen = openFile;
    d->vfs.xDelete = removeFile;
    d->vfs.xAccess = accessFile;
    d->vfs.xFullPathname = fullPath;
    d->vfs.xRandomness = randomness;
    d->vfs.xSleep = sleepFor;
    d->vfs.xCurrentTime = currentTime;
    d->vfs.xGetLastError = lastError;
    g_openFolder = reinterpret_cast<OpenFolder>(d->real->xGetSystemCall(d->real, "openDirectory"));
    if (g_openFolder == nullptr || g_openFolder == openFolder ||
        d->real->xSetSystemCall(d->real, "openDirectory", reinterpret_cast<sqlite3_syscall_ptr>(openFolder)) !=
            SQLITE_OK ||
        sqlite3_vfs_register(&d->vfs, 0) != SQLITE_OK) {
        throw std::runtime_error("SQLite's file system cannot be wrapped");
    }
}

FaultVfs::~FaultVfs()
{
    sqlite3_vfs_unregister(&d->vfs);
    d->real->xSetSystemCall(d->real, "openDirectory", nullptr);
}

const std::string& FaultVfs::name() const
{
    return d->name;
}

const std::vector<FaultVfs::Operation>& FaultVfs::operations() const
{
    return d->operations;
}

void FaultVfs::failAt(std::size_t operation, Fault fault)
{
    d->failing = operation;
    d->fault = fault;
    d->hasFailed = false;
}

bool FaultVfs::hasFailed() const
{
    return d->hasFailed;
}

std::vector<std::string> FaultVfs::unflushed() const
{
    std::vector<std::string> files;
    for (const auto& [file, image] : d->images) {
        if (!image.changes.empty() || !image.isNamed || image.isRemoved) {
            files.push_back(file);
        }
    }
    return files;
}

void FaultVfs::copyAfterPowerCut(const std::filesystem::path& folder, std::mt19937& random) const
{
    for (const auto& [file, image] : d->images) {
        const bool isThere = image.isNamed && image.isRemoved ? random() % 2 == 0
                             : image.isNamed                  ? true
                                                              : !image.isRemoved && random() % 2 == 0;
        if (!isThere) {
            continue;
        }
        Bytes content = image.flushed;
        for (const Change& change : image.changes) {
            const auto chance = random() % 3;
            if (chance > 0) {
                apply(content, change, chance == 1 ? change.bytes.size() : change.bytes.size() / 2);
            }
        }
        std::ofstream(folder / std::filesystem::path(file).filename(), std::ios::binary)
            .write(content.data(), static_cast<std::streamsize>(content.size()));
    }
}

} // namespace icmoe::test
