#pragma once

#include "core/base/Result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace icmoe {

/// A bounded folder (0700) of byte blocks, one file (0600) a key, least recently used first out. A file appears whole
/// or not at all and carries its key and a SHA-256; a broken one is removed and counts as missing. Other programs may
/// use the same folder. contains(): any thread, never waits for the disk; the rest: one thread at a time.
class DiskCache {
public:
    /// Makes the folder where it is missing and removes what exceeds `limitBytes`. writeFailed, permissionDenied.
    [[nodiscard]] static Result<std::unique_ptr<DiskCache>> open(std::filesystem::path folder, std::size_t limitBytes);

    /// Known by name; the file may still turn out to be broken.
    [[nodiscard]] bool contains(const std::string& key) const;
    /// The bytes that were put, nothing where they are missing or broken. Marks the entry as used.
    [[nodiscard]] std::optional<std::vector<std::byte>> get(const std::string& key);
    /// `key`: lower-case hex (invalidArgument). A block larger than the limit is not kept.
    Status put(const std::string& key, std::span<const std::byte> bytes);
    void remove(const std::string& key);
    [[nodiscard]] std::size_t byteSize() const;

private:
    struct Entry {
        std::string key;
        std::size_t byteSize = 0; ///< of the file
    };
    DiskCache(std::filesystem::path folder, std::size_t limitBytes)
        : m_folder(std::move(folder))
        , m_limitBytes(limitBytes)
    {
    }
    [[nodiscard]] std::filesystem::path file(const std::string& key) const { return m_folder / (key + ".embedding"); }
    void readFolder();
    void insert(const std::string& key, std::size_t byteSize);
    void forget(const std::string& key);
    void shrinkTo(std::size_t bytes);

    const std::filesystem::path m_folder;
    const std::size_t m_limitBytes;
    mutable std::mutex m_mutex; ///< guards what follows; never held while a file is touched
    std::size_t m_byteSize = 0;
    std::list<Entry> m_order; ///< most recently used first
    std::unordered_map<std::string, std::list<Entry>::iterator> m_entries;
};

} // namespace icmoe
