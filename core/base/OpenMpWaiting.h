#pragma once

#include <cstdlib>

namespace icmoe {

/// How OpenMP's threads wait for their next share of work; OpenMP reads this once, when it is loaded, so before that.
/// They sleep, since a thread that waits for long takes the core from whoever works; but between two steps of an answer
/// lie microseconds, and waking up takes longer than that, so they look around for some 50 µs first. What the
/// environment says stands.
inline void chooseOpenMpWaiting()
{
    ::setenv("OMP_WAIT_POLICY", "passive", 0); // NOLINT(concurrency-mt-unsafe): before the engine's threads
    ::setenv("GOMP_SPINCOUNT", "3000", 0);     // NOLINT(concurrency-mt-unsafe)
}

} // namespace icmoe
