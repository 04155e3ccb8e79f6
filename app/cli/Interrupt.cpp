#include "app/cli/Interrupt.h"

#include <csignal>
#include <thread>
#include <unistd.h>

namespace icmoe::app {

std::stop_token stopOnInterrupt()
{
    static std::stop_source source;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    // Blocked here and in all threads to come; one thread waits for them, where any function may be called.
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread([signals] {
        int which = 0;
        sigwait(&signals, &which);
        source.request_stop();
        sigwait(&signals, &which);
        ::_exit(130);
    }).detach();
    return source.get_token();
}

} // namespace icmoe::app
