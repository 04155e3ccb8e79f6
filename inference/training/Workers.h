#pragma once

#include "core/base/Result.h"

#include <ATen/core/Tensor.h>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace icmoe::training {

/// Processes that train one model together: each answers its share of a batch, and sums go through LibTorch's c10d
/// store, rank by rank, so that all of them make the very same step.
class Workers {
public:
    struct Place {
        int rank = 0;
        int count = 1;
        std::string host = "127.0.0.1"; ///< of rank 0
        std::uint16_t port = 0;         ///< of rank 0; 0: it takes a free one
    };
    /// One process alone: nothing is exchanged.
    [[nodiscard]] static std::shared_ptr<Workers> alone();
    /// Rank 0 listens, the others come to it. invalidArgument; engineFailed where they do not meet within five minutes.
    [[nodiscard]] static Result<std::shared_ptr<Workers>> meet(const Place& place);
    ~Workers();

    [[nodiscard]] int rank() const { return m_place.rank; }
    [[nodiscard]] int count() const { return m_place.count; }
    [[nodiscard]] std::uint16_t port() const { return m_place.port; }

    /// First and one past the last of `cases` that this process answers; together they are all, in order.
    [[nodiscard]] std::pair<std::size_t, std::size_t> shareOf(std::size_t cases) const;
    /// Leaves this process's share of a batch; returns how much of it that is, 0..1.
    template<typename T>
    double keepOwn(std::vector<T>& cases) const
    {
        const auto all = static_cast<double>(cases.size());
        const auto [begin, end] = shareOf(cases.size());
        cases.erase(cases.begin() + static_cast<std::ptrdiff_t>(end), cases.end());
        cases.erase(cases.begin(), cases.begin() + static_cast<std::ptrdiff_t>(begin));
        return static_cast<double>(cases.size()) / all;
    }
    /// The sums over all processes, in place. Every process calls it with tensors of the same sizes.
    void sum(const std::vector<at::Tensor>& tensors);
    /// What every process gave, in the order of their ranks.
    [[nodiscard]] std::vector<std::vector<std::uint8_t>> gather(std::vector<std::uint8_t> own);

private:
    struct Store;
    explicit Workers(Place place, std::unique_ptr<Store> store);
    Place m_place;
    std::unique_ptr<Store> m_store;
};

} // namespace icmoe::training
