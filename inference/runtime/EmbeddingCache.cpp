#include "inference/runtime/EmbeddingCache.h"

#include "core/base/Sha256.h"

namespace icmoe {

EmbeddingCache::EmbeddingCache(std::size_t memoryBytes, std::unique_ptr<DiskCache> disk)
    : m_memoryBytes(memoryBytes)
    , m_disk(std::move(disk))
{
}

void EmbeddingCache::setEngine(const EngineInfo& info, const std::string& featuresKey)
{
    const std::lock_guard lock(m_mutex);
    m_engine = info.engine + '\n' + info.weightsSha256 + '\n' + info.precision + '\n' + info.device + '\n' +
               std::to_string(info.threads) + '\n' + std::to_string(info.preprocessing) + '\n' + featuresKey + '\n';
}

std::string EmbeddingCache::keyOf(const std::string& imageKey) const
{
    Sha256 hash;
    {
        const std::lock_guard lock(m_mutex);
        hash.update(m_engine);
    }
    hash.update(imageKey);
    return hash.hex();
}

bool EmbeddingCache::contains(const std::string& imageKey) const
{
    const std::string key = keyOf(imageKey);
    {
        const std::lock_guard lock(m_mutex);
        if (m_entries.contains(key)) {
            return true;
        }
    }
    return m_disk && m_disk->contains(key);
}

std::shared_ptr<const Embedding> EmbeddingCache::findInMemory(const std::string& key)
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_entries.find(key);
    if (found == m_entries.end()) {
        return nullptr;
    }
    m_order.splice(m_order.begin(), m_order, found->second);
    return found->second->embedding;
}

std::shared_ptr<const Embedding> EmbeddingCache::find(const std::string& imageKey, const Segmenter& segmenter)
{
    const std::string key = keyOf(imageKey);
    if (auto embedding = findInMemory(key)) {
        return embedding;
    }
    const auto bytes = m_disk ? m_disk->get(key) : std::nullopt;
    if (!bytes) {
        return nullptr;
    }
    auto embedding = segmenter.deserialize(*bytes);
    if (!embedding || !*embedding) {
        m_disk->remove(key);
        return nullptr;
    }
    insertByKey(key, *embedding);
    return *embedding;
}

void EmbeddingCache::insert(const std::string& imageKey, std::shared_ptr<const Embedding> embedding)
{
    insertByKey(keyOf(imageKey), std::move(embedding));
}

void EmbeddingCache::insertByKey(const std::string& key, std::shared_ptr<const Embedding> embedding)
{
    const std::lock_guard lock(m_mutex);
    if (const auto old = m_entries.find(key); old != m_entries.end()) {
        m_memorySize -= old->second->embedding->byteSize();
        m_order.erase(old->second);
    }
    m_memorySize += embedding->byteSize();
    m_order.push_front({key, std::move(embedding)});
    m_entries[key] = m_order.begin();
    while (m_memorySize > m_memoryBytes && m_order.size() > 1) {
        m_memorySize -= m_order.back().embedding->byteSize();
        m_entries.erase(m_order.back().key);
        m_order.pop_back();
    }
}

Status EmbeddingCache::save(const std::string& imageKey, const Embedding& embedding, const Segmenter& segmenter)
{
    const std::string key = keyOf(imageKey);
    if (!m_disk || m_disk->contains(key)) {
        return {};
    }
    const auto bytes = segmenter.serialize(embedding);
    return bytes.empty() ? Status{} : m_disk->put(key, bytes);
}

std::size_t EmbeddingCache::memorySize() const
{
    const std::lock_guard lock(m_mutex);
    return m_memorySize;
}

} // namespace icmoe
