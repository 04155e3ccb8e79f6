#pragma once

#include <cstddef>

namespace icmoe {

/// Memory for floats that is kept for the life of its owner, in huge pages where the system gives them: fresh pages at
/// every operator cost the encoder more than its arithmetic. Throws std::bad_alloc.
class Workspace {
public:
    explicit Workspace(std::size_t floats);
    ~Workspace();
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;

    [[nodiscard]] float* data() const { return m_data; }

private:
    float* m_data = nullptr;
    std::size_t m_bytes = 0;
};

} // namespace icmoe
