#include "inference/runtime/DiskCache.h"

#include "core/base/AtomicFile.h"
#include "core/base/PrivateFolder.h"
#include "core/base/Sha256.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace icmoe {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "icmoe embedding 1\n";
constexpr std::size_t kKeyLength = 64; // a SHA-256 in hex
constexpr std::size_t kHeaderLength = kMagic.size() + 2 * kKeyLength;
constexpr std::string_view kEnding = ".embedding";

bool isKey(std::string_view key)
{
    return key.size() == kKeyLength && key.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string_view text(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// magic, key, SHA-256 of the block, block.
std::vector<std::byte> framed(const std::string& key, std::span<const std::byte> block)
{
    const std::string header = std::string(kMagic) + key + sha256(block);
    std::vector<std::byte> bytes(header.size() + block.size());
    std::memcpy(bytes.data(), header.data(), header.size());
    std::copy(block.begin(), block.end(), bytes.begin() + static_cast<std::ptrdiff_t>(header.size()));
    return bytes;
}

bool isSound(const std::string& key, std::span<const std::byte> bytes)
{
    return bytes.size() >= kHeaderLength && text(bytes.first(kMagic.size())) == kMagic &&
           text(bytes.subspan(kMagic.size(), kKeyLength)) == key &&
           text(bytes.subspan(kMagic.size() + kKeyLength, kKeyLength)) == sha256(bytes.subspan(kHeaderLength));
}

} // namespace

Result<std::unique_ptr<DiskCache>> DiskCache::open(fs::path folder, std::size_t limitBytes)
{
    if (auto opened = openPrivateFolder(folder, "the folder for cached embeddings", "--data-dir"); !opened) {
        return fail(opened.error());
    }
    std::unique_ptr<DiskCache> cache(new DiskCache(std::move(folder), limitBytes));
    cache->readFolder();
    cache->shrinkTo(limitBytes);
    return cache;
}

void DiskCache::readFolder()
{
    struct Found {
        fs::file_time_type used;
        Entry entry;
    };
    std::vector<Found> found;
    std::error_code error;
    for (fs::directory_iterator it(m_folder, error), end; !error && it != end; it.increment(error)) {
        std::error_code ignored;
        const std::string name = it->path().filename().string();
        if (!name.ends_with(kEnding) || !isKey(std::string_view(name).substr(0, name.size() - kEnding.size()))) {
            continue;
        }
        const auto size = it->file_size(ignored);
        if (!ignored) {
            found.push_back(
                {it->last_write_time(ignored), {name.substr(0, kKeyLength), static_cast<std::size_t>(size)}});
        }
    }
    std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.used < b.used; });
    for (const Found& f : found) {
        insert(f.entry.key, f.entry.byteSize);
    }
}

bool DiskCache::contains(const std::string& key) const
{
    const std::lock_guard lock(m_mutex);
    return m_entries.contains(key);
}

std::size_t DiskCache::byteSize() const
{
    const std::lock_guard lock(m_mutex);
    return m_byteSize;
}

std::optional<std::vector<std::byte>> DiskCache::get(const std::string& key)
{
    if (!contains(key)) {
        return std::nullopt;
    }
    auto bytes = readWholeFile(file(key), m_limitBytes);
    if (!bytes || !isSound(key, *bytes)) {
        remove(key);
        return std::nullopt;
    }
    std::error_code ignored; // the order on disk matters after a restart only
    fs::last_write_time(file(key), fs::file_time_type::clock::now(), ignored);
    insert(key, bytes->size());
    bytes->erase(bytes->begin(), bytes->begin() + static_cast<std::ptrdiff_t>(kHeaderLength));
    return std::move(*bytes);
}

Status DiskCache::put(const std::string& key, std::span<const std::byte> bytes)
{
    if (!isKey(key)) {
        return fail(ErrorCode::invalidArgument, "a cache key is a SHA-256 in lower-case hex");
    }
    const std::size_t size = kHeaderLength + bytes.size();
    if (size > m_limitBytes) {
        return {};
    }
    shrinkTo(m_limitBytes - size);
    if (auto written = writeFileAtomically(file(key), framed(key, bytes), {.replace = true, .mode = 0600}); !written) {
        return written;
    }
    insert(key, size);
    return {};
}

void DiskCache::remove(const std::string& key)
{
    forget(key);
    std::error_code ignored; // another program may have removed it
    fs::remove(file(key), ignored);
}

void DiskCache::insert(const std::string& key, std::size_t byteSize)
{
    forget(key);
    const std::lock_guard lock(m_mutex);
    m_order.push_front({key, byteSize});
    m_entries[key] = m_order.begin();
    m_byteSize += byteSize;
}

void DiskCache::forget(const std::string& key)
{
    const std::lock_guard lock(m_mutex);
    if (const auto found = m_entries.find(key); found != m_entries.end()) {
        m_byteSize -= found->second->byteSize;
        m_order.erase(found->second);
        m_entries.erase(found);
    }
}

void DiskCache::shrinkTo(std::size_t bytes)
{
    // Only this thread changes the list, so it may look at it without the lock.
    while (m_byteSize > bytes && !m_order.empty()) {
        remove(std::string(m_order.back().key));
    }
}

} // namespace icmoe
