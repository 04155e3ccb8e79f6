#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <list>
#include <utility>

namespace icmoe {

/// The values of the keys that were asked for last, `most` of them. On the thread that asks.
template<typename Key, typename Value, std::size_t most, typename Same = std::equal_to<Key>>
class RecentlyUsed {
public:
    /// `make` is called where the key is not among the last ones. Valid until the next call.
    template<typename Make>
    Value& of(const Key& key, const Make& make)
    {
        const auto found =
            std::find_if(m_values.begin(), m_values.end(), [&](const auto& entry) { return Same()(entry.first, key); });
        if (found != m_values.end()) {
            m_values.splice(m_values.begin(), m_values, found);
        } else {
            m_values.emplace_front(key, make());
            if (m_values.size() > most) {
                m_values.pop_back();
            }
        }
        return m_values.front().second;
    }

private:
    std::list<std::pair<Key, Value>> m_values; ///< most recent first
};

} // namespace icmoe
