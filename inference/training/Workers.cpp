#include "inference/training/Workers.h"

#include <ATen/ATen.h>
#include <chrono>
#include <cstring>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace icmoe::training {

namespace {

constexpr std::chrono::hours kLongestWait{2}; // one may still encode its pictures

}

struct Workers::Store {
    c10::intrusive_ptr<c10d::TCPStore> store;
    std::int64_t round = 0;

    static std::string key(std::int64_t round, int rank)
    {
        return "round " + std::to_string(round) + " of " + std::to_string(rank);
    }
};

Workers::Workers(Place place, std::unique_ptr<Store> store)
    : m_place(std::move(place))
    , m_store(std::move(store))
{
}

Workers::~Workers() = default;

std::shared_ptr<Workers> Workers::alone()
{
    return std::shared_ptr<Workers>(new Workers({}, nullptr));
}

Result<std::shared_ptr<Workers>> Workers::meet(const Place& place)
{
    if (place.count < 1 || place.rank < 0 || place.rank >= place.count) {
        return fail(ErrorCode::invalidArgument,
                    "process " + std::to_string(place.rank) + " of " + std::to_string(place.count) + " cannot be");
    }
    try {
        c10d::TCPStoreOptions options;
        options.port = place.port;
        options.isServer = place.rank == 0;
        options.waitWorkers = false;
        auto store = std::make_unique<Store>();
        store->store = c10::make_intrusive<c10d::TCPStore>(place.host, options);
        store->store->setTimeout(kLongestWait);
        Place met = place;
        met.port = store->store->getPort();
        return std::shared_ptr<Workers>(new Workers(std::move(met), std::move(store)));
    } catch (const std::exception& error) {
        const std::string text = error.what();
        return fail(ErrorCode::engineFailed, "the processes did not meet: " + text.substr(0, text.find('\n')),
                    place.host + ":" + std::to_string(place.port), "Start rank 0 first, with the same address");
    }
}

std::pair<std::size_t, std::size_t> Workers::shareOf(std::size_t cases) const
{
    const auto rank = static_cast<std::size_t>(m_place.rank);
    const auto count = static_cast<std::size_t>(m_place.count);
    return {cases * rank / count, cases * (rank + 1) / count};
}

std::vector<std::vector<std::uint8_t>> Workers::gather(std::vector<std::uint8_t> own)
{
    if (!m_store) {
        return {std::move(own)};
    }
    auto& [store, round] = *m_store;
    store->set(Store::key(round, m_place.rank), own);
    std::vector<std::vector<std::uint8_t>> all;
    for (int rank = 0; rank < m_place.count; ++rank) {
        all.push_back(store->get(Store::key(round, rank))); // waits for it
    }
    if (round > 0) { // all have come to this round, so all have read the one before
        store->deleteKey(Store::key(round - 1, m_place.rank));
    }
    ++round;
    return all;
}

void Workers::sum(const std::vector<at::Tensor>& tensors)
{
    if (!m_store || tensors.empty()) {
        return;
    }
    std::vector<at::Tensor> flat;
    for (const auto& tensor : tensors) {
        flat.push_back(tensor.to(at::kCPU, at::kFloat).flatten());
    }
    const auto joined = at::cat(flat).contiguous();
    const auto* bytes = static_cast<const std::uint8_t*>(joined.const_data_ptr());
    auto total = at::zeros_like(joined);
    for (const auto& part : gather({bytes, bytes + joined.nbytes()})) {
        auto one = at::empty_like(joined);
        TORCH_CHECK(part.size() == joined.nbytes(), "the processes train different things");
        std::memcpy(one.mutable_data_ptr(), part.data(), part.size());
        total += one;
    }
    std::int64_t at = 0;
    for (const auto& tensor : tensors) {
        tensor.copy_(total.slice(0, at, at + tensor.numel()).view(tensor.sizes()));
        at += tensor.numel();
    }
}

} // namespace icmoe::training
