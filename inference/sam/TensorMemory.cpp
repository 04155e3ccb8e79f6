#include "inference/sam/TensorMemory.h"

#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <sys/mman.h>

namespace icmoe {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kLeastKept = std::size_t{32} << 10; ///< malloc keeps smaller ones well
constexpr std::size_t kHugePage = std::size_t{2} << 20;

/// In front of every block.
struct alignas(kAlignment) Header {
    std::size_t capacity = 0; ///< without the header
};
static_assert(sizeof(Header) == kAlignment);

Header* headerOf(void* data)
{
    return static_cast<Header*>(data) - 1;
}

/// Few different sizes, so that blocks fit again: at most an eighth is left over.
std::size_t roundedUp(std::size_t bytes)
{
    std::size_t step = kAlignment;
    while (step * 16 <= bytes) {
        step *= 2;
    }
    return (bytes + step - 1) / step * step;
}

class KeepingAllocator final : public c10::Allocator {
public:
    c10::DataPtr allocate(std::size_t bytes) override
    {
        void* data = bytes > 0 ? take(roundedUp(bytes)) : nullptr;
        return {data, data, &KeepingAllocator::giveBack, c10::Device(c10::kCPU)};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &KeepingAllocator::giveBack; }
    void copy_data(void* dest, const void* src, std::size_t count) const override
    {
        default_copy_data(dest, src, count);
    }

    void setMost(std::size_t most)
    {
        const std::lock_guard lock(m_mutex);
        m_most = most;
        while (m_kept > m_most) {
            dropSmallest();
        }
    }
    std::size_t kept()
    {
        const std::lock_guard lock(m_mutex);
        return m_kept;
    }

    /// Never destroyed: tensors of static storage outlive everything.
    static KeepingAllocator& instance()
    {
        static auto* const only = new KeepingAllocator;
        return *only;
    }

private:
    void* take(std::size_t capacity)
    {
        {
            const std::lock_guard lock(m_mutex);
            const auto found = m_waiting.lower_bound(capacity);
            if (found != m_waiting.end() && found->first <= capacity + capacity / 4) {
                void* data = found->second;
                m_kept -= found->first;
                m_waiting.erase(found);
                return data;
            }
        }
        return fresh(capacity);
    }

    static void* fresh(std::size_t capacity)
    {
        const auto bytes = capacity + sizeof(Header);
        const bool isHuge = bytes >= kHugePage;
        void* block = nullptr;
        if (::posix_memalign(&block, isHuge ? kHugePage : kAlignment, bytes) != 0) {
            throw std::bad_alloc();
        }
        if (isHuge) {
            ::madvise(block, bytes, MADV_HUGEPAGE); // only a wish
        }
        return new (block) Header{capacity} + 1;
    }

    static void giveBack(void* data)
    {
        if (data != nullptr && !instance().keep(data)) {
            std::free(headerOf(data));
        }
    }

    bool keep(void* data)
    {
        const auto capacity = headerOf(data)->capacity;
        if (capacity < kLeastKept) {
            return false;
        }
        const std::lock_guard lock(m_mutex);
        if (capacity > m_most) {
            return false;
        }
        m_waiting.emplace(capacity, data);
        m_kept += capacity;
        while (m_kept > m_most) {
            dropSmallest();
        }
        return true;
    }

    void dropSmallest() // the cheapest to have anew
    {
        const auto first = m_waiting.begin();
        m_kept -= first->first;
        std::free(headerOf(first->second));
        m_waiting.erase(first);
    }

    std::mutex m_mutex;
    std::multimap<std::size_t, void*> m_waiting; ///< by capacity
    std::size_t m_kept = 0;
    std::size_t m_most = 0;
};

} // namespace

void keepTensorMemory(std::size_t most)
{
    auto& allocator = KeepingAllocator::instance();
    allocator.setMost(most);
    static const bool isInstalled = [&] {
        c10::SetCPUAllocator(&allocator, 1);
        return true;
    }();
    (void)isInstalled;
}

std::size_t keptTensorMemory()
{
    return KeepingAllocator::instance().kept();
}

} // namespace icmoe
