#include "inference/sam/Workspace.h"

#include <new>
#include <sys/mman.h>

namespace icmoe {

Workspace::Workspace(std::size_t floats)
{
    constexpr std::size_t kHugePage = std::size_t{2} << 20;
    m_bytes = (floats * sizeof(float) + kHugePage - 1) / kHugePage * kHugePage;
    void* block = ::mmap(nullptr, m_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
        throw std::bad_alloc();
    }
    (void)::madvise(block, m_bytes, MADV_HUGEPAGE); // an advice: small pages work too
    m_data = static_cast<float*>(block);
}

Workspace::~Workspace()
{
    ::munmap(m_data, m_bytes);
}

} // namespace icmoe
