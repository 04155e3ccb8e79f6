#pragma once

#include "core/engine/Segmenter.h"
#include "inference/runtime/DiskCache.h"

#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

namespace icmoe {

/// Embeddings by the picture they were made of: the least recently used leave memory first, a disk cache stands behind.
/// contains() may be called from any thread and never waits for the disk, the rest from the segmenter's.
class EmbeddingCache {
public:
    /// `disk`: null for memory alone.
    EmbeddingCache(std::size_t memoryBytes, std::unique_ptr<DiskCache> disk);

    /// From here on keys belong to this engine: weights, precision, device, threads, pre-processing and `featuresKey`
    /// are part of them, so that a cold and a warm answer have the same bits.
    void setEngine(const EngineInfo& info, const std::string& featuresKey = {});
    [[nodiscard]] bool contains(const std::string& imageKey) const;
    /// From memory, else from the disk into memory. Null where it is nowhere (a broken file is dropped).
    [[nodiscard]] std::shared_ptr<const Embedding> find(const std::string& imageKey, const Segmenter& segmenter);
    /// Into memory; older ones leave until the limit holds. The newest always stays.
    void insert(const std::string& imageKey, std::shared_ptr<const Embedding> embedding);
    /// To the disk, where there is a disk cache and it is not there yet.
    Status save(const std::string& imageKey, const Embedding& embedding, const Segmenter& segmenter);
    [[nodiscard]] std::size_t memorySize() const;

private:
    struct Entry {
        std::string key;
        std::shared_ptr<const Embedding> embedding;
    };
    [[nodiscard]] std::string keyOf(const std::string& imageKey) const;
    [[nodiscard]] std::shared_ptr<const Embedding> findInMemory(const std::string& key);
    void insertByKey(const std::string& key, std::shared_ptr<const Embedding> embedding);

    const std::size_t m_memoryBytes;
    const std::unique_ptr<DiskCache> m_disk;
    mutable std::mutex m_mutex; ///< guards what follows; never held while a file is touched
    std::size_t m_memorySize = 0;
    std::list<Entry> m_order; ///< most recently used first
    std::unordered_map<std::string, std::list<Entry>::iterator> m_entries;
    std::string m_engine; ///< empty: no engine yet
};

} // namespace icmoe
